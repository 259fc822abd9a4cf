"""Batch means and warm-up, on series whose truth is known."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.simulate.statistics import StatisticsError, WarmUp, batch_means, interval, mser5


def remembering(seed: int, n: int, memory: float, start: float = 0.0) -> list[float]:
    """Return a first-order autoregressive series around 0: each value keeps `memory` of the one before."""
    random = Random(seed)
    series, value = [], start
    for _ in range(n):
        value = memory * value + random.gauss(0.0, 1.0)
        series.append(value)
    return series


def test_batches_cover_the_truth_where_single_values_do_not():
    rounds = 300
    series = [remembering(seed, 4000, 0.8) for seed in range(rounds)]
    by_batches = sum(batch_means(values).interval.covers(0.0) for values in series) / rounds
    by_values = sum(interval(values).covers(0.0) for values in series) / rounds

    assert by_batches >= 0.95 - 3 * (0.95 * 0.05 / rounds) ** 0.5
    assert by_values < 0.6


def test_batches_too_short_for_the_series_are_told():
    assert not batch_means(remembering(1, 400, 0.99)).long_enough
    assert batch_means(remembering(1, 20_000, 0.5)).long_enough


def test_what_fills_no_batch_is_left_out_at_the_front():
    result = batch_means([1000.0, 1.0, 1.0, 3.0, 3.0], batches=2)

    assert (2.0, 2, 2) == (result.interval.mean, result.interval.n, result.batch_size)


def test_a_constant_series_has_batches_without_spread():
    result = batch_means([4.0] * 40)

    assert (4.0, 0.0, 0.0) == (result.interval.mean, result.interval.half_width, result.correlation)


@pytest.mark.parametrize(
    ("numbers", "batches", "sentence"),
    [
        ([1.0] * 10, 1, "a run is cut into 2 batches or more, not 1; 20 is usual"),
        ([1.0] * 10, 20, "10 values do not fill 20 batches; make the run longer"),
    ],
)
def test_runs_that_cannot_be_cut_are_refused(numbers: list[float], batches: int, sentence: str):
    with pytest.raises(StatisticsError) as caught:
        batch_means(numbers, batches=batches)
    assert sentence == str(caught.value)


def test_a_start_far_from_the_truth_is_cut():
    """The start is felt for about 60 values: 50 * 0.95**60 is 2, within the noise."""
    found = [mser5(remembering(seed, 2000, 0.95, start=50.0)) for seed in range(10)]

    assert all(20 <= each.values <= 200 for each in found)
    assert sum(each.settled for each in found) >= 9


def test_what_is_steady_from_the_start_loses_little():
    cuts = [mser5(remembering(seed, 1000, 0.0)) for seed in range(40)]

    assert sum(cut.settled for cut in cuts) >= 38
    assert sorted(cut.values for cut in cuts)[20] <= 200


def test_a_drift_to_the_end_is_not_settled():
    assert not mser5([float(value) for value in range(200)]).settled


def test_a_run_that_happens_to_end_quietly_has_settled_all_the_same():
    random = Random(1)
    rare = [40.0 + (60.0 if random.random() < 0.1 else 0.0) for _ in range(400)]

    assert mser5([*rare, *[40.0] * 40]).settled


def test_a_step_is_cut_at_its_edge():
    assert WarmUp(100, settled=True) == mser5([9.0] * 100 + [1.0, 2.0, 3.0, 2.0, 1.5] * 80)


@given(st.lists(st.floats(0, 1000), max_size=39))
def test_a_short_series_says_nothing(numbers: list[float]):
    assert WarmUp(0, settled=False) == mser5(numbers)


@given(st.integers(0, 1000), st.floats(-100, 100), st.sampled_from([0.25, 0.5, 2.0, 64.0]))
def test_the_cut_does_not_depend_on_the_unit(seed: int, by: float, times: float):
    series = remembering(seed, 200, 0.9, start=20.0)

    assert mser5(series) == mser5([times * value for value in series])
    assert abs(mser5(series).values - mser5([value + by for value in series]).values) <= 5


@given(st.lists(st.floats(-1e6, 1e6), min_size=40, max_size=300))
def test_a_cut_is_whole_batches_of_the_first_half(numbers: list[float]):
    found = mser5(numbers)

    assert 0 == found.values % 5
    assert found.values <= len(numbers) / 2
