"""How long runs must be for their costs to be known well enough."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

from gputlb.simulate.replications import Replications, WrongReplications, cost_named, replicate
from gputlb.simulate.seeds import pilot_seed
from gputlb.simulate.warm_up import PILOT_RUNS, find_warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.simulate.setup import Setup
    from gputlb.simulate.statistics import Precision

LONGEST_MS = 2000.0
"""No run is made longer unless asked for."""
_LEAST_GROWTH, _MOST_GROWTH = 1.5, 8.0
"""Between two lengths: less would creep, more would trust a spread that ten short runs only guess."""
_MARGIN = 1.2
"""Aimed at beyond what the spread asks for, since a length that just misses costs another round."""
_OF_PILOTS, _OF_ROUND = 0.2, 0.8
"""Of the progress that is left: nobody knows yet which round is the last."""


def replicate_long_enough(
    setup: Setup,
    seed: int,
    precision: Precision,
    *,
    replications: int = 10,
    longest_ms: float = LONGEST_MS,
    cost: str = "release_mean_us",
    level: float = 0.95,
    warm_up: bool = False,
    progress: Callable[[float], object] | None = None,
) -> Replications:
    """Run `setup` a given number of times, so long that `cost` is known as well as is wanted.

    Pilot runs with seeds of their own, as long as `setup` says, tell by their spread how long the runs must be, since
    the square of an interval's width falls with their length. Where it turns out wider than wanted, all are run again,
    longer, with the same seeds, and so on, to `longest_ms` at most: then `met` may be False. The results are those of
    `replicate` with the length that it ends with.

    The pilots' seeds keep their luck out of the results. Only runs that are made longer since they fell short are
    chosen by what they show, so that intervals cover a little less than they say (Law, section 9.4.1).

    Where a run is unstable it ends at once: such a system has no latency, however long one looks.

    Args:
        setup: what is run, and how long at first.
        seed: where the runs' seeds come from.
        precision: how well `cost` is to be known; its own numbers of values are not looked at.
        replications: how many runs a round has, 2 or more; 10 or more make an interval that can be believed.
        longest_ms: virtual time that no run exceeds.
        cost: whose precision it is, by name.
        level: of the intervals, 0 to 1.
        warm_up: find out beforehand how much of the beginning not to count, anew for longer runs until it has settled.
        progress: is called with the part done, 0 to 1; an estimate.

    Raises: `WrongReplications` for fewer than 2 runs, a `longest_ms` below the first length, and an unknown cost; as
    `run_setup`.
    """
    cost_named(cost)
    if not longest_ms >= setup.duration_ms:
        raise WrongReplications(
            f"runs begin with {setup.duration_ms:g} ms, so the longest can't be {longest_ms:g} ms; name more"
        )
    wanted = replace(precision, least=2, most=max(replications, 2))
    tell = _Progress(progress)

    def found_by(seed: int, lengths_ms: list[float]) -> Replications:
        runs = replicate(setup, seed, replications=replications, level=level, progress=tell.round)
        return replace(runs, wanted=wanted, cost=cost, warm_up=found, lengths_ms=(*lengths_ms,), longest_ms=longest_ms)

    found = None
    if warm_up:
        found = find_warm_up(setup, seed)
        setup = replace(setup, warm_up_ms=found.warm_up_ms)
    lengths_ms = [setup.duration_ms]
    runs = found_by(pilot_seed(seed, PILOT_RUNS), lengths_ms)
    setup = replace(setup, duration_ms=_length_after(runs))
    while True:
        tell.next_round()
        if found is not None and not found.settled and setup.duration_ms > lengths_ms[-1]:
            found = find_warm_up(setup, seed)
            setup = replace(setup, warm_up_ms=found.warm_up_ms)
        lengths_ms.append(setup.duration_ms)
        runs = found_by(seed, lengths_ms)
        longer_ms = _length_after(runs)
        if runs.met or longer_ms <= setup.duration_ms:
            tell.done()
            return runs
        setup = replace(setup, duration_ms=longer_ms)


def _length_after(runs: Replications) -> float:
    """Return how long the next runs are: as these, where more would not help or is not allowed."""
    now_ms = runs.setup.duration_ms
    assert runs.longest_ms is not None
    if any(result.unstable for result in runs.results):
        return now_ms
    needed_ms = length_needed_ms(runs)
    growth = _MOST_GROWTH if needed_ms is None else needed_ms / now_ms
    if growth <= 1:
        return now_ms
    return min(_rounded_up(now_ms * min(max(growth, _LEAST_GROWTH), _MOST_GROWTH)), runs.longest_ms)


def length_needed_ms(runs: Replications) -> float | None:
    """Return about how long these runs would have had to be; None where they tell nothing about it."""
    estimate = runs.interval(runs.cost)
    if estimate is None or runs.wanted is None:
        return None
    needed_ms = runs.setup.duration_ms * _MARGIN * runs.wanted.shortfall(estimate) ** 2
    return _rounded_up(needed_ms) if isfinite(needed_ms) and needed_ms > 0 else None


def _rounded_up(length_ms: float) -> float:
    """Return a length of two digits, so that it can be said and typed."""
    last_digit: float = 10.0 ** (floor(log10(length_ms)) - 1)
    return float(f"{ceil(round(length_ms / last_digit, 6)) * last_digit:.2g}")


class _Progress:
    def __init__(self, tell: Callable[[float], object] | None) -> None:
        self._tell = tell
        self._begun = 0.0
        self._share = _OF_PILOTS
        self.round = None if tell is None else self._of_round

    def _of_round(self, part: float) -> None:
        assert self._tell is not None
        self._tell(self._begun + (1 - self._begun) * self._share * part)

    def next_round(self) -> None:
        self._begun += (1 - self._begun) * self._share
        self._share = _OF_ROUND

    def done(self) -> None:
        if self._tell is not None:
            self._tell(1.0)
