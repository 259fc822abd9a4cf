"""How far a large log was read: one line on stderr that is rewritten, on a terminal alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from gputlb.report.terminal import CLEAR_LINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.diagnose import Source

_PATIENCE_S = 1.0
_EVERY_S = 0.25


class ReadingProgress:
    """A line that says which log is read, and how far; it stays away from what takes less than a second."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._next_s = clock() + _PATIENCE_S
        self._shown = False

    def show(self, source: Source) -> None:
        """Say how far a log was read, if the last time is long enough ago."""
        if self._clock() < self._next_s:
            return
        self._next_s = self._clock() + _EVERY_S
        size = f"{source.size_bytes / 1e6:,.0f} MB" if source.size_bytes else ""
        if source.is_searched:
            text = f"searching {source.name}: {size}"
        else:
            share = f" of {size} ({source.read_bytes / source.size_bytes:.0%})" if source.size_bytes else ""
            text = f"reading {source.name}: {source.read_bytes / 1e6:,.0f} MB{share}"
        self._stream.write(CLEAR_LINE + text)
        self._stream.flush()
        self._shown = True

    def __enter__(self) -> ReadingProgress:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._shown:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()
