"""How far a sweep has come and how long it still takes, on stderr."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from gputlb.report.terminal import CLEAR_LINE, rewrites_lines

if TYPE_CHECKING:
    from collections.abc import Callable

_TERMINAL_EVERY_S = 0.25
_PLAIN_EVERY_S = 30.0


class SweepProgress:
    """A line that is rewritten on a terminal, and one new line every 30 s elsewhere; a short sweep shows nothing.

    Args:
        stream: where to.
        before: runs that had finished before this sweep began.
        total: runs that there will be.
        clock: seconds.

    """

    def __init__(self, stream: TextIO, before: int, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._before = before
        self._total = total
        self._clock = clock
        self._begun_s = clock()
        self._on_terminal = rewrites_lines(stream)
        self._every_s = _TERMINAL_EVERY_S if self._on_terminal else _PLAIN_EVERY_S
        self._next_s = self._begun_s + max(1.0, self._every_s)
        self._shown = False

    def show(self, finished: int) -> None:
        """Say how far it is, with `finished` runs since it began, if the last time is long enough ago."""
        if self._clock() < self._next_s:
            return
        self._next_s = self._clock() + self._every_s
        done = self._before + finished
        text = f"{done:,} of {self._total:,} runs ({100 * done // self._total} %)"
        if finished:
            left_s = (self._clock() - self._begun_s) / finished * (self._total - done)
            text += f", about {span(left_s)} left"
        if self._on_terminal:
            self._stream.write(f"{CLEAR_LINE}{text}")
            self._shown = True
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def __enter__(self) -> SweepProgress:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._shown:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()


class TrialProgress:
    """A line on a terminal, from the second second on, about short runs that are tried; elsewhere nothing.

    Args:
        stream: where to.
        clock: seconds.

    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._from_s = clock() + 1.0
        self._shown = False

    def show(self, tried: int, total: int) -> None:
        """Say how many points have been tried, and of how many."""
        if rewrites_lines(self._stream) and self._clock() >= self._from_s:
            self._stream.write(f"{CLEAR_LINE}trying short runs: {tried} of {total} points")
            self._stream.flush()
            self._shown = True

    def __enter__(self) -> TrialProgress:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._shown:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()


def span(seconds: float) -> str:
    """Return a span of time as people say it: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
