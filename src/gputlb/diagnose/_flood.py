"""Floods: many lines of the three commonest TLB messages in the kernel's own form, taken many at a time.

Logs of gigabytes are floods. Here a line costs one match and a place in a list; everything else is done for
the whole run at once.
"""

from __future__ import annotations

import re
from operator import sub
from typing import TYPE_CHECKING

from gputlb.diagnose._events import Event
from gputlb.diagnose._stamps import Stamp, stamp_in

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = tuple[
    str,
    str,
    str,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
]
"""Stamp or prefix, driver, device, `*ERROR*`, tile, GT, TLB as spelt, GuC seqno, xe seqno, recv, engine."""

_WORD = " invalidation "

_REST = (
    r"(i915|xe) ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]): \[drm\] "
    r"(\*ERROR\* )?(?:Tile(\d{1,2}): )?(?:GT(\d{1,2}): )?(?:GUC: )?"
    r"(?:(TLB|tlb) invalidation response timed out for seqno (\d{1,10})"
    r"|TLB invalidation fence timeout, seqno=(\d{1,10}) recv=(\d{1,10})"
    r"|((?:rcs|bcs|vcs|vecs|ccs)\d) TLB invalidation did not complete in 4ms!)$"
)
_BOOT_LINE = re.compile(r"\[ *(\d{1,9}\.\d{1,9})\] " + _REST, re.MULTILINE)
_WALL_LINE = re.compile(r"([^\n]{0,80}?)\b" + _REST, re.MULTILINE)
_WALL_PREFIX = re.compile(
    r"(?:<\d{1,3}>)?(?:\[[\w ]{3,10} +\d{1,2} [\d:]{8} \d{4}\] "
    r"|[A-Z][a-z]{2} [ \d]\d [\d:]{8}(?:\.\d+)? (?:\S+ )?kernel: "
    r"|\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-][\d:]{4,6})? (?:\S+ )?(?:kernel: )?)$"
)


boot_line = _BOOT_LINE.match
"""Match a line with the kernel's own stamp at a place in a text."""


def wall_line(text: str, start: int) -> re.Match[str] | None:
    """Match a line with a date at a place in a text."""
    found = _WALL_LINE.match(text, start)
    return found if found is not None and _WALL_PREFIX.match(found[1]) else None


def next_flood_line(text: str, start: int) -> tuple[int, bool]:
    """Return where the next such line begins (or the text ends), and whether its stamp counts from boot."""
    at = text.find(_WORD, start)
    while at >= 0:
        begin = text.rfind("\n", start, at) + 1 or start
        if boot_line(text, begin) is not None:
            return begin, True
        if wall_line(text, begin) is not None:
            return begin, False
        at = text.find(_WORD, at + 1)
    return len(text), True


class Flood:
    """Lines that follow each other without any other between them.

    Attributes:
        rows: what each line gave, see `Row`.
        first_line: number of the first line; the others follow without a gap.
        from_boot: whether the stamps count from boot; a row then begins with the stamp's digits alone.
        times: seconds, one for each line.
    """

    __slots__ = ("first_line", "from_boot", "rows", "times")

    def __init__(self, rows: list[Row], first_line: int, *, from_boot: bool) -> None:
        self.rows = rows
        self.first_line = first_line
        self.from_boot = from_boot
        self.times: list[float] = [float(row[0]) for row in rows] if from_boot else [_wall(row[0]).time for row in rows]

    def stamp(self, index: int) -> Stamp:
        """Return the stamp of a line."""
        digits = self.rows[index][0]
        return Stamp(self.times[index], "boot", digits) if self.from_boot else _wall(digits)

    def events(self) -> Iterator[Event]:
        """Yield the lines one by one."""
        for index in range(len(self.rows)):
            yield self.event(index)

    def event(self, index: int) -> Event:
        """Return one line as an event."""
        row, stamp = self.rows[index], self.stamp(index)
        kind, wait_us = kind_of(row)
        seqno = row[7] or row[8]
        return Event(
            kind=kind,
            tlb=True,
            driver=row[1],
            device=row[2],
            tile=int(row[4]) if row[4] is not None else None,
            gt=int(row[5]) if row[5] is not None else None,
            engine=row[10],
            seqno=int(seqno) if seqno is not None else None,
            recv=int(row[9]) if row[9] is not None else None,
            time=stamp.time,
            clock=stamp.clock,
            stamp=stamp.text,
            line=self.first_line + index,
            text=_text(row, kind, from_boot=self.from_boot),
            wait_us=wait_us,
        )

    def by_device(self) -> Iterator[DeviceFlood]:
        """Yield the lines of each device."""
        if len({row[2] for row in self.rows}) == 1:
            yield DeviceFlood(self, range(len(self.rows)))
            return
        places: dict[str, list[int]] = {}
        for index, row in enumerate(self.rows):
            places.setdefault(row[2], []).append(index)
        for indexes in places.values():
            yield DeviceFlood(self, indexes)


class DeviceFlood:
    """The lines of a flood that one device printed."""

    __slots__ = ("_flood", "indexes", "rows", "times")

    def __init__(self, flood: Flood, indexes: range | list[int]) -> None:
        self._flood = flood
        self.indexes = indexes
        whole = len(indexes) == len(flood.rows)
        self.rows = flood.rows if whole else [flood.rows[index] for index in indexes]
        self.times = flood.times if whole else [flood.times[index] for index in indexes]

    def event(self, place: int) -> Event:
        """Return the line at a place as an event."""
        return self._flood.event(self.indexes[place])

    def is_one_burst(self, gap_s: float) -> bool:
        """Whether all lines are in order and without a gap."""
        steps = list(map(sub, self.times[1:], self.times))
        return not steps or (min(steps) >= 0 and max(steps) <= gap_s)

    def kinds(self) -> dict[str, int]:
        """Return how many lines there are of each kind."""
        count = len(self.rows)
        from_guc = count - [row[7] for row in self.rows].count(None)
        from_xe = count - [row[8] for row in self.rows].count(None)
        kinds = {
            "guc_timeout": from_guc,
            "xe_fence_timeout": from_xe,
            "mmio_timeout": count - from_guc - from_xe,
        }
        return {kind: lines for kind, lines in kinds.items() if lines}

    def gts(self) -> list[int]:
        """Return the GTs that lines name, in order of appearance."""
        return [int(gt) for gt in dict.fromkeys(row[5] for row in self.rows) if gt is not None]

    def engines(self) -> list[str]:
        """Return the engines that lines name, in order of appearance."""
        return [engine for engine in dict.fromkeys(row[10] for row in self.rows) if engine is not None]

    def recvs(self) -> list[int]:
        """Return the answers that lines tell of, each once."""
        return [int(recv) for recv in dict.fromkeys(row[9] for row in self.rows) if recv is not None]

    def distinct(self) -> int:
        """Return how many lines are left when repetitions are counted once."""
        return len(set(self.rows))


def kind_of(row: Row) -> tuple[str, int]:
    """Return the kind of a row, and how long the driver had waited, in microseconds."""
    if row[7] is not None:
        return "guc_timeout", 2_000_000 if row[6] == "TLB" else 1_000_000
    return ("xe_fence_timeout", 2_250_000) if row[8] is not None else ("mmio_timeout", 4_100)


def _text(row: Row, kind: str, *, from_boot: bool) -> str:
    error = row[3] or ""
    place = (f"Tile{row[4]}: " if row[4] is not None else "") + (f"GT{row[5]}: " if row[5] is not None else "")
    if kind == "guc_timeout":
        guc = "GUC: " if row[6] == "TLB" and row[5] is not None else ""
        words = f"{guc}{row[6]} invalidation response timed out for seqno {row[7]}"
    elif kind == "xe_fence_timeout":
        words = f"TLB invalidation fence timeout, seqno={row[8]} recv={row[9]}"
    else:
        words = f"{row[10]} TLB invalidation did not complete in 4ms!"
    prefix = f"[{row[0]}] " if from_boot else row[0]
    return f"{prefix}{row[1]} {row[2]}: [drm] {error}{place}{words}"


def _wall(prefix: str) -> Stamp:
    stamp = stamp_in(prefix)
    return stamp if stamp is not None else Stamp(0.0, "wall", prefix)
