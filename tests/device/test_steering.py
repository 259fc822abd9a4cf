"""Replicated registers: a write reaches all copies only if steering says so, and the semaphore has one holder."""

from __future__ import annotations

from typing import Any

import pytest

from gputlb import facts
from gputlb.runtime import SPINNING
from tests.device.rig import Rig

GFX, MEDIA, VD = 0xCED8, 0x380000, 0xCEDC
SELECTOR = facts.register_named("MTL_MCR_SELECTOR")
SEMAPHORE = facts.register_named("MTL_STEER_SEMAPHORE").offset
MULTICAST = 1 << SELECTOR.field("MULTICAST").low


def primed(**behaviour: Any) -> Rig:
    rig = Rig("meteorlake", **behaviour)
    rig.map(2)
    for gt in rig.platform.gts:
        rig.wake(gt.type)
    rig.run_context("rcs0", "vcs0")
    rig.touch(2, "rcs0")
    rig.touch(2, "vcs0")
    return rig


def test_a_request_is_ignored_while_steering_is_left_on_one_copy():
    rig = primed(multicast_at_start=False)

    assert rig.flush(GFX, 1, 1)

    assert rig.keeps(2, "rcs0")
    assert [("request_ignored", "gt0.XEHP_GFX_TLB_INV_CR", 1)] == rig.events("request_ignored")


def test_selecting_multicast_makes_requests_reach_all_copies():
    rig = primed(multicast_at_start=False)

    rig.write(SELECTOR.offset, MULTICAST)
    assert rig.flush(GFX, 1, 1)

    assert not rig.keeps(2, "rcs0")


def test_steering_can_be_left_on_one_copy_again():
    rig = primed()

    rig.write(SELECTOR.offset, 0)
    rig.flush(GFX, 1, 1)

    assert rig.keeps(2, "rcs0")


def test_the_media_gt_s_registers_are_not_replicated():
    rig = primed(multicast_at_start=False)

    rig.flush(MEDIA + VD, 1 << 16 | 1, 1)

    assert not rig.keeps(2, "vcs0")


@pytest.mark.parametrize("offset", [SEMAPHORE, MEDIA + SEMAPHORE])
def test_the_semaphore_reads_1_to_the_one_who_takes_it(offset: int):
    rig = Rig("meteorlake")

    taken = [rig.read(offset), rig.read(offset)]
    rig.write(offset, 1)

    assert [1, 0] == taken
    assert 1 == rig.read(offset)


def test_each_gt_has_a_semaphore_of_its_own():
    rig = Rig("meteorlake")

    assert (1, 1) == (rig.read(SEMAPHORE), rig.read(MEDIA + SEMAPHORE))


def test_a_wait_for_the_semaphore_takes_it_or_times_out():
    rig = Rig("meteorlake")

    waits = [rig.until(SEMAPHORE, 0xFFFFFFFF, 1, 100), rig.until(SEMAPHORE, 0xFFFFFFFF, 1, 100)]

    assert [True, False] == waits


def test_the_semaphore_has_one_holder_at_a_time():
    rig = Rig("meteorlake")
    held: list[tuple[str, str]] = []

    async def holder(name: str) -> None:
        assert await rig.registers.until(SEMAPHORE, 0xFFFFFFFF, 1, 10_000, SPINNING)
        held.append((name, "takes"))
        await rig.runtime.sleep(30)
        held.append((name, "gives"))
        await rig.registers.write(SEMAPHORE, 1)

    for name in "abc":
        rig.runtime.agent(name, lambda name=name: holder(name))  # type: ignore[misc]
    rig.wait(1000)

    assert [(name, what) for name, _ in held[::2] for what in ("takes", "gives")] == held
    assert {"a", "b", "c"} == {name for name, _ in held}
