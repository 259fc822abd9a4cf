"""Two systems under the same random numbers: what changes, not how lucky each was."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, inf, sqrt
from typing import TYPE_CHECKING

from gputlb.simulate.statistics._errors import StatisticsError
from gputlb.simulate.statistics._interval import Interval, finite, interval, mean_of, standard_deviation
from gputlb.simulate.statistics._student import t_factor

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """How much B costs more than A, pair by pair."""

    mean_a: float
    mean_b: float
    difference: Interval
    """B - A, in the unit of the values."""
    relative: Interval | None
    """The same as a share of A's mean: -0.38 is "38 % less". None where A's mean is 0."""
    correlation: float | None
    """Of A's values with B's; near 1 where common random numbers help most. None where one of them is constant."""

    @property
    def distinguishable(self) -> bool:
        """Whether the difference's interval leaves 0 out."""
        return not self.difference.covers(0.0)


def paired(values_a: Sequence[float], values_b: Sequence[float], level: float = 0.95) -> PairedDifference:
    """Return how B differs from A, given the cost of both in the same replications, in the same order.

    The values at one place come from the same seed (common random numbers), so what chance did to both cancels: the
    interval is Student's, of the differences (Law, section 10.2.1). The relative one is that of a ratio of two means,
    to first order in their errors (the delta method): use it where A's mean is known to a few percent or better.

    A value may be any cost of a run, a quantile too: then it is the mean of the runs' quantiles that is compared.
    A run's p99 of few releases lies, on average, a little off the true one, at A and B alike; make runs long.

    Raises: `StatisticsError` where the two do not pair up, and as `interval`.
    """
    if len(values_a) != len(values_b):
        raise StatisticsError(
            f"{len(values_a)} values do not pair with {len(values_b)}; run both with the same replications"
        )
    a, b = finite(values_a), finite(values_b)
    differences = [later - earlier for earlier, later in zip(a, b, strict=True)]
    mean_a, mean_b = mean_of(a), mean_of(b)
    return PairedDifference(
        mean_a, mean_b, interval(differences, level), _relative(a, b, mean_a, mean_b, level), _correlation(a, b)
    )


def _relative(a: list[float], b: list[float], mean_a: float, mean_b: float, level: float) -> Interval | None:
    if not mean_a:
        return None
    ratio = mean_b / mean_a
    n = len(a)
    if n < 2:
        return Interval(ratio - 1, inf, level, n)
    errors = [later - ratio * earlier for earlier, later in zip(a, b, strict=True)]
    half_width = t_factor(level, n - 1) * standard_deviation(errors) / sqrt(n) / abs(mean_a)
    return Interval(ratio - 1, half_width, level, n)


def _correlation(a: list[float], b: list[float]) -> float | None:
    if len(a) < 2:
        return None
    mean_a, mean_b = mean_of(a), mean_of(b)
    scale = (len(a) - 1) * standard_deviation(a) * standard_deviation(b)
    if not scale:
        return None
    together = fsum((one - mean_a) * (other - mean_b) for one, other in zip(a, b, strict=True))
    return max(-1.0, min(1.0, together / scale))
