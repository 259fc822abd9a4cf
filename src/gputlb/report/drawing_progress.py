"""What a report is made of at the moment: one line on stderr that is rewritten, on a terminal alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.report.terminal import CLEAR_LINE, rewrites_lines

if TYPE_CHECKING:
    from typing import TextIO


class DrawingProgress:
    """A line that names each step before it is taken: a single picture may take a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = rewrites_lines(stream)
        self._shown = False

    def show(self, step: str) -> None:
        """Say what is done next."""
        if self._rewrites:
            self._stream.write(f"{CLEAR_LINE}{step} …")
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        """Make room for other output."""
        if self._shown:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()
            self._shown = False

    def __enter__(self) -> DrawingProgress:
        return self

    def __exit__(self, *exc: object) -> None:
        self.clear()
