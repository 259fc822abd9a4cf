"""The register BAR: what each offset does when it is read, written and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from gputlb.device.forcewake import ForcewakeDomain
    from gputlb.runtime import Cell, How, Runtime

ALL_ONES = 0xFFFFFFFF


class RegisterOutsideBar(GputlbError):
    """A register offset is not a multiple of 4 within the BAR."""

    def __init__(self, offset: int, bar_bytes: int) -> None:
        super().__init__(f"register {offset:#x} lies outside the BAR: offsets are multiples of 4 below {bar_bytes:#x}")
        self.offset = offset
        self.bar_bytes = bar_bytes


class Register:
    """One register: a cell, and what a write does to it.

    Args:
        name: as the facts spell it.
        cell: what is read.
        write: what a written value does; None where nothing comes of it.
        needs: domains of which one that sleeps makes the register ignore writes and read 0.

    """

    __slots__ = ("cell", "name", "needs", "write")

    def __init__(
        self,
        name: str,
        cell: Cell,
        write: Callable[[int], Awaitable[None]] | None = None,
        needs: tuple[ForcewakeDomain, ...] = (),
    ) -> None:
        self.name = name
        self.cell = cell
        self.write = write
        self.needs = needs


class RegisterFile:
    """The registers of a virtual GPU, at absolute offsets: what a driver meets the device at.

    Offsets that nothing is known of read 0 and ignore writes, with an `unmodelled` event.
    """

    def __init__(
        self,
        runtime: Runtime,
        registers: Mapping[int, Register],
        bar_bytes: int,
        *,
        dead: Cell | None = None,
        lost_offsets: frozenset[int] = frozenset(),
        semaphores: Mapping[int, Cell] | None = None,
        strict_power: bool = False,
    ) -> None:
        self._runtime = runtime
        self._registers = registers
        self._bar_bytes = bar_bytes
        self._dead = dead
        self._lost_offsets = lost_offsets
        self._semaphores = semaphores or {}
        self._strict_power = strict_power

    async def read(self, offset: int) -> int:
        """Return the register: all ones on a dead device, 0 while its domain sleeps."""
        self._check(offset)
        if self._dead is not None and await self._dead.load():
            return ALL_ONES
        if offset in self._semaphores:
            return await self._semaphores[offset].update(lambda _free: 0)
        register = self._registers.get(offset)
        if register is None or not await self._awake(register):
            return 0
        return await register.cell.load()

    async def write(self, offset: int, value: int) -> None:
        """Write the register; lost on a dead device and while its domain sleeps."""
        self._check(offset)
        runtime = self._runtime
        if offset in self._lost_offsets or (self._dead is not None and await self._dead.load()):
            runtime.emit("write_lost", offset, value, "fault")
            return
        if offset in self._semaphores:
            await self._semaphores[offset].store(1)
            return
        register = self._registers.get(offset)
        if register is None:
            runtime.emit("unmodelled", offset, value)
            return
        async with runtime.atomic():
            awake = await self._awake(register)
            if awake and register.write is not None:
                await register.write(value)
        if self._strict_power:
            runtime.require(awake, f"{register.name} was written while its forcewake domain slept", register=offset)
        if not awake:
            runtime.emit("write_lost", offset, value, "asleep")

    async def until(self, offset: int, mask: int, value: int, timeout_us: float, how: How) -> bool:
        """Wait until `register & mask == value`; return False if `timeout_us` passed first."""
        self._check(offset)
        if self._dead is not None and await self._dead.load():
            reached = ALL_ONES & mask == value
            return reached or await self._dead.until(lambda dead: not dead, timeout_us, how)
        if offset in self._semaphores:
            return await self._take_semaphore(self._semaphores[offset], timeout_us, how)
        register = self._registers.get(offset)
        if register is None:
            return value == 0
        return await register.cell.until(lambda word: word & mask == value, timeout_us, how)

    async def _take_semaphore(self, semaphore: Cell, timeout_us: float, how: How) -> bool:
        """Read the semaphore until it reads 1, which takes it; the time-out begins anew if somebody else was faster."""
        while await semaphore.until(lambda free: free == 1, timeout_us, how):
            if await semaphore.update(lambda _free: 0):
                return True
        return False

    async def _awake(self, register: Register) -> bool:
        for domain in register.needs:
            if not await domain.powered.load():
                return False
        return True

    def _check(self, offset: int) -> None:
        if not 0 <= offset < self._bar_bytes or offset & 3:
            raise RegisterOutsideBar(offset, self._bar_bytes)
