"""How far a long replay has come, on stderr."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from gputlb.report.conformance_differences import counted
from gputlb.report.terminal import CLEAR_LINE, rewrites_lines

if TYPE_CHECKING:
    from collections.abc import Callable

_TERMINAL_EVERY_S = 0.25
_PLAIN_EVERY_S = 10.0


class Progress:
    """A line that is rewritten on a terminal, and one new line every 10 s elsewhere; a short run shows nothing."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._on_terminal = rewrites_lines(stream)
        self._every_s = _TERMINAL_EVERY_S if self._on_terminal else _PLAIN_EVERY_S
        self._next_s = clock() + max(1.0, self._every_s)
        self._shown = False

    def show(self, vectors: int, mismatches: int) -> None:
        """Say how many vectors have been replayed, if the last time is long enough ago."""
        if self._clock() < self._next_s:
            return
        self._next_s = self._clock() + self._every_s
        text = f"{counted(vectors, 'vector')} replayed, {counted(mismatches, 'mismatch')}"
        if self._on_terminal:
            self._stream.write(f"{CLEAR_LINE}{text}")
            self._shown = True
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Make room for other output."""
        if self._shown:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()
            self._shown = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc: object) -> None:
        self.clear()
