"""The kernel log shows what `dmesg` would: ten error lines in five seconds, then how many were dropped."""

from __future__ import annotations

from gputlb.driver import KernelLog, Once, RateLimit
from gputlb.runtime import DirectRuntime, Event, EventStream
from tests.driver.parts import Bench

SECOND = 1_000_000_000


def log_of(*times_ns: int, kind: str = "err") -> KernelLog:
    stream = EventStream()
    log = KernelLog(stream)
    for number, time_ns in enumerate(times_ns):
        stream.publish(Event(time_ns, "client", kind, (f"line {number}",)))
    return log


def test_a_line_looks_as_in_dmesg():
    assert ["[   12.000345] i915 0000:00:02.0: [drm] *ERROR* line 0"] == log_of(12 * SECOND + 345_678).lines


def test_warnings_are_not_limited():
    assert 20 == len(log_of(*range(20), kind="warn").lines)
    assert "[    0.000000] i915 0000:00:02.0: [drm] line 0" == log_of(0, kind="warn").lines[0]


def test_ten_error_lines_are_let_through_in_five_seconds():
    log = log_of(*range(0, 15 * 300_000_000, 300_000_000))

    assert 10 == len(log.lines)
    assert 5 == log.suppressed


def test_the_next_interval_says_how_many_were_dropped():
    log = log_of(*([0] * 13), 5 * SECOND + 1)

    assert 12 == len(log.lines)
    assert "[    5.000000] drm_err_ratelimited: 3 callbacks suppressed" == log.lines[10]
    assert log.lines[11].endswith("*ERROR* line 13")
    assert 0 == log.suppressed


def test_the_interval_begins_with_the_first_call_and_has_not_ended_at_its_last_moment():
    limit = RateLimit(1, 5 * SECOND)

    assert [(True, 0), (False, 0), (False, 0), (True, 2)] == [
        limit.allows(time_ns) for time_ns in (SECOND, 2 * SECOND, 6 * SECOND, 6 * SECOND + 1)
    ]


def test_a_flood_of_timeouts_is_listed_in_full_on_the_stream_and_limited_in_the_log():
    bench = Bench().set_up()
    log = KernelLog(bench.runtime.events)
    for register in (0xCED8, 0xCEDC, 0xCEE0, 0xCEE4):
        bench.bar.words[register] = 0xFFFF
    for seqno in (0, 2, 4):
        bench.run(bench.tlb.invalidate_full(seqno))

    assert 15 == len(bench.events("err"))
    assert 10 == len(log.lines)
    assert log.lines[0].endswith("i915 0000:00:02.0: [drm] *ERROR* GT0: rcs0 TLB invalidation did not complete in 4ms!")


def test_a_place_that_warns_once_does():
    runtime = DirectRuntime()
    place = Once(runtime, "gt0.warned")

    assert [True, False, False] == [runtime.run(place.first()) for _ in range(3)]
