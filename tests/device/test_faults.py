"""Faults are understood by name, refused in a sentence, and do what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.device import (
    FAULT_FORMS,
    DeadMmio,
    FailedAck,
    Fault,
    LostWrite,
    SlowUnit,
    StuckBit,
    UnknownFault,
    fault,
)
from tests.device.rig import KERNEL, RESET_US, Rig

GFX, VD, GDRST = 0xCED8, 0xCEDC, 0x941C
FORMS = (
    "there are stuck-bit:ENGINE, slow-unit:ENGINE:MICROSECONDS, lost-write:OFFSET, dead-mmio:MICROSECONDS, "
    "failed-ack:DOMAIN"
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("stuck-bit:vcs0", StuckBit("vcs0")),
        ("slow-unit:rcs0:2000", SlowUnit("rcs0", 2000.0)),
        ("lost-write:0xcedc", LostWrite(0xCEDC)),
        ("lost-write:cedc", LostWrite(0xCEDC)),
        ("dead-mmio:5000", DeadMmio(5000.0)),
        ("failed-ack:render", FailedAck("render")),
    ],
)
def test_a_fault_is_named_on_the_command_line(text: str, meant: Fault):
    assert meant == fault(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stuckbit:vcs0", f"fault 'stuckbit:vcs0' is unknown; did you mean stuck-bit?; {FORMS}"),
        ("", f"fault '' is unknown; {FORMS}"),
        ("stuck-bit", "fault 'stuck-bit' is written stuck-bit:ENGINE"),
        ("slow-unit:rcs0", "fault 'slow-unit:rcs0' is written slow-unit:ENGINE:MICROSECONDS"),
        ("slow-unit:rcs0:soon", "fault 'slow-unit:rcs0:soon' is written slow-unit:ENGINE:MICROSECONDS"),
        ("slow-unit:rcs0:-1", "fault 'slow-unit:rcs0:-1': the time must be 0 or more microseconds"),
        ("dead-mmio:nan", "fault 'dead-mmio:nan': the time must be 0 or more microseconds"),
        ("dead-mmio:inf", "fault 'dead-mmio:inf': the time must be 0 or more microseconds"),
        ("lost-write:xyz", "fault 'lost-write:xyz' is written lost-write:OFFSET"),
    ],
)
def test_a_fault_that_is_not_understood_is_explained(text: str, sentence: str):
    with pytest.raises(UnknownFault) as caught:
        fault(text)
    assert sentence == str(caught.value)


@given(st.text())
def test_no_text_makes_anything_but_a_fault_or_a_sentence(text: str):
    try:
        fault(text)
    except UnknownFault as error:
        assert "\n" not in str(error)


def test_every_form_is_one_that_is_understood():
    values = {"ENGINE": "rcs0", "MICROSECONDS": "5", "OFFSET": "0x4", "DOMAIN": "gt"}
    for form in FAULT_FORMS:
        name, *arguments = form.split(":")
        fault(":".join([name, *(values[argument] for argument in arguments)]))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            StuckBit("vcs2"),
            "TIGERLAKE has no engine 'vcs2'; did you mean vcs1, vcs0 or vecs0?; it has rcs0, bcs0, vcs0, vcs1, vecs0",
        ),
        (
            SlowUnit("ccs0", 5),
            "TIGERLAKE has no engine 'ccs0'; did you mean vcs0, rcs0 or bcs0?; it has rcs0, bcs0, vcs0, vcs1, vecs0",
        ),
        (
            FailedAck("vdbox1"),
            "TIGERLAKE has no forcewake domain 'vdbox1'; did you mean vdbox2, vdbox0 or vebox0?; "
            "it has gt, render, vdbox0, vdbox2, vebox0",
        ),
        (LostWrite(0x200000), "TIGERLAKE has no register 0x200000: offsets are multiples of 4 below 0x200000"),
        (LostWrite(0xCEDD), "TIGERLAKE has no register 0xcedd: offsets are multiples of 4 below 0x200000"),
    ],
)
def test_a_fault_that_the_platform_can_t_have_is_refused(wrong: Fault, sentence: str):
    with pytest.raises(UnknownFault) as caught:
        Rig(faults=[wrong])
    assert sentence == str(caught.value)


def primed(*faults: Fault, engine: str = "vcs0") -> Rig:
    rig = Rig(faults=faults)
    rig.map(2)
    rig.wake()
    rig.run_context(engine)
    rig.touch(2, engine)
    return rig


def test_a_stuck_bit_stays_set_and_drops_nothing():
    rig = primed(StuckBit("vcs0"))

    assert not rig.flush(VD, 1 << 16 | 1, 1)

    assert (1, True) == (rig.read(VD), rig.keeps(2, "vcs0"))


def test_a_stuck_bit_leaves_its_neighbour_in_the_register_alone():
    rig = primed(StuckBit("vcs0"))

    assert rig.flush(VD, 5 << 16 | 5, 4)


def test_only_a_reset_clears_a_stuck_bit():
    rig = primed(StuckBit("vcs0"))
    rig.flush(VD, 1 << 16 | 1, 1)

    rig.write(GDRST, 1)

    assert rig.until(VD, 1, 0, 2 * RESET_US)
    assert not rig.keeps(2, "vcs0")


def test_a_slow_unit_takes_its_time_and_does_drop():
    rig = primed(SlowUnit("vcs0", 600))
    rig.write(VD, 1 << 16 | 1)
    written_us = rig.now_us

    assert not rig.until(VD, 1, 0, 300)
    assert rig.keeps(2, "vcs0")
    assert rig.until(VD, 1, 0, 400)
    assert not rig.keeps(2, "vcs0")
    assert 600 <= rig.now_us - written_us <= 602


def test_a_lost_write_never_arrives_while_others_do():
    rig = primed(LostWrite(VD))

    assert rig.flush(VD, 1 << 16 | 1, 1)

    assert rig.keeps(2, "vcs0")
    assert [("write_lost", VD, 1 << 16 | 1, "fault")] == rig.events("write_lost")


def test_a_failed_acknowledge_never_comes_and_no_request_wakes_the_domain():
    rig = Rig(faults=[FailedAck("gt")])
    gt = next(row for row in rig.gpu.gts[0].domains.values() if row.name == "gt")

    rig.do(gt.request(KERNEL << 16 | KERNEL))
    rig.wait(10_000)

    assert (0, 0) == (rig.do(gt.ack.load()), rig.do(gt.powered.load()))


def test_contexts_get_their_power_from_a_domain_that_does_not_answer():
    rig = Rig(faults=[FailedAck("render")])

    rig.run_context("rcs0")

    assert [("power", "render", True)] == rig.events("power")


def test_the_earliest_death_counts():
    rig = Rig(faults=[DeadMmio(500), DeadMmio(200)])
    rig.wait(300)

    assert 0xFFFFFFFF == rig.read(GFX)
