"""A witness for a terminal: numbered steps, a lane for each agent where they fit, what did not matter folded."""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gputlb.check import Story, StoryStep

WIDTH = 100
_LEAST_LANE = 30
_GAP = 2
_LAST_IN_COLOUR = 3


class Line(NamedTuple):
    """One line of text, and whether it is among those that matter most."""

    text: str
    hot: bool = False


class _Row(NamedTuple):
    number: str
    agent: str
    text: str


def story_lines(story: Story, *, full: bool = False) -> list[Line]:
    """Return the story as lines, the last few hot; `full` keeps what did not matter for the end."""
    rows = list(_rows(story.steps, full))
    if not rows:
        return [Line("everything is wrong from the start: no step is needed", hot=True)]
    margin = max(len(row.number) for row in rows) + _GAP
    lane = (WIDTH - margin + _GAP) // len(story.agents) - _GAP
    hot = len(rows) - _LAST_IN_COLOUR
    if lane < _LEAST_LANE:
        return list(_told(rows, margin, hot))
    return list(_in_lanes(rows, story.agents, margin, lane, hot))


def _rows(steps: Sequence[StoryStep], full: bool) -> Iterator[_Row]:
    shown = 0
    for (agent, told), run in groupby(steps, key=lambda step: (step.agent, full or step.matters)):
        lines = list(run)
        if not told and len(lines) > 1:
            yield _folded(agent, lines, shown)
            shown = lines[-1].number
            continue
        for line in lines:
            yield _Row("" if line.number == shown else str(line.number), agent, line.text)
            shown = line.number


def _folded(agent: str, lines: Sequence[StoryStep], shown: int) -> _Row:
    first, last = lines[0].number, lines[-1].number
    if first == last:
        return _Row("" if first == shown else str(first), agent, f"… {len(lines)} more accesses")
    return _Row(f"{first}-{last}", agent, f"… {len({line.number for line in lines})} more steps")


def _told(rows: Iterable[_Row], margin: int, hot: int) -> Iterator[Line]:
    for index, row in enumerate(rows):
        yield from _wrapped(row.number, f"{row.agent}: {row.text}", margin, 0, WIDTH - margin, index >= hot)


def _in_lanes(rows: Iterable[_Row], agents: Sequence[str], margin: int, lane: int, hot: int) -> Iterator[Line]:
    starts = {agent: margin + index * (lane + _GAP) for index, agent in enumerate(agents)}
    heads = "".join(f"{agent:<{lane + _GAP}}" for agent in agents)
    yield Line(f"{'':{margin}}{heads}".rstrip())
    yield Line(f"{'':{margin}}{'  '.join('-' * lane for _ in agents)}")
    for index, row in enumerate(rows):
        yield from _wrapped(row.number, row.text, margin, starts[row.agent] - margin, lane, index >= hot)


def _wrapped(number: str, text: str, margin: int, indent: int, width: int, hot: bool) -> Iterator[Line]:
    for part in textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False):
        yield Line(f"{number:<{margin}}{'':{indent}}{part}", hot)
        number = ""
