"""A witness told: who did what, which lines matter, and the sentence at its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gputlb import facts
from gputlb.check import Limits, Story, check, defect, scenario
from gputlb.driver import scheme


def story(scheme_name: str, name: str = "default", platform: str = "tigerlake", wrong: str = "none") -> Story:
    result = check(
        facts.platform(platform),
        scheme(scheme_name),
        replace(scenario(name), clients=1, rounds=1, engines_together=1),
        defect=defect(wrong),
        limits=Limits(engine="plain"),
    )
    assert result.story
    return result.story


def test_lines_are_numbered_by_indivisible_steps_up_to_the_schedule_s_end():
    told = story("mmio-2022")

    numbers = [step.number for step in told.steps]
    assert sorted(numbers) == numbers
    assert len(told.schedule) == numbers[-1]
    assert {step.agent for step in told.steps} == set(told.agents)
    assert {agent for agent, _ in told.schedule} <= set(told.agents)


def test_a_register_access_is_spelled_out_once():
    told = [step for step in story("mmio-2022").steps if "GEN12_VD_TLB_INV_CR" in step.text]

    assert "writes 0x1 to GEN12_VD_TLB_INV_CR[0xcedc]: ignored, its mask bits were not set" == told[0].text
    assert (True, "register", "write") == (told[0].matters, told[0].about, told[0].access)
    assert 1 == sum("writes" in step.text for step in told)


def test_the_last_line_is_the_access_and_what_led_there_matters():
    steps = story("none").steps

    assert steps[-1].matters
    assert "reached page 0 through a stale translation: the page was given back to the system" in steps[-1].text
    assert any(step.matters and "ppgtt.pte0: page 0 → nothing" in step.text for step in steps)
    assert any(not step.matters for step in steps)


@pytest.mark.parametrize(
    ("name", "wrong", "lines"),
    [
        ("wedge", "wedge-first", ["writes gt0.wedged: 0 → 1"]),
        ("default", "no-low-bit", ["writes object0.mm.tlb0: 0 again", "reads object0.mm.tlb0: 0"]),
        ("default", "stamp-by-value", ["reads object0.mm.tlb0: 0"]),
        ("parked", "tlb-survives-idle", ["reads gt0.rcs0.wakeref: 0", "writes rcs0.contexts: 0 → 1"]),
    ],
)
def test_what_the_sentence_speaks_of_matters(name: str, wrong: str, lines: list[str]):
    told = [step.text for step in story("mmio", name, wrong=wrong).steps if step.matters]

    assert lines == [line for line in lines if line in told]


def test_a_line_of_code_says_where_it_stands():
    assert all(".py:" in step.place or not step.place for step in story("mmio-2022").steps)


def test_locks_that_are_taken_in_a_circle_are_told_by_both_places(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "bad_schemes"))

    told = story("bad_locking:TwoOrders")

    assert "LockOrderInverted" == told.ending.rule
    assert (
        "bad_locking.py:14 in TwoOrders.flush: agent 'client0' asked for 'one' while it held 'other', but agent "
        "'client0' takes 'other' under 'one' at bad_locking.py:12 in TwoOrders.flush"
    ) == told.sentence
