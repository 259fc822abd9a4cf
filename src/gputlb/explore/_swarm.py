"""Random walks, many and deep, for spaces too big to search: each found thing is found again by its seed."""

from __future__ import annotations

import random
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from gputlb.cluster import ANSWERS_WITHIN_S, NoCluster, client_of
from gputlb.errors import GputlbError, first_line
from gputlb.explore._errors import BadQuestion
from gputlb.explore._explore import verdict_of
from gputlb.explore._outliving import Outliving
from gputlb.explore._search import Found
from gputlb.explore._system import System
from gputlb.processes import WorkerProcesses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gputlb.explore._runtime import ExploredRuntime
    from gputlb.explore._verdict import Verdict


@dataclass(frozen=True, slots=True)
class Walk:
    """What one walker met."""

    seed: int
    """Give it to `walk` to see the same again."""
    steps: int
    verdict: Verdict
    """`violated` or `deadlock` with the way that it went, which is not the shortest; else `bounded`."""


@dataclass(frozen=True, slots=True)
class Swarm:
    """What all walkers met. Never `safe`: a random walk proves nothing."""

    walks: tuple[Walk, ...]

    @property
    def finding(self) -> Walk | None:
        """The walk with the shortest witness; None if nobody found anything."""
        found = [walk for walk in self.walks if walk.verdict.witness is not None]
        return min(found, key=lambda walk: (walk.steps, walk.seed), default=None)

    @property
    def steps(self) -> int:
        """Steps of all walkers together."""
        return sum(walk.steps for walk in self.walks)

    @property
    def reached(self) -> frozenset[str]:
        """Notes that some walker came to."""
        return frozenset(text for walk in self.walks for text, there in walk.verdict.reached.items() if there)


def walk(build: Callable[[], ExploredRuntime], seed: int, depth: int) -> Walk:
    """Take `depth` random steps, from the start again wherever nothing is left to do; the seed decides them all."""
    began = time.perf_counter()
    runtime = build()
    outliving = Outliving(runtime)
    system = System(runtime, symmetry=False)
    try:
        found, steps = _walk(system, random.Random(seed), depth)
        outliving.check()
        return Walk(seed, steps, verdict_of(system, found, "walk", time.perf_counter() - began))
    finally:
        system.dismiss()


def _walk(system: System, generator: random.Random, depth: int) -> tuple[Found, int]:
    path = [system.initial]
    longest = 0
    failed = system.failed_at_start()
    if failed is not None:
        return Found("violated", 1, 0, 0, path=path, failed=failed), 0
    for step in range(depth):
        moves = list(system.steps(path[-1]))
        wrong = next((move for move in moves if move.failed is not None), None)
        if wrong is not None:
            return _found("violated", path, step, wrong.failed, wrong.agent, wrong.slots), step
        if not moves:
            if system.stuck(path[-1]):
                return _found("deadlock", path, step), step
            longest = max(longest, len(path))
            path = [system.initial]
            continue
        path.append(generator.choice(moves).after)
        if system.broken_invariant(path[-1]) is not None:
            return _found("invariant", path, step), step
    done = _found("bounded", path, depth)
    done.limit = f"{depth:,} random steps were taken"
    return done, depth


def _found(kind: str, path: list[Any], steps: int, *wrong: Any) -> Found:
    found = Found(kind, steps + 1, steps, len(path) - 1, path=path)
    if wrong:
        found.failed, found.agent, found.slots = wrong
    return found


def swarm(
    build: Callable[[], ExploredRuntime],
    *,
    seed: int = 0,
    walkers: int = 8,
    depth: int = 10_000,
    processes: int = 1,
    scheduler: str | None = None,
) -> Swarm:
    """Send `walkers` random walkers, with seeds from `seed` on, over `processes` or the Dask cluster at `scheduler`.

    `build` makes the runtime with its cells and agents anew in each process, so it must be a function of a module.
    The result does not depend on how many processes there are, nor on workers of a cluster that die on the way: their
    walkers start anew elsewhere. Raises `BadQuestion` where a process on this machine dies, or where Dask is missing,
    or the cluster does not answer, has no workers, or loses one walker again and again.
    """
    if walkers < 1 or depth < 1 or processes < 1:
        raise BadQuestion(
            f"a swarm of {walkers} walkers, {depth} steps and {processes} processes does nothing; all must be at "
            "least 1"
        )
    seeds = range(seed, seed + walkers)
    task = partial(walk, build, depth=depth)
    if scheduler is not None:
        return Swarm(tuple(_on_cluster(task, seeds, scheduler)))
    if processes == 1:
        return Swarm(tuple(map(task, seeds)))
    return Swarm(tuple(_on_this_machine(task, seeds, processes)))


def _on_this_machine(task: Callable[[int], Walk], seeds: Sequence[int], processes: int) -> list[Walk]:
    workers = WorkerProcesses(min(processes, len(seeds)))
    try:
        # `map` would cancel what is left on its way out: Python 3.11 prints a traceback when the workers go after that.
        walks = [workers.submit(task, seed) for seed in seeds]
        return [walk.result() for walk in walks]
    except BrokenProcessPool:
        raise BadQuestion(
            f"one of the swarm's {processes} processes died: killed, perhaps for lack of memory; ask for fewer of them"
        ) from None
    finally:
        workers.stop()


def _on_cluster(task: Callable[[int], Walk], seeds: Sequence[int], scheduler: str) -> list[Walk]:
    try:
        client = client_of(scheduler)
    except NoCluster as error:
        raise BadQuestion(str(error)) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=ANSWERS_WITHIN_S)
        except TimeoutError:
            raise BadQuestion(
                f"the cluster at {scheduler} has no workers; start some with `dask worker {scheduler}`"
            ) from None
        try:
            walks: list[Walk] = client.gather(client.map(task, seeds, pure=False))  # type: ignore[no-untyped-call,unused-ignore]
        except GputlbError:
            raise
        except Exception as error:
            raise BadQuestion(
                f"the cluster at {scheduler} lost its walkers ({type(error).__name__}: {first_line(error)}); see that "
                "its workers have this gputlb, the same Python and memory enough, or leave the scheduler out"
            ) from error
        return walks
