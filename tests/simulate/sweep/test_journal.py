"""No finished run is ever lost, and none of another sweep is taken for ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gputlb
from gputlb import facts
from gputlb.simulate.sweep import JournalError
from gputlb.simulate.sweep._journal import Journal
from tests.simulate.sweep.sweeps import finished, plan

RUNS = list(plan().runs())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.partial.jsonl"


def filled(path: Path) -> None:
    journal = Journal(path)
    for run in RUNS[:2]:
        journal.add(finished(run))
    journal.close()


def reread(path: Path) -> list[str]:
    journal = Journal(path)
    keys = list(journal.finished)
    journal.close()
    return keys


def test_what_was_added_is_there_again(path: Path):
    filled(path)

    journal = Journal(path)
    assert finished(RUNS[1]) == journal.finished[RUNS[1].key]
    assert [run.key for run in RUNS[:2]] == list(journal.finished)
    journal.close()


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_last_line_that_a_crash_tore_is_cut_off(path: Path, cut: int):
    filled(path)
    os.truncate(path, path.stat().st_size - cut)

    journal = Journal(path)
    assert [RUNS[0].key] == list(journal.finished)
    journal.add(finished(RUNS[2]))
    journal.close()

    assert [RUNS[0].key, RUNS[2].key] == reread(path)


def test_a_header_that_a_crash_tore_begins_anew(path: Path):
    filled(path)
    os.truncate(path, 30)

    assert [] == reread(path)


def test_a_journal_without_a_run_is_taken_away(path: Path):
    Journal(path).close()

    assert not path.exists()


def test_two_sweeps_never_write_the_same_journal(path: Path):
    journal = Journal(path)
    with pytest.raises(JournalError) as caught:
        Journal(path)
    journal.close()

    assert (
        f"{path} is in use by another sweep that is still running; wait for it, or name another --output"
        == str(caught.value)
    )  # fmt: skip


def test_a_journal_of_another_version_is_refused(path: Path):
    filled(path)
    path.write_text(path.read_text().replace(f'"version":"{gputlb.__version__}"', '"version":"0.0.9"'))
    with pytest.raises(JournalError) as caught:
        Journal(path)

    now = facts.facts_version()
    assert (
        f"{path} was begun by gputlb 0.0.9 with facts {now}, and this is {gputlb.__version__} with {now}; finish it "
        "with that one, or remove the file to begin anew" == str(caught.value)
    )


@pytest.mark.parametrize("content", ["a shopping list\n", "no line end", '{"json": "of another kind"}\n'])
def test_what_is_no_journal_is_left_alone(path: Path, content: str):
    path.write_text(content)
    with pytest.raises(JournalError) as caught:
        Journal(path)

    assert f"{path} is not the journal of a sweep; move it away, or name another --output" == str(caught.value)
    assert content == path.read_text()


def test_a_line_that_is_no_run_is_named(path: Path):
    filled(path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], "{}\n", *lines[2:]]))
    with pytest.raises(JournalError) as caught:
        Journal(path)

    assert (
        f"{path}:3: is not a finished run; take the line out, or remove the file to begin anew" == str(caught.value)
    )  # fmt: skip


FULL_DISK = """
import resource, sys
from pathlib import Path
from gputlb.simulate.sweep import JournalError
from gputlb.simulate.sweep._journal import Journal
from tests.simulate.sweep.sweeps import finished, plan
journal = Journal(Path(sys.argv[1]))
most = journal.path.stat().st_size + 300
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    for run in plan(replications=50).runs():
        journal.add(finished(run))
except JournalError as error:
    print(error)
journal.close()
"""


def test_a_full_disk_keeps_the_runs_that_fitted(path: Path):
    """The limit on a file's size makes a write fail half way, as a full disk does."""
    root = Path(__file__).resolve().parents[3]
    paths = os.pathsep.join([str(root), str(Path(gputlb.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    kept = len(reread(path))

    assert 0 < kept < 100
    assert (
        f"{path} could not be written: file too large; its {kept} finished runs are kept: make room, and the same "
        "command goes on from there\n" == done.stdout
    )
