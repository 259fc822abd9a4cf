"""Intervals: they cover what they say they cover, and move and stretch with the values."""

from __future__ import annotations

from math import inf, isclose, nan
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gputlb.simulate.statistics import Interval, StatisticsError, interval

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)
levels = st.floats(0.5, 0.999)


def coverage(level: float, n: int, draw: str, truth: float, rounds: int = 4000) -> float:
    """Return how often an interval of `n` draws covers the true mean."""
    random = Random(f"{draw}/{level}/{n}")
    draws = {
        "normal": lambda: random.gauss(10.0, 3.0),
        "uniform": random.random,
        "mean of 30 exponentials": lambda: sum(random.expovariate(1.0) for _ in range(30)) / 30,
    }
    covered = sum(interval([draws[draw]() for _ in range(n)], level).covers(truth) for _ in range(rounds))
    return covered / rounds


@pytest.mark.parametrize(
    ("level", "n", "draw", "truth"),
    [
        (0.95, 2, "normal", 10.0),
        (0.95, 10, "normal", 10.0),
        (0.99, 5, "normal", 10.0),
        (0.80, 8, "normal", 10.0),
        (0.95, 10, "uniform", 0.5),
    ],
)
def test_an_interval_covers_the_truth_as_often_as_it_says(level: float, n: int, draw: str, truth: float):
    """4000 intervals: the share that covers is itself known to 3 standard errors."""
    sampling_error = 3 * (level * (1 - level) / 4000) ** 0.5

    assert abs(coverage(level, n, draw, truth) - level) <= sampling_error


def test_means_of_many_skewed_things_are_covered_nearly_as_often():
    assert 0.93 <= coverage(0.95, 10, "mean of 30 exponentials", 1.0, rounds=2000) <= 0.97


@given(values, st.randoms())
def test_the_order_of_the_values_does_not_matter(numbers: list[float], random: Random):
    shuffled = list(numbers)
    random.shuffle(shuffled)

    assert interval(numbers) == interval(shuffled)


@given(values, st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_it_moves_and_stretches_with_the_values(numbers: list[float], by: float, times: float):
    before, after = interval(numbers), interval([times * number + by for number in numbers])
    close = 1e-9 * (1 + abs(by) + times * max(map(abs, numbers)))

    assert isclose(times * before.mean + by, after.mean, rel_tol=1e-9, abs_tol=close)
    assert isclose(times * before.half_width, after.half_width, rel_tol=1e-6, abs_tol=100 * close)


@given(values, levels, levels)
def test_a_higher_level_is_wider(numbers: list[float], one: float, other: float):
    assume(one < other)

    assert interval(numbers, one).half_width <= interval(numbers, other).half_width


@given(values)
def test_the_mean_lies_among_the_values(numbers: list[float]):
    assert min(numbers) <= interval(numbers).mean <= max(numbers)


def test_one_value_says_nothing_about_its_spread():
    assert Interval(7.0, inf, 0.95, 1) == interval([7.0])


def test_equal_values_have_no_spread():
    estimate = interval([0.1] * 7)

    assert (0.1, 0.0) == (estimate.mean, estimate.half_width)


def test_an_interval_says_where_it_ends_and_how_wide_it_is_beside_its_mean():
    estimate = Interval(-8.0, 2.0, 0.95, 10)

    assert (-10.0, -6.0, 0.25) == (estimate.low, estimate.high, estimate.relative_half_width)
    assert (True, True, False) == (estimate.covers(-10.0), estimate.covers(-6.0), estimate.covers(-5.9))
    assert (0.0, inf) == (Interval(0, 0, 0.95, 3).relative_half_width, Interval(0, 1, 0.95, 3).relative_half_width)


@pytest.mark.parametrize(
    ("numbers", "level", "sentence"),
    [
        ([], 0.95, "there are no values to take the mean of"),
        ([1.0, nan], 0.95, "a value is nan; leave out what has none"),
        ([1.0, 2.0], 95, "a confidence level must lie between 0 and 1, not be 95; 0.95 is usual"),
        ([1.0, 2.0], 0.0, "a confidence level must lie between 0 and 1, not be 0; 0.95 is usual"),
    ],
)
def test_values_without_a_mean_are_refused(numbers: list[float], level: float, sentence: str):
    with pytest.raises(StatisticsError) as caught:
        interval(numbers, level)
    assert sentence == str(caught.value)
