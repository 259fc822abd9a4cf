"""Forgets `async`."""

from gputlb.driver import Scheme


class Flush(Scheme):
    def flush(self) -> None:  # type: ignore[override]
        """Do nothing."""


class SetUp(Scheme):
    def set_up(self) -> None:  # type: ignore[override]
        """Do nothing."""

    async def flush(self) -> None:
        """Never comes to it."""


class NeedsMore(Scheme):
    def __init__(self) -> None:
        """Take no GT."""

    async def flush(self) -> None:
        """Never comes to it."""
