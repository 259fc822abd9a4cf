"""Keeps state outside cells, where it is not seen at once: in what starts empty, in a class, in a module."""

from gputlb.driver import Gt, Scheme
from gputlb.driver.schemes import Mmio

flushes = 0


class Logs(Mmio):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.log: list[int] = []

    def note(self) -> None:
        self.log.append(1)

    async def flush(self) -> None:
        self.note()
        await super().flush()


class Tallies(Mmio):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.seen: dict[str, int] = {}

    async def flush(self) -> None:
        self.seen["flush"] = self.seen.get("flush", 0) + 1
        await super().flush()


class Marks(Mmio):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.marks: set[int] = set()

    async def flush(self) -> None:
        self.marks.add(len(self.marks))
        await super().flush()


class Statistics:
    flushes = 0


class CountsElsewhere(Mmio):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.statistics = Statistics()

    async def flush(self) -> None:
        self.statistics.flushes += 1
        await super().flush()


class RemembersStamps(Mmio):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.stamps: list[int] = []

    def stamp(self, seqno: int) -> int:
        self.stamps.append(seqno)
        return super().stamp(seqno)


class CountsInItsClass(Mmio):
    flushes = 0

    async def flush(self) -> None:
        CountsInItsClass.flushes += 1
        await super().flush()


class CountsInItsModule(Mmio):
    async def flush(self) -> None:
        global flushes  # noqa: PLW0603 (what is tried)
        flushes += 1
        await super().flush()


class AddsToTheGt(Mmio):
    async def flush(self) -> None:
        self.gt.flushes = getattr(self.gt, "flushes", 0) + 1  # type: ignore[attr-defined]
        await super().flush()


class FlushesOnce(Mmio):
    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.done: list[int] = []

    async def flush(self) -> None:
        if self.done:
            return
        await super().flush()
        self.done.append(1)


class SkipsEveryThird(Scheme):
    flushes = 0

    async def flush(self) -> None:
        type(self).flushes += 1
        if self.flushes % 3 == 0:
            return
        await self.gt.wedged.load()
