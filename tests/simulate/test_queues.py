"""Number and wait of a queue, measured apart, and Little's law between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.simulate.queues import QueueMeter

stays = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), max_size=40)


def measured(spans: list[tuple[int, int]], begin_ns: int = 0) -> QueueMeter:
    meter = QueueMeter()
    moves = sorted(
        [(come, 0, 0) for come, _ in spans] + [(come + wait, 1, wait) for come, wait in spans],
    )
    begun = begin_ns == 0
    for time_ns, leaves, wait_ns in moves:
        if not begun and time_ns >= begin_ns:
            meter.begin(begin_ns)
            begun = True
        if leaves:
            meter.leave(time_ns, wait_ns)
        else:
            meter.enter(time_ns)
    if not begun:
        meter.begin(begin_ns)
    return meter


@given(stays)
def test_the_integral_of_the_number_is_the_sum_of_the_waits(spans: list[tuple[int, int]]):
    figures = measured(spans).figures(3000)

    assert len(spans) == figures.arrivals == figures.departures
    assert pytest.approx(sum(wait for _, wait in spans)) == figures.mean_number * 3000
    if spans:
        assert pytest.approx(figures.mean_number * 3) == figures.departures * (figures.mean_wait_us or 0)


@given(stays, st.integers(1, 2000))
def test_who_was_there_before_counting_began_stays_there(spans: list[tuple[int, int]], begin_ns: int):
    figures = measured(spans, begin_ns).figures(3000)
    there = sum(come < begin_ns <= come + wait for come, wait in spans)

    assert there == figures.number_at_begin
    assert figures.number_at_begin + figures.arrivals == figures.departures + figures.number_at_end
    inside = sum(max(0, come + wait - max(come, begin_ns)) for come, wait in spans)
    assert pytest.approx(inside) == figures.mean_number * (3000 - begin_ns)


def test_marks_tell_the_fewest_in_between():
    meter = QueueMeter()
    meter.enter(0)
    meter.enter(1)
    meter.mark()
    meter.leave(2, 2)
    meter.enter(3)

    assert 1 == meter.mark()
    assert 2 == meter.mark()


def test_nobody_has_waited_where_nobody_left():
    assert None is QueueMeter().figures(10).mean_wait_us
