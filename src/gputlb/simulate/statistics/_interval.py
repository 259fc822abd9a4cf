"""A mean, and how far the truth may lie from it."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, inf, isfinite, sqrt
from typing import TYPE_CHECKING

from gputlb.simulate.statistics._errors import StatisticsError
from gputlb.simulate.statistics._student import t_factor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its confidence interval, in the unit of the values.

    An interval of level 0.95, made anew from new seeds again and again, covers the true mean 95 times of 100.
    """

    mean: float
    half_width: float
    """How far it reaches to each side; infinite where a single value says nothing about the spread."""
    level: float
    """0 to 1."""
    n: int
    """How many independent values it was made from."""

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half_width

    @property
    def relative_half_width(self) -> float:
        """The half width as a share of the mean's size; 0 where both are 0, infinite where only the mean is."""
        if self.mean:
            return self.half_width / abs(self.mean)
        return inf if self.half_width else 0.0

    def covers(self, value: float) -> bool:
        """Tell whether `value` lies in the interval, its ends included."""
        return self.low <= value <= self.high


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return the mean of independent values with its Student-t confidence interval.

    The values are results of replications: one a run, from runs with independent seeds. Values from within one run
    depend on each other; use `batch_means` for them. The level is exact for normal values, and close to it where each
    value is itself a mean of many things (the method of independent replications, Law, *Simulation Modeling and
    Analysis*, section 9.4.1). Skewed values, such as maxima, need more of them.

    Raises: `StatisticsError` without values, for one that is not finite, and for a level not between 0 and 1.

    >>> estimate = interval([9.0, 10.0, 11.0])
    >>> estimate.mean, round(estimate.half_width, 4)
    (10.0, 2.4841)
    """
    known = finite(values)
    n = len(known)
    mean = mean_of(known)
    factor = t_factor(level, max(n - 1, 1))
    half_width = factor * standard_deviation(known) / sqrt(n) if n > 1 else inf
    return Interval(mean, half_width, level, n)


def finite(values: Iterable[float]) -> list[float]:
    """Return the values; raises `StatisticsError` if there are none or one is not finite."""
    known = list(values)
    if not known:
        raise StatisticsError("there are no values to take the mean of")
    strange = [value for value in known if not isfinite(value)]
    if strange:
        raise StatisticsError(f"a value is {strange[0]}; leave out what has none")
    return known


def mean_of(values: Sequence[float]) -> float:
    """Return the mean; it never leaves the range of the values."""
    mean = fsum(values) / len(values)
    return min(max(mean, min(values)), max(values))


def standard_deviation(values: Sequence[float]) -> float:
    """Return the sample standard deviation (n - 1) of two values or more."""
    mean = mean_of(values)
    return sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
