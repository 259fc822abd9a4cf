"""Sleeps for ever, without a look at anything."""

from gputlb.driver import Scheme


class Sleepless(Scheme):
    async def flush(self) -> None:
        while True:
            await self.gt.runtime.sleep(1)
