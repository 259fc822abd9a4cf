"""Where runs are run: on this machine's cores, or on a Dask cluster. Both are executors of `concurrent.futures`."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

from gputlb.simulate.sweep._errors import RunFailed, SweepError
from gputlb.simulate.sweep._result import made_by, run_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from gputlb.simulate.sweep._plan import Run
    from gputlb.simulate.sweep._result import Finished


_ANSWER_S = 10
_CLOSING_S = 5


class Pool(Protocol):
    """Workers that run runs."""

    @property
    def workers(self) -> int:
        """How many runs can go on at the same time; may change."""

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """The exceptions of a future whose worker died."""

    def submit(self, runs: Sequence[Run]) -> Future[list[Finished]]:
        """Hand runs to a worker, which runs them one after the other."""

    def renew(self) -> None:
        """Go on after a worker died."""

    def stop(self) -> None:
        """End all workers now, whatever they do."""


class LocalPool:
    """Processes on this machine.

    They are spawned, not forked: a child forked while other threads run may hang. They take no notice of Ctrl-C,
    which a terminal sends to all, and end when their parent ends, however it does.
    """

    lost = (BrokenProcessPool,)

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._executor = self._new()

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"), initializer=_begin_worker)

    def submit(self, runs: Sequence[Run]) -> Future[list[Finished]]:
        """Hand runs to a worker."""
        # A worker that starts here inherits the blocked signal, so that Ctrl-C cannot hit it before `_begin_worker`.
        with _ctrl_c_held():
            return self._executor.submit(run_all, runs, made_by())

    def renew(self) -> None:
        """Start new workers."""
        self.stop()
        self._executor = self._new()

    def stop(self) -> None:
        """Kill all workers."""
        # `shutdown` alone would wait for the runs under way; only Python 3.14 has `kill_workers`.
        processes = [*(getattr(self._executor, "_processes", None) or {}).values()]
        for process in processes:
            process.kill()
        self._executor.shutdown(wait=True, cancel_futures=True)


class ClusterPool:
    """A Dask cluster; it looks after its workers itself, and gives a run up after some of them died on it.

    Raises: `SweepError` where Dask is missing or the cluster does not answer.
    """

    lost: tuple[type[BaseException], ...]

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client, KilledWorker  # noqa: PLC0415 - a second to import, and not always there
        except ImportError:
            raise SweepError(
                f"the cluster at {scheduler} needs Dask, which is not installed; pip install 'gputlb[cluster]', or "
                "leave --scheduler out to run on this machine"
            ) from None
        self.lost = (KilledWorker,)
        try:
            # First by itself: a client that cannot begin takes 20 s to end, and prints a traceback when it has.
            asyncio.run(_reach(scheduler))
            self._client: Any = Client(scheduler, timeout=_ANSWER_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except OSError as error:
            raise SweepError(
                f"no Dask scheduler answers at {scheduler} ({error}); start one with: dask scheduler"
            ) from None
        except (ValueError, TypeError) as error:
            raise SweepError(
                f"no Dask scheduler can be reached at {scheduler!r} ({error}); write its address as it prints it when "
                "it starts, such as tcp://10.0.0.1:8786"
            ) from None
        self._executor: Any = self._client.get_executor(pure=False)  # type: ignore[no-untyped-call]

    @property
    def workers(self) -> int:
        """The threads of all its workers now; 1 while none has come yet. Raises: `RunFailed` where it went away."""
        try:
            return sum(self._client.nthreads().values()) or 1
        except OSError:
            raise RunFailed("the cluster went away") from None

    def submit(self, runs: Sequence[Run]) -> Future[list[Finished]]:
        """Hand runs to a worker."""
        future: Future[list[Finished]] = self._executor.submit(run_all, runs, made_by())
        return future

    def renew(self) -> None:
        """Do nothing: the cluster has replaced its worker, or runs with fewer."""

    def stop(self) -> None:
        """Take back what is not finished, and leave the cluster as it was."""
        with suppress(OSError):  # it may have gone away
            self._executor.shutdown(wait=False)
            self._client.close(timeout=_CLOSING_S)


async def _reach(scheduler: str) -> None:
    from distributed import Security  # noqa: PLC0415 - as above
    from distributed.comm.core import connect  # noqa: PLC0415

    security = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    comm = await connect(scheduler, timeout=_ANSWER_S, **security)  # type: ignore[no-untyped-call]
    await comm.close()


GONE = (CancelledError,)
"""The exceptions of a future whose cluster went away."""


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    # A parent that is killed cannot stop its workers, and each of them holds the pipe open that the others read from.
    connection.wait([sentinel])
    os._exit(1)
