"""Student's t distribution: how far a mean of few values may lie from what it estimates."""

from __future__ import annotations

from functools import lru_cache
from math import exp, inf, lgamma, log, log1p
from statistics import NormalDist

from gputlb.simulate.statistics._errors import StatisticsError

_MOST_TERMS = 10_000
_SMALL = 1e-300
_CLOSE = 1e-15
_WIDTH = 1e-11
_SIDES_MEET = 0.75


@lru_cache(maxsize=4096)
def student_t_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Return the t that a Student variable stays below with `probability`.

    The cumulative distribution is the incomplete beta function (Abramowitz & Stegun 26.7.1), inverted by bisection;
    good to nine digits. Raises `StatisticsError` unless 0 < probability < 1 and the degrees of freedom are more than 0.

    >>> round(student_t_quantile(0.975, 9), 4)
    2.2622
    """
    if not 0 < probability < 1:
        raise StatisticsError(f"a probability must lie between 0 and 1, not be {probability:g}")
    if not 0 < degrees_of_freedom < inf:
        raise StatisticsError(f"degrees of freedom must be more than 0, not {degrees_of_freedom:g}")
    if probability < 0.5:
        return -student_t_quantile(1 - probability, degrees_of_freedom)
    if probability == 0.5:
        return 0.0
    above = 1 - probability  # exact from 0.5 on (Sterbenz), so that far tails keep their digits
    low = 0.0
    high = max(NormalDist().inv_cdf(probability), 1.0)
    while _tail(high, degrees_of_freedom) > above:
        low, high = high, 2 * high
    while high - low > _WIDTH * high:
        middle = (low + high) / 2
        if _is_below(middle, probability, degrees_of_freedom):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _is_below(t: float, probability: float, degrees_of_freedom: float) -> bool:
    # Of the two sides of the distribution the smaller one keeps its digits.
    if probability > _SIDES_MEET:
        return _tail(t, degrees_of_freedom) > 1 - probability
    squared = t * t
    middle = _incomplete_beta(squared / (degrees_of_freedom + squared), 0.5, degrees_of_freedom / 2) / 2
    return middle < probability - 0.5


def _tail(t: float, degrees_of_freedom: float) -> float:
    """Return the probability of more than `t`, which is at least 0."""
    squared = t * t
    return _incomplete_beta(degrees_of_freedom / (degrees_of_freedom + squared), degrees_of_freedom / 2, 0.5) / 2


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function, 0 <= x <= 1 (Abramowitz & Stegun 26.5)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    factor = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return factor * _continued_fraction(x, a, b) / a
    return 1 - factor * _continued_fraction(1 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction 26.5.8, evaluated by Lentz's method; it converges in about sqrt(max(a, b))."""
    numerator = 1.0
    denominator = 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = denominator
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            denominator = 1 / _not_zero(1 + term * denominator)
            numerator = _not_zero(1 + term / numerator)
            change = denominator * numerator
            value *= change
        if abs(change - 1) < _CLOSE:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > _SMALL else _SMALL


def t_factor(level: float, degrees_of_freedom: float) -> float:
    """Return by how many standard errors an interval of `level` (0 to 1) reaches to each side.

    Raises: `StatisticsError`.
    """
    if not 0 < level < 1:
        raise StatisticsError(f"a confidence level must lie between 0 and 1, not be {level:g}; 0.95 is usual")
    return student_t_quantile((1 + level) / 2, degrees_of_freedom)
