"""Awaits a cell before anybody else is there."""

from gputlb.driver import Scheme


class Waits(Scheme):
    async def set_up(self) -> None:
        await self.gt.wedged.load()

    async def flush(self) -> None:
        """Do nothing."""
