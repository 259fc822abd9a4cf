"""Where runs are run: on this machine's cores, or on a Dask cluster. Both are executors of `concurrent.futures`."""

from __future__ import annotations

from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from gputlb.cluster import NoCluster, client_of
from gputlb.processes import WorkerProcesses
from gputlb.simulate.sweep._errors import RunFailed, SweepError
from gputlb.simulate.sweep._result import made_by, run_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from gputlb.simulate.sweep._plan import Run
    from gputlb.simulate.sweep._result import Finished


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
            self._client = client_of(scheduler)
        except NoCluster as error:
            raise SweepError(str(error)) from None
        from distributed import KilledWorker  # noqa: PLC0415 (a second to import, and not always there)

        self.lost = (KilledWorker,)
        self._executor: Any = self._client.get_executor(pure=False)

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


GONE = (CancelledError,)
"""The exceptions of a future whose cluster went away."""
