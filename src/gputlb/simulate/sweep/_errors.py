"""What can be wrong with a sweep, its file or its results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from pathlib import Path


class SweepError(GputlbError):
    """The root of what can go wrong with a sweep."""


class SweepFileError(SweepError):
    """A sweep file cannot be understood, or asks for something that there is not.

    Attributes:
        path: the file.
        line: where, from 1.
    """

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{path}:{line}: {what}")
        self.path = path
        self.line = line


class ResultsError(SweepError):
    """A results file cannot be read or written, or is none."""


class JournalError(SweepError):
    """The runs so far cannot be kept, or are those of another sweep."""


class RunFailed(SweepError):
    """A run ended with an error of its own, or took its worker with it twice; all others that finished are kept."""


class SweepInterrupted(SweepError):
    """Somebody pressed Ctrl-C; the text says how to go on."""
