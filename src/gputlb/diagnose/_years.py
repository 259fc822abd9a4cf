"""Stamps without a year, in a log that tells the year elsewhere."""

from __future__ import annotations

from calendar import timegm
from time import gmtime
from typing import TYPE_CHECKING

from gputlb.diagnose._stamps import YEAR_UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.diagnose._events import Event

_FIRST_S, _END_S = (timegm((year, 1, 1, 0, 0, 0)) for year in (YEAR_UNKNOWN, YEAR_UNKNOWN + 1))


def give_years(events: Sequence[Event]) -> None:
    """Give each stamp without a year the one that puts it nearest to the stamp with a year before it."""
    walls = [event for event in events if event.clock == "wall" and event.time is not None]
    near = next((event.time for event in walls if not _lacks_year(event.time)), None)
    for event in walls:
        if near is None or event.time is None:
            return
        if _lacks_year(event.time):
            event.time = _nearest(event.time, near)
        else:
            near = event.time


def _lacks_year(time: float | None) -> bool:
    return time is not None and _FIRST_S <= time < _END_S


def _nearest(time: float, near: float) -> float:
    plain = gmtime(time)
    this = gmtime(near).tm_year
    years = [timegm((year, *plain[1:6])) + time % 1.0 for year in (this - 1, this, this + 1)]
    return min(years, key=lambda each: abs(each - near))
