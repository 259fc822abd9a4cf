"""Incidents on the terminal, or as JSON lines, while a log grows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from gputlb.diagnose import IncidentNews, UnreadableInput, arriving_lines, follow
from gputlb.report.diagnose_json import json_line
from gputlb.report.diagnose_text import class_words, recovery_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLLOW_SCHEMA = "gputlb.diagnose.follow/1"


def print_incidents_as_they_happen(files: Sequence[str], *, as_json: bool) -> int:
    """Print incidents until the log ends; return 1 if there was any, else 0.

    Raises:
        UnreadableInput: for more than one log, and where there is nothing to follow.
    """
    if len(files) > 1:
        raise UnreadableInput(f"--follow watches one log, not {len(files)}; start it once for each")
    found = 0
    lines = arriving_lines(files[0] if files else None)
    for news in follow(lines if as_json else _announced(lines)):
        found = 1
        print(_as_json(news) if as_json else _as_text(news), flush=True)
    return found


def _announced(lines: Iterator[str | None]) -> Iterator[str | None]:
    # Not before there is something to wait for.
    for number, line in enumerate(lines):
        if number == 0:
            print("gputlb: waiting for new incidents; stop with Ctrl-C", file=sys.stderr)
        yield line


def _as_json(news: IncidentNews) -> str:
    incident = msgspec.to_builtins(news.incident)
    incident["advice"] = [msgspec.to_builtins(item) for item in news.advice]
    return json_line({"schema": FOLLOW_SCHEMA, "state": news.state, "incident": incident})


def _as_text(news: IncidentNews) -> str:
    incident = news.incident
    where = incident.device or "device unknown"
    if news.state == "began":
        best = news.advice[0] if news.advice else None
        hint = f" · {best.title} ({best.confidence})" if best else ""
        head = f"{incident.first_stamp or '-'}  {where}  began: {class_words(incident.class_)}"
        return f"{head}{hint}\n    {incident.first_line}"
    return (
        f"{incident.last_stamp or '-'}  {where}  over: {class_words(incident.class_)}, "
        f"{incident.count} TLB failures, {recovery_words(incident.recovered)} ({incident.recovered_because})"
    )
