"""When work arrives: patterns as people write them, and the gaps that they draw."""

from __future__ import annotations

import statistics
from pathlib import Path
from random import Random

import pytest

from gputlb.simulate import DamagedColumns
from gputlb.simulate.arrivals import Arrivals, WrongArrivals, arrivals, arrivals_text, rate


@pytest.mark.parametrize(
    ("given", "per_s"), [("2000/s", 2000), ("2/ms", 2000), ("0.002 / us", 2000), ("2e3/s", 2000), (2000, 2000)]
)
def test_a_rate_is_written_with_its_unit(given: str | float, per_s: float):
    assert pytest.approx(per_s) == rate(given)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("2000/h", "'2000/h': 'h' is no unit of time; write 2000/s or 2/ms"),
        ("fast", "'fast' is no rate; write 2000/s"),
        ("-5/s", "a rate must be more than 0/s and at most 1000000/s, not -5/s"),
        (-5, "a rate must be more than 0/s and at most 1000000/s, not -5"),
        ("0/s", "a rate must be more than 0/s and at most 1000000/s, not 0/s"),
        (2e6, "a rate must be more than 0/s and at most 1000000/s, not 2000000.0"),
        (float("nan"), "a rate must be more than 0/s and at most 1000000/s, not nan"),
    ],
)
def test_what_is_no_rate_is_refused(given: str | float, sentence: str):
    with pytest.raises(WrongArrivals) as caught:
        rate(given)
    assert sentence == str(caught.value)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("poisson", Arrivals("poisson")),
        ("Poisson 2000/s", Arrivals("poisson", 2000)),
        ("fixed 2/ms", Arrivals("fixed", 2000)),
        ("bursty", Arrivals("bursty")),
        ("bursty 2 ms 8 ms", Arrivals("bursty")),
        ("bursty 1 ms 500 us 300/s", Arrivals("bursty", 300, 1000, 500)),
    ],
)
def test_a_pattern_is_written_in_words_and_shown_so(text: str, pattern: Arrivals):
    assert pattern == arrivals(text)
    assert pattern == arrivals(arrivals_text(pattern))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "posson",
            "'posson' is no pattern of arrivals; did you mean poisson?; "
            "there are poisson, fixed, bursty, bursty ON OFF, recorded FILE.csv",
        ),
        ("poisson often", "'poisson often': 'often' is no rate; write poisson, or poisson 2000/s"),
        ("bursty 2 ms", "'bursty 2 ms' must be written bursty ON OFF, with two times above 0: bursty 2 ms 8 ms"),
        (
            "bursty 0 ms 8 ms",
            "'bursty 0 ms 8 ms' must be written bursty ON OFF, with two times above 0: bursty 2 ms 8 ms",
        ),
        ("recorded", "'recorded' needs a file: write recorded FILE.csv"),
        ("poisson 0/s", "a rate must be more than 0/s and at most 1000000/s, not 0/s"),
    ],
)
def test_what_is_no_pattern_is_refused(text: str, sentence: str):
    with pytest.raises(WrongArrivals) as caught:
        arrivals(text)
    assert sentence == str(caught.value)


def gaps(text: str, per_s: float, count: int = 50_000) -> list[float]:
    drawn, random = arrivals(text).gaps(per_s), Random(3)
    return [drawn.draw_us(random) for _ in range(count)]


@pytest.mark.parametrize(("text", "spread"), [("fixed", 0.0), ("poisson", 1.0)])
def test_the_mean_gap_is_the_rate_s_and_its_spread_the_pattern_s(text: str, spread: float):
    drawn = gaps(text, 2000)

    assert pytest.approx(500, rel=0.02) == statistics.fmean(drawn)
    assert pytest.approx(spread * 500, rel=0.03) == statistics.pstdev(drawn)


def test_bursts_have_the_rate_on_the_whole_and_a_larger_one_while_they_last():
    drawn = gaps("bursty 2 ms 8 ms", 2000, 200_000)

    assert pytest.approx(500, rel=0.05) == statistics.fmean(drawn)
    assert statistics.pstdev(drawn) > 1500
    assert pytest.approx(100 * 0.69, rel=0.1) == statistics.median(drawn)


def test_recorded_arrivals_come_as_recorded_again_and_again(tmp_path: Path):
    path = tmp_path / "times.csv"
    path.write_text("time_us\n1000\n1010\n1040\n")
    pattern = arrivals(f"recorded {path}")

    assert f"recorded {path}" == arrivals_text(pattern)
    assert [10, 30, 20, 10, 30, 20] == gaps(f"recorded {path}", 1, 6)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1\n3\n2\n", ", line 3: 2 comes after 3; sort the lines"),
        ("1\n\n2\n", ", line 2: empty; write time_us, or take the line out"),
        ("1,2\n", ", line 1: 2 columns; write time_us alone"),
        ("1\n", ": needs two arrivals at different times or more; write time_us, a line each"),
        ("1\n1\n", ": needs two arrivals at different times or more; write time_us, a line each"),
    ],
)
def test_a_hole_in_a_recording_is_named_with_its_mend(tmp_path: Path, text: str, sentence: str):
    path = tmp_path / "times.csv"
    path.write_text(text)

    with pytest.raises(DamagedColumns) as caught:
        arrivals(f"recorded {path}")
    assert f"{path}{sentence}" == str(caught.value)


def test_a_run_has_gaps_of_its_own():
    """What remembers where it is must not be shared: the second run would go on where the first one ended."""
    pattern = arrivals("bursty")
    first, second = pattern.gaps(100), pattern.gaps(100)
    random = Random(1)
    drawn = [first.draw_us(random) for _ in range(5)]

    random = Random(1)
    assert drawn == [second.draw_us(random) for _ in range(5)]
