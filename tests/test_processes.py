"""Worker processes do what they are given, and end when they are told to, whatever they do."""

from __future__ import annotations

import time
from concurrent.futures.process import BrokenProcessPool

import pytest

from gputlb.processes import WorkerProcesses

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
