"""What can be wrong with a question put to the facts."""

from __future__ import annotations

from gputlb.errors import GputlbError


class UnknownFact(GputlbError):  # noqa: N818 - the house names errors for what happened
    """The facts have no row for what was asked; the text names the nearest that they do have."""


class UnknownPlatform(UnknownFact):
    """No platform has this name or PCI id; `gputlb platforms` lists all that are known."""

    def __init__(self, text: str, *, asked: str) -> None:
        super().__init__(text)
        self.asked = asked
        """The name or id as it was given."""


class UnknownRegister(UnknownFact):
    """No register has this name; `gputlb registers` lists all that are known."""


class UnknownBug(UnknownFact):
    """No bug has this number; `gputlb.facts.bugs()` returns all that are known."""


class UnknownEngine(UnknownFact):
    """No engine class has this name, number or instance."""


class NotRecorded(UnknownFact):
    """The platform is known, but this fact about it was not found in any source read so far."""
