"""The second half of a sentence: why the flush did not help, read off the witness."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gputlb import facts
from gputlb.check import Limits, check, defect, scenario
from gputlb.driver import scheme


def sentence(
    platform: str,
    scheme_name: str,
    name: str = "default",
    wrong: str = "none",
    clients: int = 1,
    ingredients: tuple[str, ...] = (),
) -> str:
    size = replace(scenario(name).having(*ingredients), clients=clients, rounds=1, engines_together=1)
    result = check(
        facts.platform(platform), scheme(scheme_name), size, defect=defect(wrong), limits=Limits(engine="plain")
    )
    assert result.story
    return result.story.sentence


BELIEVED = "rcs0 reached page 0 through a translation that client 0 believed flushed: "


@pytest.mark.parametrize(
    ("name", "wrong", "why"),
    [
        ("default", "stamp-by-value", "no flush was asked for, as its object was never stamped"),
        ("default", "no-low-bit", "no flush was asked for, as its stamp was 0, which says that nothing is pending"),
        (
            "stuck",
            "none",
            "rcs0 had not dropped its TLB when the driver gave up waiting, and the flush was counted as done",
        ),
        (
            "asleep",
            "tlb-survives-idle",
            "its flush was skipped, as the GT was asleep, but rcs0 woke up with what it had kept",
        ),
        (
            "parked",
            "tlb-survives-idle",
            "the flush left rcs0 out, as it was asleep when asked, but it woke up with what it had kept",
        ),
        (
            "wedge",
            "wedge-first",
            "its flush was skipped, as the GT was marked as given up before the reset had dropped its TLBs",
        ),
        (
            "reset",
            "reset-keeps-tlb+tlb-survives-idle",
            "a reset cleared the request, which the driver took for done, and left the TLB as it was",
        ),
    ],
)
def test_a_sentence_says_why(name: str, wrong: str, why: str):
    assert BELIEVED + why == sentence("skylake", "mmio", name, wrong)


@pytest.mark.parametrize(
    ("ingredients", "skipped"),
    [
        (("posted", "park"), "the flush left rcs0 out, as it was asleep when asked, but it"),
        (("posted", "asleep"), "its flush was skipped, as the GT was asleep, but rcs0"),
    ],
)
def test_an_entry_that_is_walked_before_its_clearing_reaches_memory_was_not_kept(
    ingredients: tuple[str, ...], skipped: str
):
    assert (
        f"{BELIEVED}{skipped} woke up and walked the entry, whose clearing still stood in the store buffer of client "
        "0's CPU"
    ) == sentence("skylake", "mmio", "default", ingredients=ingredients)


def test_the_oa_unit_never_wakes_up():
    assert sentence("tigerlake", "mmio", "oa", "oa-waited", ingredients=("asleep",)).endswith(
        "its flush was skipped, as the GT was asleep, but the OA unit, which is on all the time, kept what it had"
    )


def test_a_skipped_flush_names_the_one_that_was_relied_on():
    passed = "its flush was skipped, as the counter said that one had passed since; "

    assert BELIEVED + passed + "but that one had begun before the entry was cleared" == sentence(
        "skylake", "mmio", wrong="non-strict", clients=2
    )
    assert BELIEVED + passed + "but client 1 had counted it before it was done" == sentence(
        "skylake", "mmio", wrong="non-strict+count-first", clients=2
    )


def test_a_gt_without_a_stamp_is_named():
    assert (
        "vcs0 reached page 0 through a translation that client 0 believed flushed: "
        "nobody flushed GT1, as the object carried a stamp for GT0 alone"
    ) == sentence("meteorlake", "mmio", "two-gts", wrong="first-gt-only")


def test_a_deadlock_names_those_who_have_work_left_and_who_is_to_blame():
    assert (
        "gt0 resetting waits for cell 'gt0.reset', now 1: "
        "the reset never finishes, as client 0 requested an invalidation in the middle of it"
    ) == sentence("broadwell", "mmio", "reset", "unserialised")


@pytest.mark.parametrize(
    ("name", "wrong", "why"),
    [
        (
            "stuck",
            "none",
            "vcs0 had not dropped its TLB when the driver gave up waiting, and the flush was counted as done",
        ),
        ("default", "unmasked", "the request to XELPMP_VD_TLB_INV_CR was ignored, its mask bits were not set"),
        (
            "wedge",
            "wedge-first",
            "its flush was skipped, as the GT was marked as given up before the reset had dropped its TLBs",
        ),
    ],
)
def test_a_media_gt_that_is_explored_by_itself_has_its_own_reasons(name: str, wrong: str, why: str):
    result = check(
        facts.platform("meteorlake"),
        scheme("mmio"),
        replace(scenario(name), clients=1, rounds=1),
        defect=defect(wrong),
        limits=Limits(engine="plain"),
        only_group=3,
    )

    assert result.story
    assert f"vcs0 reached page 0 through a translation that client 0 believed flushed: {why}" == result.story.sentence


def test_a_request_that_is_ignored_on_one_of_two_gts_is_told():
    assert "the request to XEHP_COMPCTX_TLB_INV_CR was ignored, its mask bits were not set" in sentence(
        "meteorlake", "mmio-2022"
    )
