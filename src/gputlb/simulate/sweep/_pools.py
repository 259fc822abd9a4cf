"""Where runs are run: on this machine's cores, or on a Dask cluster. Both are executors of `concurrent.futures`."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from gputlb.processes import WorkerProcesses
from gputlb.simulate.sweep._errors import RunFailed, SweepError
from gputlb.simulate.sweep._result import made_by, run_all

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    """Processes on this machine: see `WorkerProcesses`."""

    lost = (BrokenProcessPool,)

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._executor = WorkerProcesses(workers)

    def submit(self, runs: Sequence[Run]) -> Future[list[Finished]]:
        """Hand runs to a worker."""
        return self._executor.submit(run_all, runs, made_by())

    def renew(self) -> None:
        """Start new workers."""
        self.stop()
        self._executor = WorkerProcesses(self.workers)

    def stop(self) -> None:
        """Kill all workers."""
        self._executor.stop()


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
