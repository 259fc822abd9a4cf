"""Lines of a trace, as the kernel, trace-cmd and perf print them."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

TraceFormat = Literal["tracefs text", "trace-cmd report", "trace-cmd report -l", "perf script", "unknown"]

_EVENT = r"(\d+\.\d+):\s+(?:\d+\s+)?(?:\(\+?-?\d+(?:\.\d+)?\)\s+)?(?:[a-z]\w*:)?([A-Za-z_][\w.]*):\s*(.*)$"
"""Time, an optional period (perf) or difference (trace-cmd), an optional system, name and fields."""

_FTRACE = re.compile(
    r"\s*(.{1,64}?)-(\d{1,10})\s+(?:\(\s*(?:\d+|-+)\)\s+)?\[(\d{1,4})\]\s+([.a-zA-Z#][.\w#]{2,7}\s+)?" + _EVENT
)
_LATENCY = re.compile(r"\s*(.{1,64}?)-(\d{1,10})\s+(\d{1,4})([.a-zA-Z#][.\w#]{2,7}\s+)" + _EVENT)
_PERF = re.compile(r"\s*(\S.{0,63}?)\s+(\d{1,10})(?:/\s*\d+)?\s+\[(\d{1,4})\]\s+([.a-zA-Z#][.\w#]{2,7}\s+)?" + _EVENT)
_WRITTEN = re.compile(r"^#\s*entries-in-buffer/entries-written:\s*(\d+)/(\d+)")
_LOST = re.compile(
    r"\[LOST (\d+) EVENTS\]|\[(\d+) EVENTS DROPPED\]|\bLOST (\d+) events?\b|EVENTS DROPPED \((\d+)\)",
    re.IGNORECASE,
)


class TraceLine(NamedTuple):
    """One event of a trace."""

    comm: str
    pid: int
    cpu: int
    time: float
    """Seconds, on the trace's clock."""
    name: str
    fields: str
    line: int


class Lost(NamedTuple):
    """Events that the trace says it lost."""

    events: int


class Header(NamedTuple):
    """The tracefs header: how many events were written, how many are still there."""

    kept: int
    written: int


_SHAPES: tuple[tuple[TraceFormat, re.Pattern[str]], ...] = (
    ("tracefs text", _FTRACE),
    ("trace-cmd report -l", _LATENCY),
    ("perf script", _PERF),
)


_MOST_FRONTS = 10_000
_is_time = re.compile(r"\d+\.\d+").fullmatch
_ODD_BLANK = re.compile(r"[^\S ]")


class TraceParser:
    """Turns lines into events and settles on the format it meets first.

    Of the millions of lines of a trace few differ in what stands before the time, and fewer in the event's name. Both
    are read by the format's pattern once; a line whose both parts are known is cut at its first two `: `, where the
    pattern would cut it too. That holds because neither part has another blank than the space: the pattern can then
    find its time nowhere else.

    Attributes:
        format: the format so far.
    """

    def __init__(self) -> None:
        self.format: TraceFormat = "unknown"
        self._pattern: re.Pattern[str] | None = None
        self._report = False
        self._fronts: dict[str, tuple[str, int, int]] = {}
        self._names: dict[str, str] = {}

    def parse(self, line: str, number: int) -> TraceLine | Lost | Header | None:
        """Return what a line says; None for comments, call chains and anything unknown."""
        before, _, event = line.partition(": ")
        front, _, time = before.rpartition(" ")
        known = self._fronts.get(front)
        if known is not None:
            printed, colon, fields = event.partition(": ")
            name = self._names.get(printed)
            if name is not None and colon and _is_time(time):
                task, pid, cpu = known
                return TraceLine(task, pid, cpu, float(time), name, fields.lstrip(), number)
        pattern = self._pattern
        found = pattern.match(line) if pattern is not None else None
        if found is None:
            found = self._other(line)
            if found is None:
                return self._aside(line)
        self._learn(front, event, found)
        comm, number_of_task, number_of_cpu, _, time, name, fields = found.groups()
        return TraceLine(comm, int(number_of_task), int(number_of_cpu), float(time), name, fields, number)

    def _learn(self, front: str, event: str, found: re.Match[str]) -> None:
        comm, pid, cpu, _, _, name, fields = found.groups()
        printed, colon, rest = event.partition(": ")
        cut_alike = colon and found.start(5) == len(front) + 1 and rest.lstrip() == fields
        if cut_alike and _ODD_BLANK.search(front + printed) is None:
            for known in (self._fronts, self._names):
                if len(known) >= _MOST_FRONTS:
                    known.clear()
            self._fronts[front] = (comm, int(pid), int(cpu))
            self._names[printed] = name

    def _other(self, line: str) -> re.Match[str] | None:
        if not line or line[0] == "#":
            return None
        for shape, pattern in _SHAPES:
            found = pattern.match(line)
            if found is not None:
                if pattern is not self._pattern:
                    self._fronts.clear()  # another pattern may cut them otherwise
                    self._names.clear()
                self._pattern = pattern
                if self.format == "unknown" or shape != "tracefs text":
                    self.format = shape
                if shape == "tracefs text" and (self._report or found[4] is None):
                    self.format = "trace-cmd report" if self._report else "tracefs text"
                return found
        return None

    def _aside(self, line: str) -> Lost | Header | None:
        if line.startswith("cpus="):
            self._report = True
        elif line.startswith("#"):
            if header := _WRITTEN.match(line):
                return Header(int(header[1]), int(header[2]))
        elif ("LOST" in line or "DROPPED" in line or "lost" in line) and (lost := _LOST.search(line)):
            return Lost(int(next(group for group in lost.groups() if group)))
        return None
