"""Random walks, many and deep, for spaces too big to search: each found thing is found again by its seed."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gputlb.cluster import ANSWERS_WITHIN_S, NoCluster, client_of
from gputlb.errors import GputlbError, first_line
from gputlb.explore._errors import BadQuestion
from gputlb.explore._explore import so_far
from gputlb.explore._walk import Walk, walk
from gputlb.processes import WorkerProcesses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from typing import Protocol

    from gputlb.explore._runtime import ExploredRuntime
    from gputlb.explore._verdict import Verdict

    class _Task(Protocol):
        def __call__(self, seed: int, *, timeout_s: float | None) -> Walk: ...


@dataclass(frozen=True, slots=True)
class Swarm:
    """What all walkers met. Never `safe`: a random walk proves nothing."""

    walks: tuple[Walk, ...]
    """One at least, by seed."""
    seconds: float = 0.0
    """From the first that set out to the last that came back."""
    timeout_s: float | None = None
    """The limit, if it came before all walkers had taken all their steps; else None."""

    @property
    def finding(self) -> Walk | None:
        """The walk with the shortest witness; None if nobody found anything."""
        found = [(len(each.verdict.witness.schedule), each.seed, each) for each in self.walks if each.verdict.witness]
        return min(found, default=(0, 0, None))[2]

    @property
    def steps(self) -> int:
        """Steps of all walkers together."""
        return sum(walk.steps for walk in self.walks)

    @property
    def reached(self) -> frozenset[str]:
        """Notes and goals that some walker came to."""
        return frozenset(text for walk in self.walks for text, there in walk.verdict.reached.items() if there)

    @property
    def verdict(self) -> Verdict:
        """What the walkers came to together: the shortest finding, or `bounded`, with what any of them met.

        Reached is what some walker reached; never moved, written or required is what was so for none. `transitions`
        are the steps of all, `depth` is the longest way of any, `local_states` are those that one of them met at most,
        and `learning_seconds` add up over the walkers, which may have gone at the same time.
        """
        finding = self.finding
        verdicts = [walk.verdict for walk in self.walks]
        first = verdicts[0]
        return replace(
            first if finding is None else finding.verdict,
            text=so_far(self._limit()) if finding is None else finding.verdict.text,
            transitions=self.steps,
            depth=max(each.depth for each in verdicts),
            seconds=self.seconds,
            reached={text: text in self.reached for each in verdicts for text in each.reached},
            never_moved=_in_all([each.never_moved for each in verdicts]),
            never_written=_in_all([each.never_written for each in verdicts]),
            never_required=_in_all([each.never_required for each in verdicts]),
            waits_without_timeout={
                wait: place for each in reversed(verdicts) for wait, place in each.waits_without_timeout.items()
            },
            local_states={agent: max(each.local_states[agent] for each in verdicts) for agent in first.local_states},
            learning_seconds=sum(each.learning_seconds for each in verdicts),
        )

    def _limit(self) -> str:
        walkers = f"{len(self.walks)} walker" + ("" if len(self.walks) == 1 else "s")
        if self.timeout_s is not None:
            return f"the limit of {self.timeout_s:g} s was reached after {self.steps:,} random steps of {walkers}"
        return f"{self.steps:,} random steps were taken by {walkers}"


def _in_all(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(name for name in lists[0] if all(name in names for names in lists))


def swarm(
    build: Callable[[], ExploredRuntime],
    *,
    seed: int = 0,
    walkers: int = 8,
    depth: int = 10_000,
    timeout_s: float | None = None,
    processes: int = 1,
    scheduler: str | None = None,
    around: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Swarm:
    """Send `walkers` random walkers, with seeds from `seed` on, over `processes` or the Dask cluster at `scheduler`.

    `build` makes the runtime with its cells and agents anew in each process, so it must be a function of a module.
    `around` is entered around each walk in the process that takes it, and must be importable, too.

    With `timeout_s` each walker has its share of what is left of that time when it sets out, so that all have some; the
    last ones stay at home where none is left, since to make the runtime takes time too. A cluster's walkers have equal
    shares, as if no workers came after the start.

    The result does not depend on how many processes there are, unless time is short, nor on workers of a cluster that
    die on the way: their walkers start anew elsewhere. Raises `BadQuestion` where a process on this machine dies, or
    where Dask is missing, or the cluster does not answer, has no workers, or loses one walker again and again.
    """
    if walkers < 1 or depth < 1 or processes < 1:
        raise BadQuestion(
            f"a swarm of {walkers} walkers, {depth} steps and {processes} processes does nothing; all must be at "
            "least 1"
        )
    if timeout_s is not None and not timeout_s > 0:
        raise BadQuestion(f"a swarm cannot walk for {timeout_s:g} s; timeout_s must be more than 0")
    began = time.perf_counter()
    seeds = range(seed, seed + walkers)
    task = partial(_walk_within, around, build, depth)
    if scheduler is not None:
        walks = _on_cluster(task, seeds, scheduler, timeout_s)
    elif processes == 1:
        walks = [
            task(each, timeout_s=share) for each, share in zip(seeds, _shares(walkers, 1, timeout_s), strict=False)
        ]
    else:
        walks = _on_this_machine(task, seeds, processes, timeout_s)
    late = len(walks) < walkers or any(each.out_of_time for each in walks)
    return Swarm(tuple(walks), time.perf_counter() - began, timeout_s if late else None)


def _walk_within(
    around: Callable[[], AbstractContextManager[object]],
    build: Callable[[], ExploredRuntime],
    depth: int,
    seed: int,
    *,
    timeout_s: float | None,
) -> Walk:
    with around():
        return walk(build, seed, depth, timeout_s=timeout_s)


def _shares(walkers: int, processes: int, timeout_s: float | None) -> Iterator[float | None]:
    """Yield for each walker, when it sets out, how many seconds it has; end where no time is left."""
    if timeout_s is None:
        yield from [None] * walkers
        return
    deadline = time.monotonic() + timeout_s
    left = timeout_s
    for left_out in range(walkers, 0, -1):
        yield left / -(-left_out // processes)
        left = deadline - time.monotonic()
        if left <= 0:
            return


def _on_this_machine(task: _Task, seeds: Sequence[int], processes: int, timeout_s: float | None) -> list[Walk]:
    workers = WorkerProcesses(min(processes, len(seeds)))
    sent: list[Future[Walk]] = []
    try:
        # `map` would cancel what is left on its way out: Python 3.11 prints a traceback when the workers go after that.
        for seed, share in zip(seeds, _shares(len(seeds), processes, timeout_s), strict=False):
            sent.append(workers.submit(task, seed, timeout_s=share))
            under_way = [each for each in sent if not each.done()]
            if len(under_way) >= processes:
                wait(under_way, return_when=FIRST_COMPLETED)
            if any(each.done() and each.exception() is not None for each in sent):
                break  # what the first of them says is the answer, as if they had gone one by one
        return [each.result() for each in sent]
    except BrokenProcessPool:
        raise BadQuestion(
            f"one of the swarm's {processes} processes died: killed, perhaps for lack of memory; ask for fewer of them"
        ) from None
    finally:
        workers.stop()


def _on_cluster(task: _Task, seeds: Sequence[int], scheduler: str, timeout_s: float | None) -> list[Walk]:
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
        threads = max(1, sum(client.nthreads().values()))  # type: ignore[no-untyped-call,unused-ignore]
        share = None if timeout_s is None else timeout_s / -(-len(seeds) // threads)
        try:
            walks: list[Walk] = client.gather(client.map(partial(task, timeout_s=share), seeds, pure=False))  # type: ignore[no-untyped-call,unused-ignore]
        except GputlbError:
            raise
        except Exception as error:
            raise BadQuestion(
                f"the cluster at {scheduler} lost its walkers ({type(error).__name__}: {first_line(error)}); see that "
                "its workers have this gputlb, the same Python and memory enough, or leave the scheduler out"
            ) from error
        return walks
