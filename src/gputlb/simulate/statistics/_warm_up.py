"""Where a run's start is no longer felt."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

from gputlb.simulate.statistics._interval import finite, mean_of, standard_deviation
from gputlb.simulate.statistics._student import t_factor

if TYPE_CHECKING:
    from collections.abc import Sequence

_BATCH = 5
_FEWEST = 8 * _BATCH
_PARTS = 10
"""Of each half of what is left, to see how far chance moves its mean."""
_LEVEL = 0.99


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How much of a run's beginning to leave out."""

    values: int
    """How many values; a multiple of 5."""
    settled: bool
    """False where the rest still drifts, or the run is too short to tell: then it wants to be longer."""


def mser5(values: Sequence[float]) -> WarmUp:
    """Return how many of a run's first values to leave out, by the rule MSER-5.

    Values are averaged by fives, and the start is cut where the standard error of the rest is smallest: cutting more
    would cost more precision than the bias that it takes away. No more than half is cut. Source: MSER, White 1997,
    *Simulation* 69(6); by fives, White, Cobb and Spratt 2000.

    What is left has settled if the means of its two halves do not differ more than chance explains 99 times of 100
    (in the manner of Geweke 1992). The published rule asks instead that the cut would not fall in the second half by
    itself; where latencies hardly ever differ, it falls there whenever a run happens to end quietly.

    Raises: `StatisticsError` for a value that is not finite.
    """
    if len(values) < _FEWEST:
        return WarmUp(0, settled=False)
    known = finite(values)
    means = [mean_of(known[at : at + _BATCH]) for at in range(0, len(known) - _BATCH + 1, _BATCH)]
    cut = _cut(means)
    return WarmUp(cut * _BATCH, _level(means[cut:]))


def _cut(means: list[float]) -> int:
    middle = mean_of(means)  # sums of squares lose no digits where the values lie around 0
    total = squares = 0.0
    best, cut = inf, 0
    for start in range(len(means) - 1, -1, -1):
        value = means[start] - middle
        total += value
        squares += value * value
        left = len(means) - start
        error = max(squares - total * total / left, 0.0) / left**2
        if start <= len(means) // 2 and error <= best:
            best, cut = error, start
    return cut


def _level(means: list[float]) -> bool:
    parts = min(_PARTS, len(means) // 2)
    size = len(means) // (2 * parts)
    start = len(means) - 2 * parts * size
    grouped = [mean_of(means[at : at + size]) for at in range(start, len(means), size)]
    before, after = grouped[:parts], grouped[parts:]
    chance = sqrt((standard_deviation(before) ** 2 + standard_deviation(after) ** 2) / parts)
    return abs(mean_of(before) - mean_of(after)) <= t_factor(_LEVEL, 2 * parts - 2) * chance
