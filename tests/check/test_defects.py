"""Defects come by name, and several at once where they are in different places."""

from __future__ import annotations

import pytest

from gputlb.check import DEFECTS, NO_DEFECT, UnknownDefect, defect
from gputlb.check.defective_schemes import NonStrict
from gputlb.check.defects import CountsFirst, DefectsCollide


def test_a_defect_is_found_by_its_name():
    assert DEFECTS["non-strict"] is defect("non-strict")
    assert NO_DEFECT is defect("none")


def test_an_unknown_defect_is_answered_with_the_nearest():
    with pytest.raises(UnknownDefect) as caught:
        defect("nonstrict")

    assert f"defect 'nonstrict' is unknown; did you mean non-strict?; there are {', '.join(DEFECTS)}" == str(
        caught.value
    )


def test_two_defects_make_a_system_with_both():
    both = defect("non-strict+count-first")

    assert ("non-strict+count-first", NonStrict, CountsFirst) == (both.name, both.scheme, both.tlb)
    assert DEFECTS["stamp-by-value"].vma is not both.vma


def test_what_the_hardware_does_not_do_adds_up():
    assert {
        "tlb_lost_on_reset": False,
        "requests_begin_with_invalidate": False,
        "tlb_lost_on_power_down": False,
    } == dict(defect("reset-keeps-tlb+tlb-survives-idle").behaviour)


def test_two_defects_in_one_place_collide():
    with pytest.raises(DefectsCollide) as caught:
        defect("non-strict+no-low-bit")

    assert (
        "defects 'non-strict' and 'no-low-bit' both replace the scheme, so one system cannot have both; "
        "check them one after the other"
    ) == str(caught.value)


def test_no_defect_and_another_is_the_other():
    assert DEFECTS["count-first"].tlb is defect("none+count-first").tlb
