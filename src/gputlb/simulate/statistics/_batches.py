"""One long run cut into batches, whose means are nearly independent."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import fsum, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from gputlb.simulate.statistics._errors import StatisticsError
from gputlb.simulate.statistics._interval import Interval, finite, interval, mean_of

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class BatchMeans:
    """An interval from one run, and whether to believe it."""

    interval: Interval
    batch_size: int
    """Values a batch."""
    correlation: float
    """Of each batch's mean with the next one's, -1 to 1."""

    @property
    def long_enough(self) -> bool:
        """Whether the batches look independent: a correlation that chance explains 19 times of 20.

        Where it is false the interval is too narrow, and the run wants to be longer.
        """
        return self.correlation * sqrt(self.interval.n) < NormalDist().inv_cdf(0.95)


def batch_means(values: Sequence[float], *, batches: int = 20, level: float = 0.95) -> BatchMeans:
    """Return the mean of one run's values, in their order, with an interval that knows that neighbours are alike.

    The run is cut into `batches` of equal length, and their means are treated as independent (Law, section 9.5.3;
    20 to 30 batches are advised, Schmeiser 1982). Values that fill no batch are left out at the front. Assumes that
    the warm-up is gone and that a batch is long beside the time for which the run remembers.

    Raises: `StatisticsError` for fewer than 2 batches or fewer values than batches.
    """
    if batches < 2:
        raise StatisticsError(f"a run is cut into 2 batches or more, not {batches}; 20 is usual")
    known = finite(values)
    size = len(known) // batches
    if not size:
        raise StatisticsError(f"{len(known)} values do not fill {batches} batches; make the run longer")
    start = len(known) - size * batches
    means = [mean_of(known[at : at + size]) for at in range(start, len(known), size)]
    return BatchMeans(interval(means, level), size, _neighbours(means))


def _neighbours(values: list[float]) -> float:
    mean = mean_of(values)
    apart = [value - mean for value in values]
    around = fsum(one * one for one in apart)
    if not around:
        return 0.0
    return fsum(one * other for one, other in pairwise(apart)) / around
