"""Spans of time as people write them, and what they draw."""

from __future__ import annotations

import statistics
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.device import Behaviour
from gputlb.runtime import Constant, Duration, Exponential, Latency
from gputlb.simulate import DamagedColumns, WrongDuration
from gputlb.simulate.durations import Measured, Pareto, Uniform, duration, duration_text

times = st.integers(1, 10**6).map(float)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("40 us", Constant(40)),
        ("40us", Constant(40)),
        ("0.3 ms", Constant(300)),
        ("250 ns", Constant(0.25)),
        ("1 s", Constant(1e6)),
        ("40 µs", Constant(40)),
        ("1e2us", Constant(100)),
        (40, Constant(40)),
        (0.5, Constant(0.5)),
        ("constant 40 us", Constant(40)),
        ("Exponential 300 us", Exponential(300)),
        ("uniform 20 us 60 us", Uniform(20, 60)),
        ("lognormal 40 us, 100 us, 1 ms", Latency(40, 100, 1000)),
        ("pareto 40 us 1.5 1 ms", Pareto(40, 1.5, 1000)),
    ],
)
def test_a_span_is_written_with_its_unit(text: str | float, span: Duration):
    assert span == duration(text)


def test_documented_is_what_the_virtual_gpu_does_by_itself():
    assert Behaviour().invalidation_latency == duration("documented")
    assert "documented" == duration_text(Behaviour().invalidation_latency)


@given(
    st.one_of(
        st.builds(Constant, times),
        st.builds(Exponential, times),
        st.tuples(times, times).map(lambda pair: Uniform(*sorted(pair))),
        st.tuples(times, times, times).map(lambda three: Latency(*sorted(three))),
        st.builds(lambda pair, shape: Pareto(min(pair), shape, max(pair)), st.tuples(times, times), st.floats(0.1, 9)),
    )
)
def test_what_is_shown_is_what_was_meant(span: Duration):
    again = duration(duration_text(span))

    assert type(span) is type(again)
    assert pytest.approx(span.draw_us(Random(1)), rel=1e-3) == again.draw_us(Random(1))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("40 yr", "'40 yr': 'yr' is no unit of time; there are ns, us, ms and s"),
        ("40", """'40' has no unit; write "40 us", or whatever it is in"""),
        ("constant 40", """'constant 40': 40 has no unit; write "40 us", or whatever it is in"""),
        (
            "uniform 20 1234567.5 us",
            """'uniform 20 1234567.5 us': 20 has no unit; write "20 us", or whatever it is in""",
        ),
        (
            "pareto 40 us 1.5 1000",
            """'pareto 40 us 1.5 1000': 1000 has no unit; write "1000 us", or whatever it is in""",
        ),
        ("uniform 3 us", "'uniform 3 us' must be written uniform LEAST MOST"),
        ("exponential", "'exponential' must be written exponential MEAN"),
        ("uniform 3 us 2 us", "'uniform 3 us 2 us': the first time must not be longer than the second; exchange them"),
        (
            "lognormal 40 us 30 us 1 ms",
            "'lognormal 40 us 30 us 1 ms': median, P999 and cap must be more than 0 and in ascending order",
        ),
        ("pareto 40 us 2 us 1 ms", "'pareto 40 us 2 us 1 ms': the shape has no unit; write pareto MEDIAN SHAPE CAP"),
        (
            "pareto 40 us 0 1 ms",
            "'pareto 40 us 0 1 ms': the median must be more than 0, the cap no less than it, the shape in 0 … 100",
        ),
        ("2000 s", "'2000 s': a span of time must be 0 us to 1000 s"),
        (-1, "'-1': a span of time must be 0 us to 1000 s"),
        (float("nan"), "'nan': a span of time must be 0 us to 1000 s"),
        ("constant x", "'constant x' is no span of time: 'x' is no number with a unit"),
        ("measured", "'measured' needs a file: write measured FILE.csv"),
    ],
)
def test_what_is_no_span_is_refused_in_one_sentence(text: str | float, sentence: str):
    with pytest.raises(WrongDuration) as caught:
        duration(text)
    assert sentence == str(caught.value)


def test_a_misspelt_shape_is_answered_with_the_nearest():
    with pytest.raises(WrongDuration, match=r"'paretto 3 us' is no span of time; did you mean pareto\?; write TIME, "):
        duration("paretto 3 us")


def test_times_under_a_heading_of_another_unit_are_refused(tmp_path: Path):
    path = tmp_path / "measured.csv"
    path.write_text("latency_ms\n0.04\n")

    with pytest.raises(DamagedColumns) as caught:
        duration(f"measured {path}")
    assert (
        f"{path}, line 1: 'latency_ms' is no heading of such a file; write latency_us or latency_us,count, or leave "
        "the heading out" == str(caught.value)
    )


def draws(span: Duration, count: int = 20_000) -> list[float]:
    random = Random(7)
    return sorted(span.draw_us(random) for _ in range(count))


def test_half_of_a_pareto_is_above_its_median_and_none_above_its_cap():
    drawn = draws(Pareto(40, 1.5, 1000))

    assert pytest.approx(40, rel=0.02) == statistics.median(drawn)
    assert 1000 == drawn[-1]
    assert pytest.approx(40 * 2 ** (-1 / 1.5), rel=0.01) == drawn[0]


def test_a_uniform_span_has_the_mean_between_its_ends():
    assert pytest.approx(40, rel=0.02) == statistics.fmean(draws(Uniform(20, 60)))


def test_measured_values_come_as_often_as_they_were_measured(tmp_path: Path):
    path = tmp_path / "latency.csv"
    path.write_text("latency_us,count\n40,300\n100.5,100\n")
    span = duration(f"measured {path}")

    assert Measured(str(path), (40.0, 100.5), (300, 400)) == span
    assert f"measured {path}" == duration_text(span)
    drawn = draws(span)
    assert {40.0, 100.5} == set(drawn)
    assert pytest.approx(0.75, abs=0.02) == drawn.count(40.0) / len(drawn)


def test_measured_values_may_stand_one_a_line(tmp_path: Path):
    path = tmp_path / "latency.csv"
    path.write_text("40\n50\n40\n")

    assert Measured(str(path), (40.0, 50.0), (2, 3)) == duration(f"measured {path}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("40\n\n50\n", "line 2: empty; write latency_us or latency_us,count, or take the line out"),
        ("40,1\n50,\n", "line 2: count is missing; write it, or take the line out"),
        ("40,1\n,3\n", "line 2: latency_us is missing; write it, or take the line out"),
        ("latency_us\n40\nfast\n", "line 3: latency_us must be a number, not 'fast'"),
        ("40\n-1\n", "line 2: latency_us must be 0 or more, not -1"),
        ("40\ninf\n", "line 2: latency_us must be 0 or more, not inf"),
        ("40,1.5\n", "line 1: count must be a whole number, not 1.5"),
        ("40,1,2\n", "line 1: 3 columns; write latency_us or latency_us,count"),
    ],
)
def test_a_hole_in_a_file_is_named_with_file_line_and_mend(tmp_path: Path, text: str, sentence: str):
    path = tmp_path / "holes.csv"
    path.write_text(text)

    with pytest.raises(DamagedColumns) as caught:
        duration(f"measured {path}")
    assert f"{path}, {sentence}" == str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", ": holds no value; write latency_us or latency_us,count, a line each"),
        (b"latency_us\n", ": holds no value; write latency_us or latency_us,count, a line each"),
        (b"40,0\n", ": holds no value; write latency_us or latency_us,count, a line each"),
        (b"\xff\xfe4\x000\x00", ": no text in UTF-8; name a file of latency_us or latency_us,count"),
        (b"4" * 5000, ": a line of more than 4096 characters; name a file of numbers"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes, sentence: str):
    path = tmp_path / "other.csv"
    path.write_bytes(content)

    with pytest.raises(DamagedColumns) as caught:
        duration(f"measured {path}")
    assert f"{path}{sentence}" == str(caught.value)
