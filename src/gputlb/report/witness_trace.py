"""A witness as a trace for Perfetto: one step a microsecond, one track an agent."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from gputlb.report.trace_file import trace_file

if TYPE_CHECKING:
    from pathlib import Path

    from gputlb.check import Story

_STEP_NS = 1000


def write_trace(path: Path, story: Story, title: str) -> None:
    """Write the story as a trace: a slice for each step, named by what mattered in it, a mark for each access.

    Raises: `CannotWrite`.
    """
    with trace_file(path, title) as writer:
        for (number, agent), run in groupby(story.steps, key=lambda step: (step.number, step.agent)):
            lines = list(run)
            start_ns = number * _STEP_NS
            named = next((line for line in lines if line.matters), lines[0])
            writer.begin(agent, start_ns, named.text)
            for index, line in enumerate(lines):
                at_ns = start_ns + index * _STEP_NS // len(lines)
                writer.mark(agent, at_ns, line.text, {"step": number, "about": line.about, "place": line.place})
            writer.end(agent, start_ns + _STEP_NS)
