"""What can be wrong with a log or a trace that somebody wants read."""

from __future__ import annotations

from gputlb.errors import GputlbError


class UnreadableInput(GputlbError):
    """There is nothing that could be read as text; the message says why and what to do."""


class DecompressionBomb(UnreadableInput):
    """A compressed file grows beyond all measure; decompress it by hand if it is honest."""
