"""`gputlb run --replications` and `--precision` as a user sees them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gputlb.cli import main
from gputlb.simulate import COSTS, replication_seed

SHORT = ("run", "--duration-ms", "3", "--seed", "7")


def exit_status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def document_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    exit_status_of(*SHORT, "--json", *arguments)
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


def test_many_runs_print_each_cost_with_its_interval_and_the_verdict_last(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of(*SHORT, "--replications", "4")
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].startswith("churn on TIGERLAKE, scheme mmio: 4 clients, 4 runs of 3 ms of virtual time")
    assert lines[0].endswith(", seed 7")
    assert "± 95 %" in lines[2]
    assert [cost.title for cost in COSTS] == [line.split("  ")[0] for line in lines[3 : 3 + len(COSTS)]]
    seeds = ", ".join(str(replication_seed(7, number)) for number in range(4))
    assert f"seeds: {seeds}" in lines
    assert "no page was reached after it had been given back" == lines[-1]


def test_the_document_holds_all_that_repeats_it(capsys: pytest.CaptureFixture[str]):
    document = document_of(capsys, "--replications", "3", "--warm-up-ms", "1.5")

    assert [replication_seed(7, number) for number in range(3)] == document["seeds"]
    assert ("churn", 1.5, 3.0) == tuple(document["setup"][key] for key in ("workload", "warm_up_ms", "duration_ms"))
    assert (7, 0.95, None, None) == tuple(document[key] for key in ("seed", "level", "precision", "warm_up_settled"))
    assert {cost.name for cost in COSTS} == set(document["costs"])
    assert {"mean", "half_width", "unit", "title", "only_max"} == set(document["costs"]["release_mean_us"])
    assert {"release_p99_us", "release_p999_us"} <= {
        name for name, cost in document["costs"].items() if cost["only_max"]
    }
    assert (0, {}) == (document["stale_accesses"], document["unstable"])


def test_a_precision_that_is_reached_is_fine(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of(*SHORT, "--precision", "30%")
    assert "precision: release latency, mean is known to 30 % or better" in capsys.readouterr().out
    document = document_of(capsys, "--precision", "20", "--precision-of", "release_p90_us")
    precision = document["precision"]
    half_width = document["costs"]["release_p90_us"]["half_width"]
    assert half_width == precision.pop("reached") <= 20
    assert {
        "cost": "release_p90_us",
        "relative": None,
        "absolute": 20.0,
        "met": True,
        "chosen": "number",
        "lengths_ms": [],
        "longest_ms": None,
    } == precision


QUIET = ("run", "--workload", "releases", "--set", "engines=0", "--seed", "7")


def test_without_a_length_a_precision_chooses_one(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of(*QUIET, "--precision", "5%", "--precision-of", "releases_per_s", "--replications", "4")
    printed = capsys.readouterr().out

    found = re.search(
        r"^precision: releases is known to 5 % or better: 4 runs of (\d+) ms, chosen after runs of 100( and \d+)* ms, "
        r"came to [\d.]+ %$",
        printed,
        re.MULTILINE,
    )
    assert found, printed
    assert f"4 runs of {found[1]} ms of virtual time" in printed.splitlines()[0]


def test_the_longest_allowed_ends_it_and_says_what_would_do(capsys: pytest.CaptureFixture[str]):
    never = ("--precision", "0.01%", "--precision-of", "releases_per_s", "--replications", "3", "--longest-ms", "150")
    assert 3 == exit_status_of(*QUIET, *never)

    found = re.search(
        r"^precision: releases is NOT known to 0.01 %: 3 runs of 150 ms, the longest allowed, came to [\d.]+ %; "
        r"allow some [\de+.]+ ms with --longest-ms, or more runs with --replications$",
        capsys.readouterr().out,
        re.MULTILINE,
    )
    assert found


def test_a_precision_that_is_not_reached_is_said_and_exits_with_3(capsys: pytest.CaptureFixture[str]):
    assert 3 == exit_status_of(*SHORT, "--precision", "0.1%", "--replications", "4")
    assert "precision: release latency, mean is NOT known to 0.1 %: 4 runs came to " in capsys.readouterr().out


def test_a_stale_access_in_any_run_exits_with_1(capsys: pytest.CaptureFixture[str]):
    assert 1 == exit_status_of("run", "--scheme", "none", "--replications", "2", "--duration-ms", "5", "--seed", "7")
    assert capsys.readouterr().out.splitlines()[-1].startswith("UNSAFE: ")


def test_runs_in_which_nothing_happens_say_so(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("run", "--replications", "2", "--duration-ms", "0.001", "--seed", "7")
    printed = capsys.readouterr().out

    assert "release latency, mean" in printed
    assert "warm-up: pilot runs still drift, or release too little to tell" in printed
    assert "nothing was released, so nothing is shown; give it more time with --duration-ms" == printed.splitlines()[-1]


def test_runs_without_any_access_show_nothing_of_safety(capsys: pytest.CaptureFixture[str]):
    arguments = ("run", "--workload", "releases", "--replications", "2", "--duration-ms", "3", "--seed", "7")
    assert 0 == exit_status_of(*arguments)
    assert "no engine reached for any page, so nothing is shown of safety" == capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--replications", "1"], "--replications must be 2 to 10000, not 1"),
        (["--replications", "10001"], "--replications must be 2 to 10000, not 10001"),
        (
            ["--precision", "fine"],
            "precision 'fine' is neither a share such as 2% nor a positive number of the cost's unit",
        ),
        (["--precision", "100%"], "precision '100%' must be below 100%; 2% is usual"),
        (
            ["--precision", "2%", "--longest-ms", "9"],
            "--longest-ms bounds the length that --precision chooses; give --precision, and leave out --duration-ms",
        ),
        (
            ["--longest-ms", "9"],
            "--longest-ms bounds the length that --precision chooses; give --precision, and leave out --duration-ms",
        ),
        (
            ["--precision", "2%", "--trace", "t.json"],
            "--trace records one run; leave out --replications and --precision",
        ),
        (
            ["--precision-of", "release_p99_us"],
            "--precision-of release_p99_us says what --precision is about; give both, e.g. --precision 2%",
        ),
        (
            ["--precision-of", "release_p99_us", "--replications", "2"],
            "--precision-of release_p99_us says what --precision is about; give both, e.g. --precision 2%",
        ),
    ],
)
def test_a_wrong_question_is_answered_by_one_sentence(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)

    assert 2 == exit_status_of(*SHORT, *arguments)
    assert ("", f"gputlb: {sentence}\n") == capsys.readouterr()
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("precision", [("--precision", "2%"), ()])
def test_an_unknown_cost_is_answered_by_the_nearest(precision: tuple[str, ...], capsys: pytest.CaptureFixture[str]):
    assert 2 == exit_status_of(*SHORT, *precision, "--precision-of", "release_p9_us")
    said = capsys.readouterr().err

    assert said.startswith("gputlb: cost 'release_p9_us' is unknown; did you mean release_p")
    assert 1 == said.count("\n")
