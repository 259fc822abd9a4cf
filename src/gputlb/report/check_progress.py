"""How far an exploration has come: one line on stderr that is rewritten, on a terminal alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.explore import Progress

_EVERY_S = 0.25
_CLEAR_LINE = "\r\x1b[K"


class CheckProgress:
    """A line that says which group of engines is explored, how many states are known, how fast, how deep."""

    def __init__(self, stream: TextIO, groups: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._groups = groups
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
        self._stream.write(f"{_CLEAR_LINE}group {len(self._seen)} of {self._groups} ({', '.join(engines)}): {how_far}")
        self._stream.flush()
        self._shown = True

    def __enter__(self) -> CheckProgress:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._shown:
            self._stream.write(_CLEAR_LINE)
            self._stream.flush()
