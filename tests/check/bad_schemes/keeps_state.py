"""Keeps state outside cells."""

from gputlb.driver import Gt, Scheme


class Counts(Scheme):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.flushes = 0

    async def flush(self) -> None:
        self.flushes += 1
        if self.flushes % 3:
            await self.gt.wedged.load()
        await self.gt.wedged.load()


class Remembers(Scheme):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.flushes = 0

    async def flush(self) -> None:
        self.flushes += 1
        await self.gt.wedged.load()
