"""Worker processes on this machine that leave Ctrl-C to their parent and never outlive it."""

from __future__ import annotations

import errno
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from multiprocessing.process import BaseProcess
    from typing import ParamSpec, TypeVar

    _Arguments = ParamSpec("_Arguments")
    _Result = TypeVar("_Result")


_LIMITS = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
_NO_THREAD = "can't start new thread"
_LOOKS_EVERY_S = 1.0


class TooManyProcesses(GputlbError):
    """The system starts no more processes or threads for this user."""


class WorkerProcesses(ProcessPoolExecutor):
    """Processes that are spawned, not forked: a child forked while other threads run may hang.

    They take no notice of Ctrl-C, which a terminal sends to all, and end when their parent ends, however it does.
    What they run must be importable; a worker that dies makes every result that is not there yet a
    `concurrent.futures.process.BrokenProcessPool`.

    Raises: `TooManyProcesses`, from `submit` too: a worker starts when there is something for it to do.
    """

    def __init__(self, workers: int) -> None:
        with self._limits_named():
            super().__init__(workers, mp_context=get_context("spawn"), initializer=_begin)

    def submit(
        self, fn: Callable[_Arguments, _Result], /, *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> Future[_Result]:
        """Hand a call to a worker. Raises: `TooManyProcesses`; then all that is left to do is to `stop`."""
        # A worker that starts here inherits the blocked signal, so that Ctrl-C cannot hit it before `_begin`.
        with self._limits_named(), _ctrl_c_held():
            return super().submit(fn, *args, **kwargs)

    def stop(self) -> None:
        """Kill all workers, whatever they do."""
        # `shutdown` alone would wait for the calls under way; only Python 3.14 has `kill_workers`.
        for process in self._started():
            process.kill()
        with suppress(RuntimeError):  # the thread to wait for could not be started
            self.shutdown(wait=True, cancel_futures=True)

    def _started(self) -> list[BaseProcess]:
        return [*(getattr(self, "_processes", None) or {}).values()]

    @contextmanager
    def _limits_named(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:
            is_limit = error.errno in _LIMITS if isinstance(error, OSError) else str(error) == _NO_THREAD
            if not is_limit:
                raise
            count = len(self._started())
            started = {0: "no worker process", 1: "no more than 1 worker process"}.get(
                count, f"no more than {count} worker processes"
            )
            why = (getattr(error, "strerror", None) or str(error)).lower()
            raise TooManyProcesses(
                f"this machine starts {started} ({why}); ask for fewer workers, or raise its limit, ulimit -u"
            ) from error


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
    if parent is None:
        return
    try:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    except RuntimeError:  # the last process that the system allows may have no thread beside it
        signal.signal(signal.SIGALRM, lambda *_: parent.is_alive() or os._exit(1))
        signal.setitimer(signal.ITIMER_REAL, _LOOKS_EVERY_S, _LOOKS_EVERY_S)


def _end_with(sentinel: int) -> None:
    # A parent that is killed cannot stop its workers, and each of them holds the pipe open that the others read from.
    connection.wait([sentinel])
    os._exit(1)
