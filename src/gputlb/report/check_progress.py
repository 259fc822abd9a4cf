"""How far an exploration has come: one line on stderr that is rewritten, on a terminal alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from gputlb.report.terminal import CLEAR_LINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.explore import Progress

_EVERY_S = 0.25


class CheckProgress:
    """A line that says which group of engines is explored, how many states are known, how fast, how deep.

    Or, of a check on many platforms, which of them is explored.
    """

    def __init__(self, stream: TextIO, parts: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._parts = parts
        self._clock = clock
        self._next_s = clock() + _EVERY_S
        self._seen: list[tuple[str, ...]] = []
        self._shown = False

    def show(self, engines: tuple[str, ...], progress: Progress) -> None:
        """Say how far the group of `engines` has come, if the last time is long enough ago."""
        if engines not in self._seen:
            self._seen.append(engines)
        if self._clock() < self._next_s and not progress.loads:
            return
        self._next_s = self._clock() + _EVERY_S
        rate = progress.states / progress.seconds if progress.seconds else 0.0
        how_far = f"{progress.states:,} states, {rate:,.0f} states/s, depth {progress.depth}"
        if progress.loads:
            how_far = "loading compiled code; the first time it is compiled, which takes some 10 s"
        self._stream.write(f"{CLEAR_LINE}group {len(self._seen)} of {self._parts} ({', '.join(engines)}): {how_far}")
        self._stream.flush()
        self._shown = True

    def begin(self, platform: str, number: int) -> None:
        """Say which platform is explored now."""
        self._stream.write(f"{CLEAR_LINE}platform {number} of {self._parts} ({platform})")
        self._stream.flush()
        self._shown = True

    def end(self) -> None:
        """Take the line away, for something else is to be written."""
        if self._shown:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()
        self._shown = False

    def __enter__(self) -> CheckProgress:
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()
