"""Schemes that break the rules of locking, one each."""

from gputlb.driver import Gt, Scheme


class TwoOrders(Scheme):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.one, self.other = gt.runtime.mutex("one"), gt.runtime.mutex("other")

    async def flush(self) -> None:
        async with self.one, self.other:
            pass
        async with self.other, self.one:
            pass


class SleepsUnderSpinLock(Scheme):
    async def flush(self) -> None:
        async with self.gt.uncore.lock:
            await self.gt.runtime.sleep(10)


class TakesTwice(Scheme):
    async def flush(self) -> None:
        async with self.gt.uncore.lock, self.gt.uncore.lock:
            pass


class LeavesHeld(Scheme):
    async def flush(self) -> None:
        await self.gt.uncore.lock.acquire()


class GivesBackWhatItHasNot(Scheme):
    async def flush(self) -> None:
        await self.gt.uncore.lock.release()
