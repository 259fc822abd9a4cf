"""What time it is when things are done for real, and how to let some pass."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What time it is, and how to let some pass."""

    def now_ns(self) -> int:
        """Return a time in nanoseconds that never goes back."""

    def pause_ns(self, span_ns: int) -> None:
        """Let `span_ns` nanoseconds pass; 0 is a breath between two looks of a spinning wait."""


class MachineClock:
    """The machine's monotonic clock."""

    now_ns = staticmethod(time.monotonic_ns)

    def pause_ns(self, span_ns: int) -> None:
        """Sleep; do nothing at all for 0."""
        if span_ns:
            time.sleep(span_ns / 1e9)


class SteppedClock:
    """A clock that only moves when somebody waits: hours of time-outs pass in no time, always the same."""

    breath_ns = 1000

    def __init__(self) -> None:
        self._now_ns = 0
        self._moving = threading.Lock()  # without it, two threads that pause could turn the clock back

    def now_ns(self) -> int:
        """Return the sum of all pauses."""
        return self._now_ns

    def pause_ns(self, span_ns: int) -> None:
        """Move on by `span_ns`, by one breath (1 µs) for 0."""
        with self._moving:
            self._now_ns += span_ns or self.breath_ns
