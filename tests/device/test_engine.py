"""An engine translates through its TLB and the page table, and goes on using what it has kept."""

from __future__ import annotations

import pytest

from gputlb.device import EngineTlb
from gputlb.runtime import Constant, DirectRuntime
from tests.device.rig import WAKE_US, WALK_US, Rig


def test_a_tlb_returns_what_it_kept_for_that_page_alone():
    runtime = DirectRuntime()
    tlb = EngineTlb(runtime, "rcs0", 4)
    runtime.run(tlb.keep(1, 0xABC))

    assert [0, 0xABC, 0, 0, 0, 0] == [runtime.run(tlb.look_up(page)) for page in range(6)]


def test_pages_that_share_a_slot_displace_each_other():
    runtime = DirectRuntime()
    tlb = EngineTlb(runtime, "rcs0", 4)
    runtime.run(tlb.keep(1, 0xABC))
    runtime.run(tlb.keep(5, 0xDEF))

    assert [0, 0xDEF] == [runtime.run(tlb.look_up(page)) for page in (1, 5)]


def test_dropping_forgets_every_translation():
    runtime = DirectRuntime()
    tlb = EngineTlb(runtime, "rcs0", 4)
    for page in range(4):
        runtime.run(tlb.keep(page, page + 1))
    runtime.run(tlb.drop())

    assert [0] * 4 == [runtime.run(tlb.look_up(page)) for page in range(4)]


def test_the_first_access_walks_the_page_table_and_the_second_takes_no_time():
    rig = Rig()
    rig.map(2)
    rig.run_context("rcs0")

    async def timed() -> tuple[int, int]:
        begun_ns = rig.runtime.now_ns
        await rig.engine().touch(2)
        walked_ns = rig.runtime.now_ns
        await rig.engine().touch(2)
        return walked_ns - begun_ns, rig.runtime.now_ns - walked_ns

    assert (WALK_US * 1000, 0) == rig.do(timed())
    assert [("access", "rcs0", 2)] * 2 == rig.events("access")


def test_an_absent_entry_is_a_page_fault_that_reaches_nothing_and_keeps_nothing():
    rig = Rig()
    rig.run_context("rcs0")

    assert 0 == rig.touch(2)
    assert [] == rig.events("access")
    assert not rig.keeps(2)


def test_a_stale_entry_is_used_for_as_long_as_nobody_invalidates():
    rig = Rig()
    page = rig.map(2)
    rig.run_context("rcs0")
    rig.touch(2)
    rig.unmap(2, page)

    assert [1, 1, 1] == [rig.touch(2) for _ in range(3)]


def test_engines_keep_translations_apart():
    rig = Rig()
    page = rig.map(2)
    rig.run_context("rcs0", "vcs0")
    rig.touch(2, "rcs0")
    rig.unmap(2, page)

    assert (1, 0) == (rig.touch(2, "rcs0"), rig.touch(2, "vcs0"))


def test_a_walk_fills_the_tlb_only_while_a_context_runs():
    rig = Rig()
    rig.map(2)

    rig.touch(2)

    assert ([], False) == (rig.events("access"), rig.keeps(2))


@pytest.mark.parametrize(("switched_on", "stale"), [(True, 0), (False, 1)])
def test_a_context_that_starts_drops_what_was_kept_before(switched_on: bool, stale: int):
    rig = Rig(requests_begin_with_invalidate=switched_on)
    page = rig.map(2)
    rig.run_context("rcs0", "rcs0")  # two, so that the engine stays powered in between
    rig.touch(2)
    rig.unmap(2, page)

    rig.do(rig.engine().end_context())
    rig.run_context("rcs0")

    assert stale == rig.touch(2)


def test_a_context_waits_for_its_engine_s_power():
    rig = Rig()

    rig.run_context("rcs0")

    assert [("power", "render", True), ("context", "rcs0", "start")] == rig.events("power", "context")
    assert [WAKE_US * 1000] * 2 == [event.time_ns for event in rig.recorder]


def test_an_engine_acts_only_under_a_context():
    rig = Rig()
    rig.map(0)
    engine = rig.engine()
    engine._pace = Constant(10)
    rig.wait(1000)
    idle = rig.events("access")
    rig.run_context("rcs0")
    rig.wait(1000)

    assert [] == idle
    assert [] != rig.events("access")
