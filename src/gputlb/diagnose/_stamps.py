"""Time stamps, in the many ways that kernel logs print them."""

from __future__ import annotations

import re
from calendar import timegm
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gputlb.facts.messages import months

if TYPE_CHECKING:
    from gputlb.diagnose._events import Clock

YEAR_UNKNOWN = 1972
"""Stands in where a stamp has no year; a leap year, so that 29 February exists."""

_MONTH = r"[^\W\d]{3,10}|\d{1,2}[月월]"
_BOOT = re.compile(r"\[ {0,11}(\d{1,9}\.\d{1,9})\]")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")
_CTIME = re.compile(rf"({_MONTH})\.? +(\d{{1,2}}) +(\d\d):(\d\d):(\d\d) +(\d{{4}})\b")
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\.? +(\d{{1,2}}) *(\d\d):(\d\d):(\d\d)(?:[.,](\d{{1,9}}))?")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})\.? ({_MONTH})\.?(?: (\d{{4}}))? +(\d\d):(\d\d):(\d\d)(?:[.,](\d{{1,9}}))?")
_DAY_TIME = re.compile(r"\b(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\b(?!:)")
_SYSLOG = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? (?!\d{4}\b)")
_CLOCK = re.compile(r"\d\d:\d\d:\d\d|T\d\d:\d\d")
_UNIX = re.compile(r"^\s*(\d{10}\.\d{1,9})\b")
_KMSG = re.compile(r"^\s*\d{1,6},\d{1,20},(\d{1,18}),[-c+]")
"""A record of /dev/kmsg: priority, number, microseconds since boot, flags."""
_BOOT_BARE = re.compile(r"^\s*(?:<\d+>)?\s*(\d{1,7}\.\d{6})\]?:?\s")


class Stamp(NamedTuple):
    """A time read from a line."""

    time: float
    clock: Clock
    text: str


def stamp_in(before: str) -> Stamp | None:
    """Return the best stamp in the part of a line that stands before its message, or None.

    The kernel's own stamp wins, as it is the finest; it counts from boot.
    """
    if "[" in before:
        boot = None
        for boot in _BOOT.finditer(before):  # noqa: B007  (the last one is meant)
            pass
        if boot is not None:
            return Stamp(float(boot[1]), "boot", boot[1])
    return _wall_stamp(before)


def stamp_span(before: str) -> tuple[int, int] | None:
    """Return where the text of the best stamp lies, or None."""
    stamp = stamp_in(before)
    if stamp is None:
        return None
    places = [found.span(1) for found in _BOOT.finditer(before)]
    if places:
        return places[-1]
    start = before.find(stamp.text)
    return start, start + len(stamp.text)


@lru_cache(maxsize=256)
def _wall_stamp(before: str) -> Stamp | None:
    if found := _KMSG.match(before):
        return Stamp(int(found[1]) / 1e6, "boot", found[1])
    if not _CLOCK.search(before) and not _UNIX.search(before) and not _BOOT_BARE.search(before):
        return None
    if found := _SYSLOG.match(before):
        return _month_first(found)
    if found := _ISO.search(before):
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        time = _seconds(year, month, day, hour, minute, second, found[7])
        return Stamp(time - _offset_seconds(found[8]), "wall", found[0])
    if found := _CTIME.search(before):
        month = months().get(found[1].lower(), 1)
        time = _seconds(int(found[6]), month, int(found[2]), int(found[3]), int(found[4]), int(found[5]))
        return Stamp(time, "wall", found[0])
    if found := _MONTH_FIRST.search(before):
        # A month in an unknown language: the day and the time still order the lines of one month.
        month = months().get(found[1].lower(), 1)
        time = _seconds(YEAR_UNKNOWN, month, int(found[2]), int(found[3]), int(found[4]), int(found[5]), found[6])
        return Stamp(time, "wall", found[0])
    if found := _DAY_FIRST.search(before):
        month = months().get(found[2].lower(), 1)
        year = int(found[3] or YEAR_UNKNOWN)
        time = _seconds(year, month, int(found[1]), int(found[4]), int(found[5]), int(found[6]), found[7])
        return Stamp(time, "wall", found[0])
    if found := _UNIX.search(before):
        return Stamp(float(found[1]), "wall", found[1])
    if found := _BOOT_BARE.search(before):
        return Stamp(float(found[1]), "boot", found[1])
    if found := _DAY_TIME.search(before):
        time = int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3]) + _fraction(found[4])
        return Stamp(time, "day", found[0])
    return None


def _month_first(found: re.Match[str]) -> Stamp:
    # A month in an unknown language: the day and the time still order the lines of one month.
    month = months().get(found[1].lower(), 1)
    time = _seconds(YEAR_UNKNOWN, month, int(found[2]), int(found[3]), int(found[4]), int(found[5]), found[6])
    return Stamp(time, "wall", found[0])


def _seconds(
    year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: str | None = None
) -> float:
    month, day = min(max(month, 1), 12), min(max(day, 1), 31)
    whole = timegm((min(max(year, 1970), 9999), month, day, hour % 24, minute % 60, second % 61, 0, 0, 0))
    return whole + _fraction(fraction)


def _fraction(digits: str | None) -> float:
    return float(f"0.{digits}") if digits else 0.0


def _offset_seconds(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
