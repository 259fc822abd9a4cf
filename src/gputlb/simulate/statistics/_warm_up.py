"""Where a run's start is no longer felt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb.simulate.statistics._interval import finite, mean_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_BATCH = 5


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How much of a run's beginning to leave out."""

    values: int
    """How many values; a multiple of 5."""
    settled: bool
    """False where the run still drifts in its second half, or is too short to tell: then it wants to be longer."""


def mser5(values: Sequence[float]) -> WarmUp:
    """Return how many of a run's first values to leave out, by the rule MSER-5.

    Values are averaged by fives, and the start is cut where the standard error of the rest is smallest: cutting more
    would cost more precision than the bias that it takes away. Cuts in the second half are not believed.
    Source: MSER, White 1997, *Simulation* 69(6); by fives, White, Cobb and Spratt 2000. Assumes that the run's end,
    at least, is steady.

    Raises: `StatisticsError` for a value that is not finite.
    """
    if len(values) < 4 * _BATCH:
        return WarmUp(0, settled=False)
    known = finite(values)
    means = [mean_of(known[at : at + _BATCH]) for at in range(0, len(known) - _BATCH + 1, _BATCH)]
    middle = mean_of(means)  # sums of squares lose no digits where the values lie around 0
    total = squares = 0.0
    best, cut = float("inf"), 0
    for start in range(len(means) - 1, -1, -1):
        value = means[start] - middle
        total += value
        squares += value * value
        left = len(means) - start
        if left < _BATCH:
            continue  # a handful of values that happen to agree have no standard error worth the name
        error = max(squares - total * total / left, 0.0) / left**2
        if error <= best:
            best, cut = error, start
    settled = cut <= len(means) // 2
    return WarmUp(cut * _BATCH if settled else 0, settled)
