"""A story in a terminal: lanes where they fit, what did not matter folded, the end in colour on a terminal alone."""

from __future__ import annotations

import io

import pytest

from gputlb.check import Ending, Story, StoryStep
from gputlb.report.check_summary import written
from gputlb.report.story_lines import Line, story_lines


def step(number: int, agent: str, text: str, matters: bool = True) -> StoryStep:
    return StoryStep(number, agent, text, "file.py:1 in f", matters)


def story(*steps: StoryStep) -> Story:
    agents = tuple(dict.fromkeys(each.agent for each in steps))
    return Story("it went wrong", agents, steps, (), Ending("violated", "Violation", "b", "it went wrong"))


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def test_two_agents_stand_in_lanes():
    told = story(step(1, "a", "writes x"), step(2, "b", "reads x"), step(2, "b", "takes y"))
    lane = 47

    assert [
        f"   {'a':<{lane}}  b",
        f"   {'-' * lane}  {'-' * lane}",
        "1  writes x",
        f"2  {'':<{lane}}  reads x",
        f"   {'':<{lane}}  takes y",
    ] == texts(story_lines(told))


def test_many_agents_are_told_one_under_the_other():
    told = story(*(step(number, f"agent{number}", "writes x") for number in range(1, 6)))

    assert ["1  agent1: writes x", "2  agent2: writes x"] == texts(story_lines(told))[:2]


def test_what_did_not_matter_is_folded_unless_all_is_wanted():
    told = story(
        step(1, "a", "begins"),
        step(2, "a", "reads x", matters=False),
        step(3, "a", "reads y", matters=False),
        step(4, "a", "ends"),
        step(5, "a", "reads z", matters=False),
        step(5, "a", "reads w", matters=False),
        step(6, "a", "reads v", matters=False),
    )

    assert ["1    begins", "2-3  … 2 more steps", "4    ends", "5-6  … 2 more steps"] == texts(story_lines(told))[2:]
    assert ["1  begins", "2  reads x", "3  reads y", "4  ends", "5  reads z", "   reads w", "6  reads v"] == texts(
        story_lines(told, full=True)
    )[2:]


def test_a_lone_step_that_did_not_matter_is_told():
    told = story(step(1, "a", "begins"), step(2, "a", "reads x", matters=False), step(3, "a", "ends"))

    assert ["1  begins", "2  reads x", "3  ends"] == texts(story_lines(told))[2:]


def test_no_line_is_longer_than_a_screen():
    told = story(step(1, "a", "writes " + "x" * 30 + " " + "y " * 90), step(2, "b", "z " * 120))

    assert max(len(line) for line in texts(story_lines(told))) <= 100


def test_the_last_three_are_hot():
    told = story(*(step(number, "a", "writes x") for number in range(1, 6)))

    assert [False, False, True, True, True] == [line.hot for line in story_lines(told)][2:]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch):
    lines = [Line("quiet"), Line("loud", hot=True)]
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    assert "quiet\nloud" == written(lines, io.StringIO())
    assert "quiet\n\x1b[31mloud\x1b[0m" == written(lines, Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "quiet\nloud" == written(lines, Terminal())
