"""Steering of replicated registers: which copies an access reaches, and who may change that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.device.register_file import Register

if TYPE_CHECKING:
    from gputlb.runtime import How, Runtime


class McrSelector:
    """MTL_MCR_SELECTOR, as far as a write of all copies depends on it.

    Platforms before graphics 12.70 have another selector, which nothing here ever leaves on one copy.
    """

    def __init__(self, runtime: Runtime, name: str, multicast_bit: int, *, multicast_at_start: bool) -> None:
        self.multicast = runtime.cell(f"{name}.multicast", 1, int(multicast_at_start))
        self._multicast_bit = multicast_bit

    async def select(self, value: int) -> None:
        """Take a write to the selector."""
        await self.multicast.store(value >> self._multicast_bit & 1)

    async def reaches_all(self) -> bool:
        """Return whether a write now reaches every copy of a register."""
        return await self.multicast.load() != 0


class SteeringSemaphore(Register):
    """MTL_STEER_SEMAPHORE: reads 1 to the one who takes it by that, then 0 until it is written 1."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        super().__init__("MTL_STEER_SEMAPHORE", runtime.cell(f"{name}.semaphore", 1, 1))

    async def read(self) -> int:
        """Take the semaphore if it is free; return whether it was."""
        return await self.cell.update(lambda _free: 0)

    async def write(self, value: int) -> None:
        """Give the semaphore back."""
        await self.cell.update(lambda free: free | value & 1)

    async def until(self, mask: int, value: int, timeout_us: float, how: How) -> bool:
        """Read until the semaphore is taken; the time-out begins anew each time that somebody else is faster."""
        while await self.cell.until(lambda free: free & mask == value, timeout_us, how):
            if await self.read() & mask == value:
                return True
        return False
