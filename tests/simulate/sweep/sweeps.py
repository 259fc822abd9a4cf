"""Small plans and pools for the tests of sweeps."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from gputlb.simulate.setup import Setup
from gputlb.simulate.sweep import Plan, Run
from gputlb.simulate.sweep._result import Finished

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def setup(clients: int = 1, **more: object) -> Setup:
    return Setup(duration_ms=1.0, parameters=(("clients", clients),), **more)  # type: ignore[arg-type]


def plan(*points: Setup, replications: int = 2, seed: int = 1) -> Plan:
    return Plan("small", points or (setup(1), setup(2)), replications, seed, frozenset({"clients"}), "# a file\n")


def finished(run: Run, **more: object) -> Finished:
    return Finished(run.key, {"release_p99_us": run.point + 0.1}, None, [(1.5, 3)], **more)  # type: ignore[arg-type]


class WorkerDied(Exception):
    """What a pool in these tests loses a worker with."""


class ScriptedPool:
    """A pool that does at once what a test says: give results, raise, or kill the worker."""

    lost = (WorkerDied,)

    def __init__(self, act: Callable[[Sequence[Run]], list[Finished]], workers: int = 2) -> None:
        self.workers = workers
        self.submitted: list[list[Run]] = []
        self.renewed = 0
        self._act = act

    def submit(self, runs: Sequence[Run]) -> Future[list[Finished]]:
        self.submitted.append(list(runs))
        future: Future[list[Finished]] = Future()
        try:
            future.set_result(self._act(runs))
        except BaseException as error:
            future.set_exception(error)
        return future

    def renew(self) -> None:
        self.renewed += 1

    def stop(self) -> None:
        pass
