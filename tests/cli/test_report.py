"""`gputlb report` as somebody sees it who has results, or thinks so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gputlb.cli import main
from tests.report import sweep_results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = sweep_results.rows(clients=(1, 2, 16), schemes=("mmio", "guc"))
    return sweep_results.write(tmp_path_factory.mktemp("results") / "results.parquet", runs)


def run(*arguments: str | Path, verb: str = "report") -> int:
    with pytest.raises(SystemExit) as caught:
        main([verb, *map(str, arguments)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_a_table_has_all_points_with_intervals(results: Path, capsys: pytest.CaptureFixture[str]):
    assert 0 == run(results, "--cost", "release_p99_us", "--cost", "flushes_per_s")

    lines = capsys.readouterr().out.splitlines()
    assert "clients and schemes: 6 points, 30 runs, gputlb 0.1.0" == lines[0]
    assert ["scheme", "clients", "release", "latency,", "p99", "(µs)", "flushes", "done", "(1/s)"] == lines[2].split()
    assert "guc 16 unstable 14,286 *" == " ".join(lines[8].split())
    assert ["mmio", "1"] == lines[3].split()[:2]
    assert "±" in lines[3]
    assert "unstable, *: 1 of 6 points has no steady state." == lines[-1]


def test_a_cost_that_is_named_twice_is_shown_once(results: Path, capsys: pytest.CaptureFixture[str]):
    twice = ("--cost", "release_p99_us", "--cost", "release_p99_us")
    assert 0 == run(results, *twice)
    assert 1 == capsys.readouterr().out.count("release latency, p99 (µs)")

    assert 0 == run(results, *twice, "--by", "scheme=mmio,guc", verb="compare")
    assert 1 == capsys.readouterr().out.count("release latency, p99\n")


def test_a_page_begins_with_the_cost_and_the_parameters_that_are_asked_for(results: Path, tmp_path: Path):
    page, short, long = tmp_path / "page.html", tmp_path / "short", tmp_path / "long"
    assert 0 == run(results, "--html", page, "--cost", "flushes_per_s")
    found = re.search(r"<script[^>]*application/json[^>]*>(.*?)</script>", page.read_text(), re.DOTALL)
    assert found
    data = json.loads(found[1])
    assert "flushes_per_s" == data["costs"][data["cost"]]["name"]

    assert 0 == run(results, "--svg", short, "--by", "clients", "--x", "scheme")
    assert 0 == run(results, "--svg", long, "--by", "workload.clients", "--x", "scheme")
    assert {path.name: path.read_bytes() for path in short.iterdir()} == {
        path.name: path.read_bytes() for path in long.iterdir()
    }


def test_a_page_and_pictures_are_written(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page, svg, png = tmp_path / "report.html", tmp_path / "svg", tmp_path / "png"

    assert 0 == run(results, "--html", page, "--svg", svg, "--png", png, "--cost", "release_p99_us")
    assert page.read_text().startswith("<!doctype html>")
    names = ["breakdown", "latency", "latency-tail", "load-release_p99_us", "timeline-guc", "timeline-mmio"]
    assert {f"{name}.svg" for name in names} == {path.name for path in svg.iterdir()}
    assert {f"{name}.png" for name in names} == {path.name for path in png.iterdir()}
    printed = capsys.readouterr()
    assert "" == printed.out
    assert [f"page written to {page}", f"6 pictures written to {svg}", f"6 pictures written to {png}"] == (
        printed.err.splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["missing.parquet"], "missing.parquet: there is no such file"),
        (["RESULTS", "--cost", "p99"], "the results have no cost p99; "),
        (["RESULTS", "--x", "client", "--svg", "pictures"], "--x client: no such parameter; did you mean clients?"),
        (
            ["RESULTS", "--x", "clients"],
            "--x clients says how charts are drawn, and the table has none; add --html, --svg or --png",
        ),
        (
            ["RESULTS", "--by", "clients", "--cost", "release_p99_us"],
            "--by clients says how charts are drawn, and the table has none; add --html, --svg or --png",
        ),
        (["RESULTS", "--html", "missing/report.html"], "missing does not exist; make it first"),
        (["RESULTS", "--svg", "RESULTS"], "cannot be a directory"),
    ],
)
def test_a_question_that_cannot_be_answered_is_one_sentence(
    results: Path,
    arguments: list[str],
    text: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.chdir(tmp_path)

    assert 2 == run(*(str(results) if word == "RESULTS" else word for word in arguments))
    printed = capsys.readouterr()
    assert "" == printed.out
    assert printed.err.startswith("gputlb: ")
    assert text in printed.err
    assert 1 == len(printed.err.splitlines())


def test_a_comparison_of_hostile_results_gives_the_terminal_nothing_to_obey(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    runs = sweep_results.rows(clients=(1, 2), schemes=("mmio", "guc"), replications=2)
    hostile = [run | {"scheme": f"\x1b[2J{run['scheme']}"} for run in runs]
    written = sweep_results.write(tmp_path / "results.parquet", hostile)

    assert 0 == run(written, "--by", "scheme", verb="compare")
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\ufffd[2Jguc against \ufffd[2Jmmio" in printed


@pytest.mark.parametrize("verb", ["report", "compare"])
def test_a_damaged_file_is_answered_alike_by_both_verbs(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    damaged = tmp_path / "results.parquet"
    damaged.write_bytes(sweep_results.write(damaged).read_bytes()[:-50])

    assert 2 == run(damaged, *(["--by", "scheme"] if verb == "compare" else []), verb=verb)
    printed = capsys.readouterr()
    assert "" == printed.out
    assert printed.err.startswith(f"gputlb: {damaged}: not a readable Parquet file (")
    assert 1 == printed.err.count("\n")
