"""Paired differences: chance that both sides share cancels."""

from __future__ import annotations

from math import inf, isclose
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.simulate.statistics import StatisticsError, interval, paired

pairs = st.lists(st.tuples(st.floats(1, 1e4), st.floats(1, 1e4)), min_size=2, max_size=30)


def replications(seed: int, n: int) -> tuple[list[float], list[float]]:
    """Return what two systems cost in the same replications: B is 38 % cheaper, most of the luck is shared."""
    random = Random(seed)
    shared = [random.gauss(100.0, 20.0) for _ in range(n)]
    return shared, [0.62 * luck + random.gauss(0.0, 1.0) for luck in shared]


def test_shared_luck_cancels():
    a, b = replications(1, 20)
    difference = paired(a, b)
    apart = interval(a).half_width + interval(b).half_width

    assert difference.difference.half_width < apart / 2
    assert difference.relative is not None
    assert difference.relative.half_width < 0.01
    assert difference.relative.covers(-0.38)
    assert difference.correlation is not None
    assert difference.correlation > 0.99
    assert difference.distinguishable


def test_the_intervals_cover_the_true_differences_as_often_as_they_say():
    rounds = 1500
    absolute = relative = 0
    for seed in range(rounds):
        difference = paired(*replications(seed, 10))
        assert difference.relative is not None
        absolute += difference.difference.covers(-38.0)
        relative += difference.relative.covers(-0.38)

    sampling_error = 3 * (0.95 * 0.05 / rounds) ** 0.5
    assert abs(absolute / rounds - 0.95) <= sampling_error
    assert abs(relative / rounds - 0.95) <= sampling_error


@given(pairs)
def test_turning_the_question_round_turns_the_sign(both: list[tuple[float, float]]):
    a, b = [one for one, _ in both], [other for _, other in both]
    there, back = paired(a, b), paired(b, a)

    assert there.difference.mean == -back.difference.mean
    assert isclose(there.difference.half_width, back.difference.half_width)
    assert (there.correlation is None) == (back.correlation is None)
    assert isclose(there.correlation or 0.0, back.correlation or 0.0, rel_tol=1e-6, abs_tol=1e-6)
    assert there.distinguishable == back.distinguishable


@given(pairs, st.floats(0.001, 1000))
def test_the_relative_difference_has_no_unit(both: list[tuple[float, float]], factor: float):
    a, b = [one for one, _ in both], [other for _, other in both]
    one, other = paired(a, b).relative, paired([factor * x for x in a], [factor * x for x in b]).relative

    assert one is not None
    assert other is not None
    assert isclose(one.mean, other.mean, rel_tol=1e-6, abs_tol=1e-9)
    assert isclose(one.half_width, other.half_width, rel_tol=1e-6, abs_tol=1e-6)


@given(st.lists(st.floats(1, 1e4), min_size=2, max_size=20))
def test_a_system_does_not_differ_from_itself(numbers: list[float]):
    difference = paired(numbers, numbers)

    assert (0.0, 0.0) == (difference.difference.mean, difference.difference.half_width)
    assert not difference.distinguishable


def test_what_cannot_be_said_is_none():
    assert paired([0.0, 0.0], [1.0, 2.0]).relative is None
    assert paired([0.0, 0.0], [1.0, 2.0]).correlation is None
    only = paired([2.0], [3.0])
    assert only.relative is not None
    assert (0.5, inf, None) == (only.relative.mean, only.relative.half_width, only.correlation)


def test_values_that_do_not_pair_up_are_refused():
    with pytest.raises(StatisticsError) as caught:
        paired([1.0, 2.0], [1.0])
    assert "2 values do not pair with 1; run both with the same replications" == str(caught.value)
