"""Computes for ever, without an await."""

from gputlb.driver import Scheme


class Endless(Scheme):
    async def flush(self) -> None:
        turns = 0
        while turns >= 0:
            turns += 1


class EndlessSetUp(Scheme):
    async def set_up(self) -> None:
        while self.gt is not None:
            pass

    async def flush(self) -> None:
        """Never comes to it."""


class EverFurther(Scheme):
    async def flush(self) -> None:
        turns = 0
        while True:
            turns += 1
            await self.gt.wedged.load()
