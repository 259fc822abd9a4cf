"""Running what a plan asks for and is not there yet, and keeping each result as it comes."""

from __future__ import annotations

import time
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, wait
from typing import TYPE_CHECKING

from gputlb.simulate.sweep._errors import RunFailed
from gputlb.simulate.sweep._pools import GONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from gputlb.simulate.sweep._plan import Run
    from gputlb.simulate.sweep._pools import Pool
    from gputlb.simulate.sweep._result import Finished

_TICK_S = 0.25
_CHUNK_S = 0.5
"""What a worker is given at a time, so that handing over costs nothing and a crash loses little."""
_MOST_CHUNK = 64
_AHEAD = 2
"""Chunks a worker: one to run and one to go on with."""
_TRIES = 2
_MOST_GIVEN_UP = 3


def execute(
    runs: Iterable[Run],
    pool: Pool,
    keep: Callable[[Finished], object],
    *,
    tick: Callable[[int], object] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run them all on `pool`, in any order, calling `keep` with each result and `tick` with how many there are.

    A run whose worker dies is run once more, alone, so that the next death names the culprit; the others go on.

    Raises: `RunFailed`, after everything else has finished, where a run took its worker with it again; at once where
    a run ended with an error, where nothing but dead workers comes back, or where the cluster went away; what `keep`
    raises. Whatever is raised, results that are there by then have been kept.
    """
    _Execution(deque(runs), pool, keep, tick, clock).go()


class _Execution:
    def __init__(
        self,
        waiting: deque[Run],
        pool: Pool,
        keep: Callable[[Finished], object],
        tick: Callable[[int], object],
        clock: Callable[[], float],
    ) -> None:
        self._waiting = waiting
        self._suspects: deque[Run] = deque()
        self._flying: dict[Future[list[Finished]], list[Run]] = {}
        self._losses: Counter[str] = Counter()
        self._given_up: list[Run] = []
        self._pool = pool
        self._keep = keep
        self._tick = tick
        self._clock = clock
        self._begun_s = clock()
        self._done = 0
        self._parallel = 1

    def go(self) -> None:
        try:
            while self._waiting or self._suspects or self._flying:
                self._launch()
                done, _ = wait(self._flying, timeout=_TICK_S, return_when=FIRST_COMPLETED)
                lost = [run for future in [*self._flying] if future in done for run in self._land(future)]
                if lost:
                    self._go_on_without(lost)
                self._tick(self._done)
        except BaseException:
            self._save_what_is_there()
            raise
        if self._given_up:
            raise RunFailed(self._why_given_up())

    def _launch(self) -> None:
        if self._suspects:
            if not self._flying:
                self._submit([self._suspects.popleft()])
            return
        self._parallel = self._pool.workers
        while self._waiting and len(self._flying) < _AHEAD * self._parallel:
            size = min(self._chunk(), -(-len(self._waiting) // (_AHEAD * self._parallel)))
            self._submit([self._waiting.popleft() for _ in range(size)])

    def _chunk(self) -> int:
        if not self._done:
            return 1
        each_s = (self._clock() - self._begun_s) * self._parallel / self._done
        return max(1, min(_MOST_CHUNK, int(_CHUNK_S / max(each_s, 1e-9))))

    def _submit(self, runs: list[Run]) -> None:
        try:
            self._flying[self._pool.submit(runs)] = runs
        except self._pool.lost:  # a worker died since the last look; its futures say so too
            self._waiting.extendleft(reversed(runs))
            if not self._flying:
                self._pool.renew()

    def _land(self, future: Future[list[Finished]]) -> list[Run]:
        """Keep a future's results; return its runs if its worker died."""
        runs = self._flying.pop(future)
        try:
            results = future.result()
        except self._pool.lost:
            return runs
        except GONE:
            raise RunFailed("the cluster went away") from None
        except Exception as error:  # e.g. a cluster whose workers have no gputlb
            raise RunFailed(f"no worker could take {_named(runs[0])}: {type(error).__name__}: {error}") from error
        failed = None
        for run, finished in zip(runs, results, strict=True):
            if finished.error is None:
                self._keep(finished)
                self._done += 1
            else:
                failed = failed or f"{_named(run)} failed: {finished.error}"
        if failed:
            raise RunFailed(failed)
        return []

    def _go_on_without(self, lost: list[Run]) -> None:
        # Which of them killed the worker nobody knows: a dead process takes down the pool with all that was under way.
        while self._flying:
            done, _ = wait(self._flying, timeout=_TICK_S, return_when=FIRST_COMPLETED)
            lost += [run for future in done for run in self._land(future)]
        self._pool.renew()
        for run in lost:
            self._losses[run.key] += 1
            if self._losses[run.key] < _TRIES:
                self._suspects.append(run)
            else:
                self._given_up.append(run)
        if len(self._given_up) >= _MOST_GIVEN_UP:
            raise RunFailed(self._why_given_up())

    def _save_what_is_there(self) -> None:
        for future, runs in self._flying.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                for _, finished in zip(runs, future.result(), strict=True):
                    if finished.error is None:
                        self._keep(finished)

    def _why_given_up(self) -> str:
        more = len(self._given_up) - 1
        others = f", and so did {more} more" if more else ""
        return (
            f"{_named(self._given_up[0])} took its worker with it {_TRIES} times{others}: killed, perhaps for lack of "
            "memory"
        )


def _named(run: Run) -> str:
    return f"replication {run.replication} (seed {run.seed}) of point {run.point}"
