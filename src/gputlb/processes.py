"""Worker processes on this machine that leave Ctrl-C to their parent and never outlive it."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from typing import ParamSpec, TypeVar

    _Arguments = ParamSpec("_Arguments")
    _Result = TypeVar("_Result")


class WorkerProcesses(ProcessPoolExecutor):
    """Processes that are spawned, not forked: a child forked while other threads run may hang.

    They take no notice of Ctrl-C, which a terminal sends to all, and end when their parent ends, however it does.
    What they run must be importable; a worker that dies makes every result that is not there yet a
    `concurrent.futures.process.BrokenProcessPool`.
    """

    def __init__(self, workers: int) -> None:
        super().__init__(workers, mp_context=get_context("spawn"), initializer=_begin)

    def submit(
        self, fn: Callable[_Arguments, _Result], /, *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> Future[_Result]:
        """Hand a call to a worker."""
        # A worker that starts here inherits the blocked signal, so that Ctrl-C cannot hit it before `_begin`.
        with _ctrl_c_held():
            return super().submit(fn, *args, **kwargs)

    def stop(self) -> None:
        """Kill all workers, whatever they do."""
        # `shutdown` alone would wait for the calls under way; only Python 3.14 has `kill_workers`.
        for process in [*(getattr(self, "_processes", None) or {}).values()]:
            process.kill()
        self.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    # A parent that is killed cannot stop its workers, and each of them holds the pipe open that the others read from.
    connection.wait([sentinel])
    os._exit(1)
