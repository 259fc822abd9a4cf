"""Goes on for ever, without anybody else's turn."""

from gputlb.driver import Scheme


class Sleepless(Scheme):
    async def flush(self) -> None:
        while True:
            await self.gt.runtime.sleep(1)


class PollsInAtomic(Scheme):
    async def flush(self) -> None:
        async with self.gt.runtime.atomic():
            while True:
                await self.gt.wedged.load()
