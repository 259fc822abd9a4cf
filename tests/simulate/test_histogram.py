"""Quantiles from a histogram that never grows, beside those of the sorted values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.simulate.histogram import COARSE_RELATIVE_WIDTH, RELATIVE_ERROR, LatencyHistogram
from gputlb.simulate.results import RELEASES_FOR

times_ns = st.lists(st.integers(0, 10**9), min_size=1, max_size=200)


def nearest_rank(values: list[int], per_mille: int) -> int:
    return next(value for value in sorted(values) if 1000 * sum(v <= value for v in values) >= per_mille * len(values))


@given(times_ns, st.integers(1, 1000))
def test_a_quantile_is_the_nearest_rank_s_within_the_stated_error(values: list[int], per_mille: int):
    quantile_us = LatencyHistogram(values).quantile_us(per_mille)

    assert quantile_us is not None
    assert pytest.approx(nearest_rank(values, per_mille) / 1000, rel=RELATIVE_ERROR) == quantile_us


@given(times_ns)
def test_count_mean_and_largest_are_exact(values: list[int]):
    histogram = LatencyHistogram(values)

    assert (len(values), max(values)) == (histogram.count, histogram.largest_ns)
    assert pytest.approx(sum(values) / len(values) / 1000) == histogram.mean_us()


@given(st.integers(0, 10**12), st.integers(1, 50))
def test_equal_values_come_out_as_they_went_in(value: int, count: int):
    histogram = LatencyHistogram([value] * count)

    assert value / 1000 == histogram.quantile_us(500) == histogram.quantile_us(1000)


@given(times_ns)
def test_the_coarse_histogram_holds_every_value_below_its_bound(values: list[int]):
    coarse = LatencyHistogram(values).coarse()
    bounds_ns = [round(upper * 1000) for upper, _ in coarse]

    assert len(values) == sum(count for _, count in coarse)
    assert bounds_ns == sorted(set(bounds_ns))
    below = -1
    for upper, count in zip(bounds_ns, (count for _, count in coarse), strict=True):
        inside = [value for value in values if below < value <= upper]
        assert len(inside) == count > 0
        assert min(inside) >= upper * (1 - COARSE_RELATIVE_WIDTH) - 1
        below = upper


def test_a_hundred_thousand_values_of_one_range_take_the_room_of_a_few_thousand():
    many = LatencyHistogram(range(0, 10**6, 10))

    assert len(many._counts) < 12_000
    assert len(many.coarse()) < 1_600


def test_without_values_there_are_none():
    assert (None, None, ()) == (
        LatencyHistogram().quantile_us(500),
        LatencyHistogram().mean_us(),
        LatencyHistogram().coarse(),
    )


@pytest.mark.parametrize(("name", "per_mille"), [("p50", 500), ("p90", 900), ("p95", 950), ("p99", 990), ("p999", 999)])
def test_a_quantile_of_fewer_values_than_it_takes_is_their_maximum(name: str, per_mille: int):
    least = RELEASES_FOR[name]
    of_too_few = LatencyHistogram([1000] * (least - 2) + [5000])
    of_enough = LatencyHistogram([1000] * (least - 1) + [5000])

    assert (5, 1) == (of_too_few.quantile_us(per_mille), of_enough.quantile_us(per_mille))
