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


class Years:
    """Gives each stamp without a year the one that puts it nearest to the stamp with a year before it.

    Events come in the order of the log, many at a time. Those before the first stamp with a year take that of it where
    both came together; a log without any year keeps its times.
    """

    def __init__(self) -> None:
        self._near: float | None = None

    def give(self, events: Sequence[Event]) -> None:
        """Mend the times of events on the wall clock."""
        walls = [event for event in events if event.clock == "wall" and event.time is not None]
        times = [event.time for event in walls if event.time is not None]
        if self.give_times(times):
            for event, time in zip(walls, times, strict=True):
                event.time = time

    def give_times(self, times: list[float]) -> bool:
        """Mend times of the wall clock in their list; return whether any was mended."""
        if not times:
            return False
        first, last = min(times), max(times)
        # The common cases, at once: every stamp has its year, or none has.
        if first >= _END_S or last < _FIRST_S:
            self._near = times[-1]
            return False
        if self._near is None and first >= _FIRST_S and last < _END_S:
            return False
        if self._near is None:
            self._near = next((time for time in times if not _lacks_year(time)), None)
        near = self._near
        if near is None:
            return False
        for at, time in enumerate(times):
            if _lacks_year(time):
                times[at] = _nearest(time, near)
            else:
                near = time
        self._near = near
        return True


def _lacks_year(time: float) -> bool:
    return _FIRST_S <= time < _END_S


def _nearest(time: float, near: float) -> float:
    plain = gmtime(time)
    this = gmtime(near).tm_year
    years = [timegm((year, *plain[1:6])) + time % 1.0 for year in (this - 1, this, this + 1)]
    return min(years, key=lambda each: abs(each - near))
