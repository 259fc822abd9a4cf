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
    """One register: a cell that is read and waited for, and what a write does.

    Args:
        name: as the facts spell it.
        cell: what is read.
        on_write: what a written value does; without it nothing comes of a write.
        needs: domains of which one that sleeps makes the register ignore writes and read 0.

    """

    __slots__ = ("_on_write", "cell", "name", "needs")

    def __init__(
        self,
        name: str,
        cell: Cell,
        on_write: Callable[[int], Awaitable[object]] | None = None,
        needs: tuple[ForcewakeDomain, ...] = (),
    ) -> None:
        self.name = name
        self.cell = cell
        self.needs = needs
        self._on_write = on_write

    async def read(self) -> int:
        """Return the value."""
        return await self.cell.load()

    async def write(self, value: int) -> None:
        """Do what a write does."""
        if self._on_write is not None:
            await self._on_write(value)

    async def until(self, mask: int, value: int, timeout_us: float, how: How) -> bool:
        """Wait until `value` is read under `mask`; return False if `timeout_us` passed first."""
        return await self.cell.until(lambda word: word & mask == value, timeout_us, how)

    async def is_awake(self) -> bool:
        """Return whether every domain that the register needs is powered."""
        for domain in self.needs:
            if not await domain.powered.load():
                return False
        return True


class RegisterFile:
    """The registers of a virtual GPU, at absolute offsets: what a driver meets the device at.

    Offsets that nothing is known of read 0 and ignore writes, with an `unmodelled` event. So do registers whose
    domain sleeps, with a `write_lost` event; that they read 0 is a simplification, real ones may read anything.

    Args:
        runtime: what an `await` means here.
        registers: by byte offset into the BAR.
        bar_bytes: its size.
        dead: a cell that is not 0 once every register reads all ones and ignores writes; None if that never comes.
        lost_offsets: registers whose writes never arrive.
        strict_power: a write to a sleeping register is a violation, too.

    """

    def __init__(
        self,
        runtime: Runtime,
        registers: Mapping[int, Register],
        bar_bytes: int,
        *,
        dead: Cell | None = None,
        lost_offsets: frozenset[int] = frozenset(),
        strict_power: bool = False,
    ) -> None:
        self._runtime = runtime
        self._registers = registers
        self._bar_bytes = bar_bytes
        self._dead = dead
        self._lost_offsets = lost_offsets
        self._strict_power = strict_power

    async def read(self, offset: int) -> int:
        """Return the register: all ones on a dead device, 0 while its domain sleeps."""
        register = self._at(offset)
        if await self._is_dead():
            return ALL_ONES
        if register is None or not await register.is_awake():
            return 0
        return await register.read()

    async def write(self, offset: int, value: int) -> None:
        """Write the register; lost on a dead device and while its domain sleeps."""
        register, runtime = self._at(offset), self._runtime
        if offset in self._lost_offsets or await self._is_dead():
            runtime.emit("write_lost", offset, value, "fault")
            return
        if register is None:
            runtime.emit("unmodelled", offset, value)
            return
        async with runtime.atomic():
            awake = await register.is_awake()
            if awake:
                await register.write(value)
        if not awake:
            runtime.emit("write_lost", offset, value, "asleep")
            if self._strict_power:
                runtime.require(False, f"{register.name} was written while its forcewake domain slept", register=offset)

    async def until(self, offset: int, mask: int, value: int, timeout_us: float, how: How) -> bool:
        """Wait until `register & mask == value`; return False if `timeout_us` passed first.

        A register whose domain sleeps when the wait begins reads 0 throughout.
        """
        register = self._at(offset)
        if await self._is_dead():
            return await self._until_all_ones(mask, value, timeout_us, how)
        if register is None or not await register.is_awake():
            return value == 0
        begun_ns = self._runtime.now_ns
        arrived = await register.until(mask, value, timeout_us, how)
        if await self._is_dead():  # overtaken by death: what the register holds can't be seen any more
            left_us = max(0.0, timeout_us - (self._runtime.now_ns - begun_ns) / 1000)
            return await self._until_all_ones(mask, value, left_us, how)
        return arrived

    async def _until_all_ones(self, mask: int, value: int, timeout_us: float, how: How) -> bool:
        assert self._dead is not None
        return ALL_ONES & mask == value or await self._dead.until(lambda dead: dead == 0, timeout_us, how)

    async def _is_dead(self) -> bool:
        return self._dead is not None and await self._dead.load() != 0

    def _at(self, offset: int) -> Register | None:
        if not 0 <= offset < self._bar_bytes or offset & 3:
            raise RegisterOutsideBar(offset, self._bar_bytes)
        return self._registers.get(offset)
