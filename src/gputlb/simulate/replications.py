"""The same run again with other seeds, until its costs are known well enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError, did_you_mean
from gputlb.simulate.costs import COSTS, Cost
from gputlb.simulate.seeds import replication_seed
from gputlb.simulate.setup import run_setup
from gputlb.simulate.statistics import Interval, Precision, interval, t_factor
from gputlb.simulate.warm_up import FoundWarmUp, find_warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.simulate.results import RunResult
    from gputlb.simulate.setup import Setup

_MOST_GROWTH = 2
"""By how much the number of runs grows at most before the spread is looked at again: early spreads mislead."""


class WrongReplications(GputlbError):
    """What was asked of a number of runs cannot be had."""


def cost_named(name: str) -> Cost:
    """Return the cost called `name`; raises `WrongReplications` with the nearest names."""
    known = {cost.name: cost for cost in COSTS}
    if name not in known:
        raise WrongReplications(f"cost {name!r} is unknown{did_you_mean(name, known)}; there are {', '.join(known)}")
    return known[name]


@dataclass(frozen=True, slots=True)
class Replications:
    """Runs of one setup with independent seeds, and what they say together."""

    setup: Setup
    """As it was run: with the warm-up that was found, where none was given."""
    seed: int
    """Where all the runs' seeds come from."""
    seeds: tuple[int, ...]
    """Each run's own, in order; `run_setup(setup, seeds[i])` is run i again."""
    results: tuple[RunResult, ...]
    level: float
    """Of all intervals, 0 to 1."""
    warm_up: FoundWarmUp | None
    """How the warm-up was found; None where it was given."""
    wanted: Precision | None
    """None where both number and length of the runs were given."""
    cost: str
    """Whose precision was wanted."""
    lengths_ms: tuple[float, ...] = ()
    """Virtual time of the pilot runs, and of each round of runs after them, where the length was chosen."""
    longest_ms: float | None = None
    """The limit to the length; None where the length was given."""

    @property
    def met(self) -> bool | None:
        """Whether the wanted precision was reached; None where none was wanted."""
        if self.wanted is None:
            return None
        estimate = self.interval(self.cost)
        return estimate is not None and self.wanted.met_by(estimate)

    def values(self, cost: str) -> tuple[float | None, ...]:
        """Return a cost of each run; raises `WrongReplications` for an unknown one."""
        of = cost_named(cost).of
        return tuple(of(result) for result in self.results)

    def interval(self, cost: str) -> Interval | None:
        """Return a cost's mean with its interval; None if some run does not say, since the rest would be biased."""
        values = [value for value in self.values(cost) if value is not None]
        return interval(values, self.level) if len(values) == len(self.results) else None


def replicate(
    setup: Setup,
    seed: int,
    *,
    replications: int = 10,
    precision: Precision | None = None,
    cost: str = "release_mean_us",
    level: float = 0.95,
    warm_up: bool = False,
    progress: Callable[[float], object] | None = None,
) -> Replications:
    """Run `setup` with independent seeds and return all results.

    Args:
        setup: what is run, each time for its whole duration.
        seed: where the runs' seeds come from.
        replications: how many runs; not looked at where a precision is wanted.
        precision: how well `cost` is to be known; the runs go on until it is, from `precision.least` on, and end at
            `precision.most` in any case: then `met` is False.
        cost: whose precision it is, by name.
        level: of the intervals, 0 to 1.
        warm_up: find out beforehand, with pilot runs of other seeds, how much of the beginning not to count.
        progress: is called with the part done, 0 to 1; an estimate where a precision is wanted.

    Raises: `WrongReplications` for fewer than 2 runs, which have no interval, and for an unknown cost; as `run_setup`.
    """
    chosen = cost_named(cost)
    if replications < 2:
        raise WrongReplications(f"an interval takes 2 runs or more, not {replications}; 10 are usual")
    t_factor(level, 1)  # a level that is none is refused before the work, not after it
    report = _Progress(progress)
    found = find_warm_up(setup, seed, progress=report.of_part(0, 1, replications)) if warm_up else None
    if found is not None:
        setup = replace(setup, warm_up_ms=found.warm_up_ms)
    results: list[RunResult] = []
    seeds: list[int] = []
    planned = replications if precision is None else precision.least
    while len(results) < planned:
        seeds.append(replication_seed(seed, len(results)))
        results.append(run_setup(setup, seeds[-1], progress=report.of_part(len(results), 1, planned)))
        if precision is not None and len(results) == planned:
            planned = _next_plan(chosen, results, precision, level)
    report.done()
    return Replications(setup, seed, tuple(seeds), tuple(results), level, found, precision, cost)


def _next_plan(cost: Cost, results: list[RunResult], precision: Precision, level: float) -> int:
    values = [value for value in map(cost.of, results) if value is not None]
    n = len(results)
    if len(values) < n:
        return n  # some run does not say; more of them will not mend that
    estimate = interval(values, level)
    if precision.met_by(estimate):
        return n
    needed = ceil(n * precision.shortfall(estimate) ** 2)
    return min(max(n + 1, min(needed, _MOST_GROWTH * n)), precision.most)


class _Progress:
    """The part done, which never goes back although the plan grows."""

    def __init__(self, tell: Callable[[float], object] | None) -> None:
        self._tell = tell
        self._told = 0.0

    def of_part(self, done: float, span: float, planned: float) -> Callable[[float], object] | None:
        if self._tell is None:
            return None
        return lambda part: self._say((done + part * span) / planned)

    def done(self) -> None:
        self._say(1.0)

    def _say(self, part: float) -> None:
        self._told = max(self._told, min(part, 1.0))
        if self._tell is not None:
            self._tell(self._told)
