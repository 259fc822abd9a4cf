"""How long things take, and when one looks."""

from __future__ import annotations

from random import Random
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.runtime import ASLEEP, SPINNING, Asleep, Constant, Exponential, ImpossibleNaps, Latency, Naps, Spinning


def test_naps_of_the_kernel_fall_where_its_loop_looks():
    naps = Naps(10, 1000)
    looks_us = [0]
    while looks_us[-1] < 4000:
        looks_us.append(naps.look_ns(0, looks_us[-1] * 1000 + 1) // 1000)

    assert [0, 10, 30, 70, 150, 310, 630, 1270, 2550, 3830, 5110] == looks_us


@given(
    first_us=st.integers(1, 100),
    longest_us=st.integers(1, 2000),
    start_ns=st.integers(0, 10**9),
    after_ns=st.integers(0, 10**7),
)
def test_a_look_is_the_first_of_its_schedule_that_is_not_too_early(first_us, longest_us, start_ns, after_ns):
    look_ns = Naps(first_us, longest_us).look_ns(start_ns, start_ns + after_ns)

    schedule_ns, nap_us = [start_ns], first_us
    while schedule_ns[-1] < start_ns + after_ns:
        schedule_ns.append(schedule_ns[-1] + nap_us * 1000)
        nap_us = nap_us * 2 if nap_us < longest_us else nap_us
    assert schedule_ns[-1] == look_ns


@pytest.mark.parametrize("first_us", [0, -1])
def test_naps_take_time(first_us):
    with pytest.raises(ImpossibleNaps) as raised:
        Naps(first_us, 1000)

    expected = f"Naps(first_us={first_us}, longest_us=1000): first_us must be 1 or more, not {first_us}"
    assert expected == str(raised.value)


def test_the_ways_to_wait_are_told_apart():
    assert ASLEEP == Asleep()
    assert SPINNING == Spinning()
    assert 2 == len({ASLEEP, SPINNING})
    assert Naps(1, 8) == Naps(1, 8)
    assert "Naps(first_us=1, longest_us=8)" == repr(Naps(1, 8))


def test_a_constant_is_always_the_same():
    assert 4.5 == Constant(4.5).draw_us(Random(1))


def test_an_exponential_has_its_mean():
    random = Random(1)

    assert 20 == pytest.approx(mean(Exponential(20).draw_us(random) for _ in range(20_000)), rel=0.03)


def test_a_latency_has_its_typical_value_as_median_and_one_in_a_thousand_above_the_worst():
    random = Random(1)
    drawn = sorted(Latency(40, 100, 1000).draw_us(random) for _ in range(100_000))

    assert 40 == pytest.approx(median(drawn), rel=0.01)
    assert 100 == pytest.approx(drawn[99_900], rel=0.05)


@given(
    seed=st.integers(0, 2**32),
    typical_us=st.floats(0.1, 1000),
    factor=st.floats(1, 100),
    cap=st.floats(1, 10),
)
def test_a_latency_is_positive_and_never_above_its_cap(seed, typical_us, factor, cap):
    worst_us = typical_us * factor
    latency = Latency(typical_us, worst_us, worst_us * cap)
    random = Random(seed)

    for _ in range(20):
        assert 0 < latency.draw_us(random) <= worst_us * cap


def test_the_same_generator_gives_the_same_latency():
    assert Latency(40, 100, 1000).draw_us(Random(7)) == Latency(40, 100, 1000).draw_us(Random(7))
