"""How much of a log was read, and in which order its lines stand."""

from __future__ import annotations

from operator import gt, lt
from typing import Literal

import msgspec

from gputlb.diagnose._stamps import Stamp

Order = Literal["oldest first", "newest first", "unknown"]


class Extent(msgspec.Struct):
    """How much of a log was read and understood."""

    bytes_read: int = 0
    lines: int = 0
    """0 where `quick` is set: lines were not even counted."""
    lines_with_stamp: int = 0
    long_lines: int = 0
    """Lines above 64 Ki characters; only the pieces around a TLB message's words were kept."""
    shape: str = "text"
    """How the log is written: text, json lines, pretty json, journal export."""
    quick: bool = False
    """True where a large log held no TLB message: nothing else was looked for beyond its first MiB."""
    first_stamp: str | None = None
    end_time: dict[str, float] = {}
    """Latest time seen, by clock."""
    ascending: int = 0
    descending: int = 0
    last_time: dict[str, float] = {}

    @property
    def order(self) -> Order:
        """The order of the lines, by a majority of the steps between stamps."""
        if self.ascending == self.descending:
            return "unknown"
        return "oldest first" if self.ascending > self.descending else "newest first"

    def note(self, stamp: Stamp) -> None:
        """Take the stamp of a line into account."""
        self.lines_with_stamp += 1
        if self.first_stamp is None:
            self.first_stamp = stamp.text
        time, clock = stamp.time, stamp.clock
        before = self.last_time.get(clock)
        if before is not None:
            if time > before:
                self.ascending += 1
            elif time < before:
                self.descending += 1
        self.last_time[clock] = time
        if time > self.end_time.get(clock, -1.0):
            self.end_time[clock] = time

    def note_all(self, times: list[float], first: Stamp, last: Stamp) -> None:
        """Take the stamps of a flood into account; all are on one clock."""
        self.note(first)
        if len(times) == 1:
            return
        later, earlier = times[1:], times[:-1]
        self.ascending += sum(map(gt, later, earlier))
        self.descending += sum(map(lt, later, earlier))
        self.lines_with_stamp += len(times) - 1
        self.last_time[first.clock] = last.time
        self.end_time[first.clock] = max(self.end_time[first.clock], *times)
