"""Queues as Little's law sees them: who came, how many were there on average, how long each waited."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """One queue over the time that is counted.

    Number and wait are measured independently of each other: the number by its integral over time, the wait by
    each one's own clock. That they fit (number = rate x wait, but for who was there at the ends) is Little's law.
    """

    arrivals: int
    departures: int
    number_at_begin: int
    number_at_end: int
    mean_number: float
    mean_wait_us: float | None
    """Of those who left; None if nobody did."""


class QueueMeter:
    """Counts who comes and goes, in virtual nanoseconds."""

    __slots__ = (
        "_area_ns",
        "_begun_ns",
        "_changed_ns",
        "_first",
        "_waits",
        "arrivals",
        "departures",
        "least",
        "number",
    )

    def __init__(self) -> None:
        self.number = 0
        self.least = 0
        """The fewest since `mark`."""
        self.begin(0)

    def begin(self, now_ns: int) -> None:
        """Count from now on; who is there stays there."""
        self._begun_ns = self._changed_ns = now_ns
        self._area_ns = 0
        self._waits = 0
        self._first = self.number
        self.arrivals = self.departures = 0
        self.least = self.number

    def enter(self, now_ns: int) -> None:
        """Take note that one came."""
        self._area_ns += self.number * (now_ns - self._changed_ns)
        self._changed_ns = now_ns
        self.number += 1
        self.arrivals += 1

    def leave(self, now_ns: int, waited_ns: int) -> None:
        """Take note that one left after `waited_ns`."""
        self._area_ns += self.number * (now_ns - self._changed_ns)
        self._changed_ns = now_ns
        self.number -= 1
        self.departures += 1
        self._waits += waited_ns
        self.least = min(self.least, self.number)

    def mark(self) -> int:
        """Return the fewest that were there since the last mark."""
        least, self.least = self.least, self.number
        return least

    def area_ns(self, now_ns: int) -> int:
        """Return the integral of the number over time, up to now."""
        return self._area_ns + self.number * (now_ns - self._changed_ns)

    def figures(self, now_ns: int) -> QueueFigures:
        """Return what has been counted up to now."""
        span_ns = now_ns - self._begun_ns
        return QueueFigures(
            arrivals=self.arrivals,
            departures=self.departures,
            number_at_begin=self._first,
            number_at_end=self.number,
            mean_number=self.area_ns(now_ns) / span_ns if span_ns else 0.0,
            mean_wait_us=self._waits / self.departures / 1000 if self.departures else None,
        )
