"""`gputlb check --swarm --workers 2` as a shell sees it: signals, a reader who leaves, a worker that dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SWARM = [sys.executable, "-W", "error", "-m", "gputlb", "check", "--swarm", "--workers", "2"]
AT_MOST_S = 60
SCHEME = """
import os, signal
from multiprocessing import parent_process
from pathlib import Path

from gputlb.driver.schemes.mmio import Mmio

class Walking(Mmio):
    async def set_up(self):
        if parent_process() is not None:
            Path(os.environ["WALKERS"], str(os.getpid())).touch()
        await super().set_up()

class Deadly(Mmio):
    async def set_up(self):
        if parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "swarmed_schemes.py").write_text(SCHEME)
    (tmp_path / "walkers").mkdir()
    search = os.pathsep.join([str(tmp_path), *sys.path])
    return os.environ | {"PYTHONPATH": search, "WALKERS": str(tmp_path / "walkers")}


def all_are_gone(processes: list[int], deadline_s: float) -> bool:
    while time.monotonic() < deadline_s:
        if not any(map(is_running, processes)):
            return True
        time.sleep(0.05)
    return False


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("number", "to_all", "said"),
    [
        (signal.SIGINT, True, "interrupted"),
        (signal.SIGINT, False, "interrupted"),
        (signal.SIGTERM, True, "terminated"),
        (signal.SIGTERM, False, "terminated"),
    ],
)
def test_a_signal_ends_all_walkers_at_once_and_says_so_in_a_word(
    number: signal.Signals, to_all: bool, said: str, environment: dict[str, str]
):
    walkers = Path(environment["WALKERS"])
    swarm = subprocess.Popen(
        [*SWARM, "--scheme", "swarmed_schemes:Walking", "--depth", "100000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    deadline_s = time.monotonic() + AT_MOST_S
    try:
        while len([*walkers.iterdir()]) < 2:
            assert swarm.poll() is None, swarm.communicate()
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        (os.killpg if to_all else os.kill)(swarm.pid, number)
        out, err = swarm.communicate(timeout=AT_MOST_S)
    except BaseException:
        os.killpg(swarm.pid, signal.SIGKILL)
        raise

    assert (128 + number, "", f"gputlb: {said}\n") == (swarm.returncode, out, err)
    assert all_are_gone([int(walker.name) for walker in walkers.iterdir()], deadline_s)


def test_a_reader_who_left_ends_it_without_a_word():
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    try:
        done = subprocess.run([*SWARM, "--depth", "50"], stdout=writing_end, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing_end)

    assert (-signal.SIGPIPE, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize("where", [["tigerlake"], ["all"]])
def test_a_walker_whose_process_dies_is_told_in_one_sentence(where: list[str], environment: dict[str, str]):
    done = subprocess.run(
        [*SWARM, "--scheme", "swarmed_schemes:Deadly", "--depth", "50", "--platform", *where],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )

    assert (
        2,
        "gputlb: one of the swarm's 2 processes died: killed, perhaps for lack of memory; ask for fewer of them\n",
    ) == (done.returncode, done.stderr)
