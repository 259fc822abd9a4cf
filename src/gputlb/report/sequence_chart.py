"""A story as an SVG sequence chart: a lifeline for each agent and each thing that they share, a row for each step."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gputlb.check import Story, StoryStep

ROW = 38
_HEAD = 34
_NUMBERS = 44
_LANE = 132
_LEAST_WIDTH = 660
_LETTER = 6.5
_GAP = 9
_TIP = 7
_THINGS = {"page table": "page table", "TLB": "TLBs", "register": "registers", "memory": "memory"}
_TINTS = 8


class Chart(NamedTuple):
    """The two drawings of a chart: the heads, which may stay in sight, and the rows."""

    heads: str
    rows: str


def sequence_chart(story: Story) -> Chart:
    """Return the chart of a story; everything in it is escaped."""
    lanes = _Lanes(story)
    heads = "".join(_head(lanes, name, lane) for name, lane in lanes.places.items())
    lines = "".join(
        f'<line class="life{"" if name in story.agents else " thing"}" x1="{x:g}" x2="{x:g}" y1="0" y2="100%"/>'
        for name, x in lanes.places.items()
    )
    rows = "".join(_rows(lanes, story))
    height = max(1, len(story.steps)) * ROW
    return Chart(
        f'<svg class="heads" viewBox="0 0 {lanes.width:g} {_HEAD}" width="{lanes.width:g}" height="{_HEAD}" '
        f'role="presentation">{heads}</svg>',
        f'<svg class="rows" viewBox="0 0 {lanes.width:g} {height}" width="{lanes.width:g}" height="{height}" '
        f'data-row="{ROW}" role="img" aria-label="Sequence chart of the witness">{lines}{rows}</svg>',
    )


def tint(story: Story, agent: str) -> str:
    """Return the class that gives an agent its colour."""
    return f"t{story.agents.index(agent) % _TINTS}"


class _Lanes:
    """Where everybody's lifeline is."""

    def __init__(self, story: Story) -> None:
        touched = {step.about for step in story.steps}
        names = [*story.agents, *(name for about, name in _THINGS.items() if about in touched)]
        lane = max(_LANE, *(len(name) * 7.4 + 16 for name in names), (_LEAST_WIDTH - _NUMBERS) / len(names))
        self.story = story
        self.width = _NUMBERS + lane * len(names)
        self.places = {name: _NUMBERS + lane * (index + 0.5) for index, name in enumerate(names)}


def _head(lanes: _Lanes, name: str, x: float) -> str:
    if name in lanes.story.agents:
        kind, dot = tint(lanes.story, name), f'<circle class="dot" cx="{x:g}" cy="{_HEAD - 5}" r="3.5"/>'
    else:
        kind, dot = "thing", ""
    return f'<g class="{kind}"><text class="head" x="{x:g}" y="20" text-anchor="middle">{escape(name)}</text>{dot}</g>'


def _rows(lanes: _Lanes, story: Story) -> Iterator[str]:
    odd = False
    numbers = [0, *(step.number for step in story.steps)]
    for index, (before, number) in enumerate(pairwise(numbers)):
        step = story.steps[index]
        odd ^= before != number
        yield _row(lanes, step, index, fresh=before != number, odd=odd, bad=index == len(story.steps) - 1)


def _row(lanes: _Lanes, step: StoryStep, index: int, *, fresh: bool, odd: bool, bad: bool) -> str:
    x = lanes.places[step.agent]
    thing = _THINGS.get(step.about)
    kinds = [tint(lanes.story, step.agent), *(["odd"] if odd else []), *([] if step.matters else ["minor"])]
    kinds += ["bad"] if bad else []
    where = f"<title>{escape(step.place)}</title>" if step.place else ""
    drawn = (
        _arrow(x, lanes.places[thing], step)
        if thing and step.access
        else f'<circle class="dot" cx="{x:g}" cy="27" r="4"/>'
    )
    length = len(step.text) * _LETTER
    start = max(_NUMBERS, min(x + _GAP, lanes.width - length - 6))
    return (
        f'<g class="{" ".join(kinds)}" transform="translate(0 {index * ROW})" {attributes(step)}>{where}'
        f'<rect class="band" width="100%" height="{ROW}"/>'
        f'<text class="number{"" if fresh else " gone"}" x="12" y="17">{step.number}</text>'
        f'{drawn}<text class="said" x="{start:g}" y="16">{escape(step.text)}</text></g>'
    )


def attributes(step: StoryStep) -> str:
    """Return what the page's filter asks of a step."""
    return (
        f'data-agent="{escape(step.agent)}" data-about="{escape(step.about)}" data-step="{step.number}" '
        f'data-matters="{"yes" if step.matters else "no"}"'
    )


def _arrow(agent: float, thing: float, step: StoryStep) -> str:
    start, end = (agent, thing) if step.access == "write" else (thing, agent)
    way = 1 if end > start else -1
    line = f'<line class="arrow {step.access}" x1="{start:g}" x2="{end - way * _TIP:g}" y1="27" y2="27"/>'
    if ": ignored" in step.text or ": lost" in step.text:
        near = end - way * 12
        cross = f"M{near - 5:g} 22l10 10m0 -10l-10 10"
        return f'<line class="arrow" x1="{start:g}" x2="{near:g}" y1="27" y2="27"/><path class="cross" d="{cross}"/>'
    tip = f"M{end:g} 27l{-way * (_TIP + 2):g} -4.5v9z"
    return f'{line}<path class="tip" d="{tip}"/><circle class="dot" cx="{agent:g}" cy="27" r="3"/>'


def groups_of(steps: Sequence[StoryStep]) -> list[str]:
    """Return what the steps are about, each once, in order of appearance."""
    return list(dict.fromkeys(step.about for step in steps))
