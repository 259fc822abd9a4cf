"""`gputlb sweep` and `gputlb compare` as a user sees them: output, exit status, bad questions, interrupts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gputlb.cli import main

pytest.importorskip("duckdb")

GPUTLB = [sys.executable, "-W", "error", "-m", "gputlb"]
SMALL = """\
replications = 2
duration = "2 ms"
[grid]
scheme = ["unbatched", "mmio"]
clients = [2, 8]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clients.toml"
    path.write_text(SMALL)
    return path


def exit_status_of(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_a_sweep_says_what_it_ran_and_where_the_results_are(file: Path, capfd: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("sweep", file)
    printed = capfd.readouterr()

    assert re.fullmatch(
        rf"4 points x 2 replications, seed 1: 8 runs in \d+ s; written to {file.with_suffix('.parquet')}\n", printed.out
    )
    assert "" == printed.err
    assert {file, file.with_suffix(".parquet")} == set(file.parent.iterdir())

    assert 0 == exit_status_of("sweep", file)
    assert (
        f"4 points x 2 replications, seed 1: all 8 runs are in {file.with_suffix('.parquet')} already\n"
        == capfd.readouterr().out
    )

    assert 0 == exit_status_of("compare", file.with_suffix(".parquet"), "--by", "scheme")
    lines = capfd.readouterr().out.splitlines()
    assert ["mmio against unbatched, paired by seed, 95 % intervals", "", "release latency, p99"] == lines[:3]
    assert re.match(r"  clients=2: .* µs \(max\)$", lines[3])
    assert lines[-1] == "(max): so few releases in a run that this quantile is their maximum."

    assert 0 == exit_status_of("compare", file.with_suffix(".parquet"), "--by", "scheme=mmio,unbatched", "--json")
    document = json.loads(capfd.readouterr().out)
    assert ("mmio", "unbatched", 2) == (document["a"], document["b"], len(document["points"]))


def test_a_dry_run_says_what_would_be_run_and_leaves_nothing(file: Path, capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("sweep", file, "--dry-run", "--workers", "2")
    lines = capsys.readouterr().out.splitlines()

    assert [
        "clients: 4 points x 2 replications, seed 1, 8 runs",
        "  scheme: unbatched, mmio",
        "  workload.clients: 2, 8",
    ] == lines[:3]
    assert re.fullmatch(
        rf"about \d+ s on 2 workers, by a few short runs; results would go to {file.with_suffix('.parquet')}", lines[-1]
    )
    assert [file] == list(file.parent.iterdir())


def test_a_mistake_in_the_file_is_one_sentence_and_runs_nothing(file: Path, capsys: pytest.CaptureFixture[str]):
    file.write_text(SMALL.replace("clients", "clints"))
    assert 2 == exit_status_of("sweep", file)

    assert f"gputlb: {file}:5: clints is unknown; did you mean clients?\n" == capsys.readouterr().err
    assert [file] == list(file.parent.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workers", "0"], "--workers must be 1 to 1024, not 0"),
        (
            ["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"],
            "--workers are processes on this machine, --scheduler a cluster; give one of them",
        ),
        (
            ["--dry-run", "--scheduler", "tcp://127.0.0.1:1"],
            "--dry-run tries short runs on this machine, which tell nothing of a cluster; leave out one",
        ),
        (["--output", "no/such.parquet"], "no/such.parquet: the directory {cwd}/no does not exist; make it first"),
    ],
)
def test_options_that_cannot_be_are_refused(
    file: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(file.parent)
    assert 2 == exit_status_of("sweep", file, *arguments)

    assert f"gputlb: {said.format(cwd=file.parent)}\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name two results files, or one with --by and the parameter to compare by, e.g. --by scheme"),
        (["b.parquet", "--by", "scheme"], "name two results files, or one with --by and the parameter to compare by, "
         "e.g. --by scheme"),
        (["--by", "scheme=mmio"], "--by scheme=mmio must name two values: --by scheme=FIRST,SECOND"),
        (["--by", "scheme", "--level", "100"], "--level must be 50 to 99.9999 percent, not 100"),
        (["--by", "scheme", "--level", "99.99999999999999"], "--level must be 50 to 99.9999 percent, not "
         "99.99999999999999"),
        (["--by", "scheme", "--level", "nan"], "--level must be 50 to 99.9999 percent, not nan"),
        (["--by", "scheme"], "a.parquet: there is no such file; gputlb sweep FILE.toml --output a.parquet makes it"),
    ],
)  # fmt: skip
def test_comparisons_that_cannot_be_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)
    assert 2 == exit_status_of("compare", "a.parquet", *arguments)

    assert f"gputlb: {said}\n" == capsys.readouterr().err


def all_are_gone(group: int, deadline_s: float) -> bool:
    """Wait until no process of a group is left."""
    while time.monotonic() < deadline_s:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("number", "to_all", "said"),
    [
        (signal.SIGINT, True, "interrupted"),
        (signal.SIGTERM, False, "terminated"),
        (signal.SIGTERM, True, "terminated"),
    ],
)
def test_ctrl_c_and_sigterm_keep_what_has_finished_and_say_how_to_go_on(
    number: signal.Signals, to_all: bool, said: str, file: Path
):
    """A terminal sends Ctrl-C to the whole group, a batch system SIGTERM: only the one who was asked answers."""
    file.write_text(SMALL.replace('"2 ms"', '"10 ms"').replace("replications = 2", "replications = 40"))
    journal = file.with_suffix(".partial.jsonl")
    process = subprocess.Popen(
        [*GPUTLB, "sweep", str(file), "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline_s = time.monotonic() + 60
    while not (journal.exists() and journal.read_text().count("\n") > 3):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    (os.killpg if to_all else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=60)

    assert (128 + number, "") == (process.returncode, out)
    kept = journal.read_text().count("\n") - 1
    assert (
        f"gputlb: {said}; the {kept} of 160 runs that have finished are kept in {journal}, and the same command "
        "goes on from there\n" == err
    )
    assert all_are_gone(process.pid, deadline_s)

    file.write_text(file.read_text().replace("replications = 40", "replications = 2"))
    done = subprocess.run([*GPUTLB, "sweep", str(file), "--discard"], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(r", and \d+ that had finished before; written to |: all 8 runs are in ", done.stdout)
    assert not journal.exists()


def test_workers_end_when_their_parent_is_killed(file: Path):
    file.write_text(SMALL.replace('"2 ms"', '"10 ms"').replace("replications = 2", "replications = 40"))
    journal = file.with_suffix(".partial.jsonl")
    process = subprocess.Popen([*GPUTLB, "sweep", str(file), "--workers", "2"], start_new_session=True)
    deadline_s = time.monotonic() + 60
    while not (journal.exists() and journal.read_text().count("\n") > 1):
        assert process.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    process.kill()
    process.wait()

    assert all_are_gone(process.pid, deadline_s)
