"""Worker processes do what they are given, and end when they are told to, whatever they do."""

from __future__ import annotations

import errno
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Thread

import pytest

from gputlb.processes import TooManyProcesses, WorkerProcesses

FOR_EVER_S = 1_000_000


def test_calls_are_answered_in_their_order():
    workers = WorkerProcesses(2)

    assert [1, 2, 3] == [*workers.map(abs, [-1, 2, -3])]
    workers.stop()


def test_stopping_waits_for_no_call():
    workers = WorkerProcesses(1)
    running, waiting = workers.submit(time.sleep, FOR_EVER_S), workers.submit(abs, -1)
    while not running.running():
        time.sleep(0.01)
    workers.stop()

    assert waiting.cancelled() or isinstance(waiting.exception(), BrokenProcessPool)
    with pytest.raises(BrokenProcessPool):
        running.result()


def test_stopping_before_anything_began_is_no_error():
    WorkerProcesses(1).stop()


def at_the_limit(*_: object) -> None:
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


@pytest.mark.parametrize(
    ("before", "started"),
    [(0, "no worker process"), (1, "no more than 1 worker process"), (2, "no more than 2 worker processes")],
)
def test_where_no_more_processes_may_start_it_is_said(before: int, started: str, monkeypatch: pytest.MonkeyPatch):
    workers = WorkerProcesses(3)
    for _ in range(before):
        workers.submit(time.sleep, FOR_EVER_S)
    monkeypatch.setattr(SpawnProcess, "_Popen", at_the_limit)
    with pytest.raises(TooManyProcesses) as caught:
        workers.submit(abs, -1)
    workers.stop()

    assert (
        f"this machine starts {started} (resource temporarily unavailable); ask for fewer workers, or raise its "
        "limit, ulimit -u" == str(caught.value)
    )


def test_where_no_thread_may_start_it_is_said_and_the_worker_ends(monkeypatch: pytest.MonkeyPatch):
    def no_thread(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    workers = WorkerProcesses(2)
    with monkeypatch.context() as limited, pytest.raises(TooManyProcesses, match=r"1 worker process \(can't start new"):
        limited.setattr(Thread, "start", no_thread)
        workers.submit(time.sleep, FOR_EVER_S)
    processes = workers._started()
    workers.stop()

    assert 1 == len(processes)
    processes[0].join(60)
    assert not processes[0].is_alive()


LAST_PROCESS = """
import os, sys, threading, time
from multiprocessing import get_context
from gputlb import processes

def work(ready):
    def no_thread(_):
        raise RuntimeError("can't start new thread")
    threading.Thread.start = no_thread
    processes._LOOKS_EVERY_S = 0.01
    processes._begin()
    ready.send(True)
    time.sleep(1_000_000)

if __name__ == "__main__":
    context = get_context("spawn")
    there, here = context.Pipe()
    context.Process(target=work, args=(here,)).start()
    there.recv()
    print("ready", flush=True)
    os._exit(0)
"""


def test_a_worker_without_room_for_a_thread_ends_with_its_parent_too(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(LAST_PROCESS)
    # Waits for the end of stdout, which the worker holds open, too.
    done = subprocess.run([sys.executable, str(program)], stdout=subprocess.PIPE, text=True, timeout=60, check=True)

    assert "ready\n" == done.stdout
