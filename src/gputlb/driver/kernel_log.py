"""The kernel log that a driver's events would have left: rate limits included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.runtime import Event, EventStream


class RateLimit:
    """At most `burst` calls in an interval; the first call after it starts the next one.

    Source: Linux 6.12 lib/ratelimit.c; the kernel's default, which `drm_err_ratelimited` uses, is 10 in 5 s.
    """

    def __init__(self, burst: int, interval_ns: int) -> None:
        self.burst = burst
        self.interval_ns = interval_ns
        self.printed = 0
        self.missed = 0
        self._begin_ns: int | None = None

    def allows(self, now_ns: int) -> tuple[bool, int]:
        """Return whether a call at `now_ns` may print, and how many were dropped in the interval that it ends."""
        dropped = 0
        if self._begin_ns is None:
            self._begin_ns = now_ns
        if now_ns > self._begin_ns + self.interval_ns:
            dropped, self.missed, self.printed = self.missed, 0, 0
            self._begin_ns = now_ns
        if self.printed < self.burst:
            self.printed += 1
            return True, dropped
        self.missed += 1
        return False, dropped


class KernelLog:
    """A listener that writes error and warning events as `dmesg` would show them.

    Error lines are limited to 10 per 5 s together; how many were dropped is said when the next interval begins.
    """

    def __init__(
        self, stream: EventStream, device: str = "0000:00:02.0", write: Callable[[str], object] | None = None
    ) -> None:
        timing = facts.timing()
        self.lines: list[str] = []
        self.device = device
        self._write = write or self.lines.append
        self._limit = RateLimit(timing.error_burst, timing.error_interval_ms * 1_000_000)
        self.stop = stream.listen(self._notice)

    @property
    def suppressed(self) -> int:
        """Error lines dropped in the current interval."""
        return self._limit.missed

    def _notice(self, event: Event) -> None:
        if event.kind == "err":
            allowed, dropped = self._limit.allows(event.time_ns)
            if dropped:
                self._line(event.time_ns, f"drm_err_ratelimited: {dropped} callbacks suppressed")
            if allowed:
                self._line(event.time_ns, f"i915 {self.device}: [drm] *ERROR* {event.values[0]}")
        elif event.kind == "warn":
            self._line(event.time_ns, f"i915 {self.device}: [drm] {event.values[0]}")

    def _line(self, time_ns: int, text: str) -> None:
        seconds, rest = divmod(time_ns // 1000, 1_000_000)
        self._write(f"[{seconds:5d}.{rest:06d}] {text}")
