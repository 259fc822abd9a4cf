"""Defects come by name, and several at once where they are in different places."""

from __future__ import annotations

import pytest

from gputlb.check import DEFECTS, NO_DEFECT, NotOfThisScheme, UnknownDefect, defect
from gputlb.check.defective_schemes import NonStrict
from gputlb.check.defects import CountsFirst, DefectsCollide
from gputlb.driver.schemes import Mmio, NoFlush


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


def test_only_the_scheme_that_a_defect_changes_can_have_it():
    assert NonStrict is DEFECTS["non-strict"].replaced(Mmio)
    assert NoFlush is DEFECTS["stamp-first"].replaced(NoFlush)
    with pytest.raises(NotOfThisScheme) as caught:
        DEFECTS["non-strict"].replaced(NoFlush)

    assert str(caught.value) == (
        "defect 'non-strict' is something done wrong in scheme 'mmio', so 'none' cannot have it; take scheme 'mmio', "
        "or another defect"
    )


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
