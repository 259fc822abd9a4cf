"""Forcewake: a domain answers what it is asked, is powered while anybody needs it, and forgets when it is not."""

from __future__ import annotations

import pytest

from gputlb import facts
from gputlb.runtime import Constant
from tests.device.rig import IDLE_US, KERNEL, WAKE_US, Rig

GFX = 0xCED8
DOMAINS = {row.name: row for row in facts.forcewake_domains(facts.platform("tigerlake"))}
GT, RENDER = DOMAINS["gt"], DOMAINS["render"]
ASK, RELEASE = KERNEL << 16 | KERNEL, KERNEL << 16


def test_a_write_to_a_sleeping_register_is_lost_with_an_event():
    rig = Rig()

    rig.write(GFX, 1)

    assert [("write_lost", GFX, 1, "asleep")] == rig.events("write_lost")
    rig.wake()
    assert 0 == rig.read(GFX)


def test_a_write_to_a_sleeping_register_is_a_violation_where_that_is_wanted():
    rig = Rig(strict_power=True)

    rig.write(GFX, 1)

    text = "GEN12_GFX_TLB_INV_CR was written while its forcewake domain slept"
    assert [("violation", text, {"register": GFX})] == rig.events("violation")


def test_a_sleeping_register_reads_0_and_a_wait_for_0_ends_at_once():
    rig = Rig(invalidation_latency=Constant(500))
    rig.wake()
    rig.write(GFX, 1)
    for domain in DOMAINS.values():
        rig.write(domain.request_offset, RELEASE)
    rig.wait(2 * IDLE_US)

    assert (0, True, False) == (rig.read(GFX), rig.until(GFX, 1, 0, 0), rig.until(GFX, 1, 1, 0))


def test_the_acknowledge_follows_the_request_once_there_is_power():
    rig = Rig()

    async def steps() -> list[int]:
        seen = [await rig.registers.read(GT.ack_offset)]
        await rig.registers.write(GT.request_offset, ASK)
        for us in (WAKE_US - 1, 2):
            await rig.runtime.sleep(us)
            seen.append(await rig.registers.read(GT.ack_offset))
        await rig.registers.write(GT.request_offset, RELEASE)
        await rig.runtime.sleep(1)
        seen.append(await rig.registers.read(GT.ack_offset))
        return seen

    assert [0, 0, KERNEL, 0] == rig.do(steps())


def test_a_request_while_the_power_lingers_is_answered_at_once():
    rig = Rig()
    rig.write(GT.request_offset, ASK)
    rig.wait(WAKE_US + 1)
    rig.write(GT.request_offset, RELEASE)
    rig.wait(IDLE_US / 2)

    rig.write(GT.request_offset, ASK)

    assert rig.until(GT.ack_offset, KERNEL, KERNEL, 0)
    rig.wait(10 * IDLE_US)
    assert [("power", "gt", True)] == rig.events("power")


def test_request_bits_are_independent_and_masked():
    rig = Rig()
    rig.write(GT.request_offset, 0b110 << 16 | 0b111)
    rig.wait(WAKE_US + 1)
    both = rig.read(GT.ack_offset)
    rig.write(GT.request_offset, 0b010 << 16)
    rig.wait(1)

    assert (0b110, 0b100) == (both, rig.read(GT.ack_offset))


def test_nobody_s_domain_sleeps_some_time_after_its_last_need():
    rig = Rig()
    rig.write(GT.request_offset, ASK)
    rig.wait(100)
    rig.write(GT.request_offset, RELEASE)
    released_us = rig.now_us
    rig.wait(100)

    assert [("power", "gt", True), ("power", "gt", False)] == rig.events("power")
    slept_us = [event.time_ns / 1000 for event in rig.recorder if event.kind == "power"][-1]
    assert released_us + IDLE_US == slept_us


@pytest.mark.parametrize(("forgets", "kept"), [(True, False), (False, True)])
def test_a_domain_that_sleeps_takes_its_engines_translations_along(forgets: bool, kept: bool):
    rig = Rig(tlb_lost_on_power_down=forgets)
    rig.map(2)
    rig.run_context("rcs0")
    rig.touch(2)
    rig.do(rig.engine().end_context())
    rig.wait(2 * IDLE_US)

    assert ("power", "render", False) in rig.events("power")
    assert kept is rig.keeps(2)


def test_another_domain_s_sleep_leaves_translations_alone():
    rig = Rig()
    rig.map(2)
    rig.run_context("rcs0", "vcs0")
    rig.touch(2, "rcs0")
    rig.do(rig.engine("vcs0").end_context())
    rig.wait(2 * IDLE_US)

    assert [("power", "vdbox0", False)] == [event for event in rig.events("power") if event[2] is False]
    assert rig.keeps(2, "rcs0")


def test_no_domain_sleeps_under_a_context_whatever_the_driver_asks():
    rig = Rig()
    rig.run_context("rcs0")
    rig.write(RENDER.request_offset, ASK)
    rig.wait(100)
    rig.write(RENDER.request_offset, RELEASE)
    rig.wait(100 * IDLE_US)

    assert [("power", "render", True)] == rig.events("power")


@pytest.mark.parametrize("platform", ["broadwell", "skylake", "icelake", "tigerlake", "dg2", "meteorlake"])
def test_every_domain_of_every_gt_answers(platform: str):
    rig = Rig(platform)

    for gt in rig.platform.gts:
        rig.wake(gt.type)

    assert len(rig.gpu.domains) == len(rig.events("power"))
