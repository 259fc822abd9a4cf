"""A full invalidation: the tests in front of it, in their order, and what it does and counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.driver.parts import Bench


def skipped(seqno: int = 0, **gt: Any) -> list[tuple[Any, ...]]:
    bench = Bench(**gt).set_up()
    bench.run(bench.tlb.invalidate_full(seqno))
    return bench.events()


def test_a_mock_is_left_alone_first_of_all():
    assert [("skip", "mock")] == skipped(mock=True, wedged=True)


def test_a_wedged_gt_is_left_alone_whatever_its_number():
    assert [("skip", "wedged")] == skipped(wedged=True, seqno=0xFFFFFFFE)


def test_a_flush_that_has_passed_is_not_repeated_and_asks_for_no_power():
    assert [("skip", "passed")] == skipped(seqno=0xFFFFFFFD)


def test_a_gt_that_sleeps_is_not_woken():
    assert [("pm_get_if_awake", False), ("skip", "asleep")] == skipped(pm_references=0)


def test_a_flush_on_tiger_lake_event_for_event():
    bench = Bench(awake=["rcs0", "vcs1"]).set_up()
    bench.run(bench.tlb.invalidate_full(1))

    assert [
        ("pm_get_if_awake", True),
        ("mutex_lock", "gt0.tlb.invalidate_lock"),
        ("fw_get", "ALL"),
        ("lock", "uncore"),
        ("fw_awake", "render"),
        ("fw_awake", "gt"),
        ("fw_awake", "vdbox0"),
        ("fw_awake", "vdbox2"),
        ("fw_awake", "vebox0"),
        ("unlock", "uncore"),
        ("lock", "mcr"),
        ("lock", "uncore"),
        ("engine_awake", "rcs0", True),
        ("write", 0xCED8, 1),
        ("engine_awake", "bcs0", False),
        ("engine_awake", "vcs0", False),
        ("engine_awake", "vcs1", True),
        ("write", 0xCEDC, 0x40004),
        ("engine_awake", "vecs0", False),
        ("trace", "invalidated engines 00001001"),
        ("write", 0xCEEC, 1),
        ("unlock", "uncore"),
        ("unlock", "mcr"),
        ("wait", 0xCED8, 1, 0, 100, 4, "ok"),
        ("wait", 0xCEDC, 4, 0, 100, 4, "ok"),
        ("fw_put_delayed", "ALL"),
        ("lock", "uncore"),
        ("unlock", "uncore"),
        ("seqno", 2),
        ("mutex_unlock", "gt0.tlb.invalidate_lock"),
        ("pm_put",),
    ] == bench.events()


def test_a_flush_that_timed_out_counts():
    bench = Bench().set_up()
    bench.bar.words[0xCED8] = 1
    bench.run(bench.tlb.invalidate_full(0))

    assert 2 == bench.run(bench.tlb.seqno())
    assert [("err", "GT0: rcs0 TLB invalidation did not complete in 4ms!")] == bench.events("err")


def test_an_object_stamped_during_a_flush_waits_for_the_one_after_it():
    bench = Bench().set_up()
    wanted = bench.run(bench.tlb.next_invalidate_full())
    for _ in range(3):
        bench.run(bench.tlb.invalidate_full(wanted))

    assert [("seqno", 2), ("seqno", 4), ("skip", "passed")] == bench.events("seqno", "skip")


def test_power_and_lock_are_given_back_when_a_scheme_fails():
    bench = Bench()  # never set up
    with pytest.raises(Exception, match="before it was set up"):
        bench.run(bench.tlb.invalidate_full(0))

    assert [("mutex_unlock", "gt0.tlb.invalidate_lock"), ("pm_put",)] == bench.events()[-2:]


def test_async_with_sets_the_engines_up_and_waits_for_the_last_flush():
    bench = Bench(awake=["rcs0"])

    async def use() -> None:
        async with bench.tlb as tlb:
            await tlb.invalidate_full(0)

    bench.run(use())

    assert ("engine_init", "rcs0", 0) == bench.events()[0]
    assert ("mutex_unlock", "gt0.tlb.invalidate_lock") == bench.events()[-1]
