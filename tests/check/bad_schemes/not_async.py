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


class AsyncPassed(Scheme):
    async def passed(self, current: int, wanted: int) -> bool:  # type: ignore[override]
        return True

    async def flush(self) -> None:
        """Do nothing."""


class Yields(Scheme):
    async def flush(self):
        yield 1
