"""Precision: what it is told by, and when it is met."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.simulate.statistics import Interval, Precision, StatisticsError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2%", Precision(relative=0.02)),
        (" 0.5 % ", Precision(relative=0.005)),
        (".5%", Precision(relative=0.005)),
        ("3", Precision(absolute=3.0)),
        ("0.25", Precision(absolute=0.25)),
    ],
)
def test_a_precision_is_told_in_percent_or_in_the_cost_s_unit(text: str, expected: Precision):
    assert expected == Precision.parse(text)


@pytest.mark.parametrize("text", ["", "%", "two", "-1%", "0%", "0", "1e400", "1 000", "2%%", "nan", "2 percent"])
def test_other_texts_are_refused(text: str):
    with pytest.raises(StatisticsError):
        Precision.parse(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("two", "precision 'two' is neither a share such as 2% nor a positive number of the cost's unit"),
        ("100%", "precision '100%' must be below 100%; 2% is usual"),
    ],
)
def test_a_refusal_says_what_would_do(text: str, sentence: str):
    with pytest.raises(StatisticsError) as caught:
        Precision.parse(text)
    assert sentence == str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"relative": 0.1, "absolute": 1.0},
        {"relative": 0.0},
        {"relative": 1.0},
        {"absolute": 0.0},
        {"absolute": inf},
        {"relative": 0.1, "least": 1},
        {"relative": 0.1, "least": 20, "most": 10},
    ],
)
def test_a_precision_that_cannot_be_met_or_is_none_is_refused(fields: dict[str, float]):
    with pytest.raises(StatisticsError):
        Precision(**fields)  # type: ignore[arg-type]


def test_it_is_met_by_a_narrow_interval_from_enough_values():
    wanted = Precision(relative=0.1, least=5)

    assert wanted.met_by(Interval(100.0, 9.0, 0.95, 5))
    assert not wanted.met_by(Interval(100.0, 9.0, 0.95, 4))
    assert not wanted.met_by(Interval(100.0, 9.5, 0.95, 50))
    assert Precision(absolute=9.5).met_by(Interval(100.0, 9.5, 0.95, 50))
    assert not Precision(absolute=9.4).met_by(Interval(100.0, 9.5, 0.95, 50))


@given(st.floats(0.001, 0.9), st.floats(0.1, 1e6), st.floats(0, 1))
def test_a_relative_precision_bounds_the_error_beside_the_truth(share: float, mean: float, part: float):
    """The truth lies in the interval; the mean is then within that share of the truth, not of itself."""
    half_width = part * mean
    if Precision(relative=share).met_by(Interval(mean, half_width, 0.95, 100)):
        for truth in (mean - half_width, mean + half_width):
            assert abs(mean - truth) <= share * truth * (1 + 1e-9)


def test_it_reads_as_it_was_told():
    assert ("2 %", "0.5") == (str(Precision.parse("2%")), str(Precision.parse("0.5")))
