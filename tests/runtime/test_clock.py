"""Clocks: the machine's goes on by itself, the stepped one only when somebody waits."""

from __future__ import annotations

import threading

from gputlb.runtime import DirectRuntime, MachineClock, SteppedClock


def test_a_stepped_clock_moves_by_what_is_waited():
    clock = SteppedClock()
    clock.pause_ns(5)
    clock.pause_ns(3_600_000_000_000)

    assert 3_600_000_000_005 == clock.now_ns()


def test_a_breath_of_a_stepped_clock_is_a_microsecond():
    clock = SteppedClock()
    clock.pause_ns(0)

    assert 1000 == clock.now_ns()


def test_a_stepped_clock_loses_nothing_between_threads():
    clock = SteppedClock()

    def pause():
        for _ in range(5000):
            clock.pause_ns(1)

    threads = [threading.Thread(target=pause) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 20_000 == clock.now_ns()


def test_the_machines_clock_never_goes_back_and_passes_at_least_the_pause():
    clock = MachineClock()
    before_ns = clock.now_ns()
    clock.pause_ns(1000)

    assert clock.now_ns() - before_ns >= 1000


def test_a_runtime_counts_from_when_it_was_made():
    clock = SteppedClock()
    clock.pause_ns(10**12)
    runtime = DirectRuntime(clock=clock)

    assert 0 == runtime.now_ns
