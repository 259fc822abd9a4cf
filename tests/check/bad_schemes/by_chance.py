"""Does not repeat itself: chance, a clock, or state that shows nowhere decides."""

import itertools
import random
import time

from gputlb.driver import Gt, Scheme
from gputlb.driver.schemes import Mmio


class Chance(Mmio):
    async def flush(self) -> None:
        if random.random() < 0.5:
            await self.gt.wedged.load()
        await super().flush()


class Clock(Mmio):
    async def flush(self) -> None:
        if time.perf_counter_ns() // 100 % 2:
            await self.gt.wedged.load()
        await super().flush()


class ChancePasses(Mmio):
    def passed(self, current: int, wanted: int) -> bool:
        return random.random() < 0.5


class ChanceStamps(Mmio):
    def stamp(self, seqno: int) -> int:
        return random.randrange(1 << 32)


class OwnDice(Mmio):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.dice = random.Random(1)

    async def flush(self) -> None:
        self.dice.random()
        await super().flush()


class CountsInC(Scheme):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.flushes = itertools.count()

    async def flush(self) -> None:
        if next(self.flushes) % 3 == 0:
            await self.gt.wedged.load()
