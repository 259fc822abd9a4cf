"""The BAR: every offset in it does something, none outside it does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb import facts
from gputlb.device import DeadMmio, RegisterOutsideBar
from gputlb.device.register_file import ALL_ONES
from gputlb.runtime import SPINNING, Constant
from tests.device.rig import KERNEL, Rig

GFX = 0xCED8
BAR = facts.mmio_bar_bytes(facts.platform("tigerlake"))
ANY_RIG = Rig()


@pytest.mark.parametrize(
    ("offset", "text"),
    [
        (BAR, f"register {BAR:#x} lies outside the BAR: offsets are multiples of 4 below {BAR:#x}"),
        (-4, f"register -0x4 lies outside the BAR: offsets are multiples of 4 below {BAR:#x}"),
        (0xCED9, f"register 0xced9 lies outside the BAR: offsets are multiples of 4 below {BAR:#x}"),
    ],
)
def test_an_offset_outside_the_bar_is_refused_in_a_sentence(offset: int, text: str):
    registers = ANY_RIG.registers
    for access in (
        lambda: registers.read(offset),
        lambda: registers.write(offset, 0),
        lambda: registers.until(offset, 1, 0, 0, SPINNING),
    ):
        with pytest.raises(RegisterOutsideBar) as caught:
            access().send(None)
        assert text == str(caught.value)
        assert (offset, BAR) == (caught.value.offset, caught.value.bar_bytes)


@given(st.integers(0, BAR // 4 - 1))
def test_every_offset_in_the_bar_can_be_read_and_waited_for(word: int):
    value = ANY_RIG.read(4 * word)

    assert 0 <= value <= ALL_ONES
    assert ANY_RIG.until(4 * word, ALL_ONES, value, 0)


def test_a_register_that_nobody_knows_reads_0_and_ignores_writes_with_an_event():
    rig = Rig()

    rig.write(0x4, 7)

    assert 0 == rig.read(0x4)
    assert (True, False) == (rig.until(0x4, ALL_ONES, 0, 10), rig.until(0x4, ALL_ONES, 7, 10))
    assert [("unmodelled", 0x4, 7)] == rig.events("unmodelled")


def test_a_dead_bar_reads_all_ones_and_ignores_writes():
    rig = Rig(faults=[DeadMmio(100)])
    rig.wait(200)

    rig.write(GFX, 1)

    assert [ALL_ONES] * 3 == [rig.read(offset) for offset in (GFX, 0x4, 0x130044)]
    assert [("write_lost", GFX, 1, "fault")] == rig.events("write_lost")


@pytest.mark.parametrize(("mask", "value", "reached"), [(1, 0, False), (1, 1, True), (0, 0, True)])
def test_a_wait_on_a_dead_bar_sees_all_ones_and_nothing_else(mask: int, value: int, reached: bool):
    rig = Rig(faults=[DeadMmio(0)])
    rig.wait(1)

    async def timed() -> tuple[bool, float]:
        begun_ns = rig.runtime.now_ns
        arrived = await rig.registers.until(GFX, mask, value, 500, SPINNING)
        return arrived, (rig.runtime.now_ns - begun_ns) / 1000

    assert (reached, 0 if reached else 500) == rig.do(timed())


def test_death_in_the_middle_of_a_wait_makes_it_time_out_at_its_own_time():
    rig = Rig(faults=[DeadMmio(1000)], invalidation_latency=Constant(400))
    rig.wake()
    rig.wait(990 - rig.now_us)

    async def timed() -> tuple[bool, float]:
        await rig.registers.write(GFX, 1)
        begun_ns = rig.runtime.now_ns
        arrived = await rig.registers.until(GFX, 1, 0, 500, SPINNING)
        return arrived, (rig.runtime.now_ns - begun_ns) / 1000

    assert (False, 500) == rig.do(timed())


def test_death_in_the_middle_of_a_wait_for_a_set_bit_fulfils_it():
    ack = next(row for row in facts.forcewake_domains(facts.platform("tigerlake")) if row.name == "gt").ack_offset
    rig = Rig(faults=[DeadMmio(10)])

    assert rig.until(ack, KERNEL, KERNEL, 500)
