"""Page-table writes that stay in the store buffer of the CPU that made them until something drains it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gputlb.check.goals import POSTED
from gputlb.driver import PageTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.check.checked_runtime import CheckedRuntime
    from gputlb.check.replayed_runtime import ReplayedRuntime
    from gputlb.runtime import Cell, How, Registers


class PostedPageTable(PageTable):
    """A page table whose cleared entries reach memory late.

    Each entry has a buffer of its own: a cleared entry stands there until it drains by itself, at any time, or by
    an uncached access of the same CPU. Mapping is taken to drain at once: it only ever adds behaviours to delay
    the clearing. Each client runs on a CPU of its own and clears the entries of its own object alone.
    """

    def __init__(self, runtime: CheckedRuntime | ReplayedRuntime, name: str, entries: int) -> None:
        super().__init__(runtime, name, entries)
        self.runtime: CheckedRuntime | ReplayedRuntime = runtime
        self.buffers = tuple(runtime.cell(f"cpu{cpu}.buffer", 1) for cpu in range(entries))

    async def map(self, first: int, pages: Iterable[int], tenant: int) -> None:
        """Write the entries, behind what may still stand in the buffer."""
        await self.drain(first)
        await super().map(first, pages, tenant)

    async def clear(self, first: int, count: int) -> None:
        """Put the clearing of `count` entries into the buffer."""
        for index in range(first, first + count):
            await self.buffers[index].store(1)
            self.runtime.note(POSTED)

    async def drain(self, cpu: int) -> None:
        """Let what stands in the buffer of `cpu` reach memory, in one step."""
        async with self.runtime.atomic():
            if await self.buffers[cpu].load():
                await self.entries[cpu].store(0)
                await self.buffers[cpu].store(0)

    def add_drains(self) -> None:
        """Add, for each buffer, the agent that drains it at any time."""
        for cpu, buffer in enumerate(self.buffers):
            self.runtime.agent(f"cpu{cpu} store buffer", partial(self._drain_later, buffer, cpu), forever=True)

    async def _drain_later(self, buffer: Cell, cpu: int) -> None:
        await buffer.until(lambda waiting: waiting == 1)
        await self.drain(cpu)


class PostedRegisters:
    """Registers whose writes, being uncached, drain the writer's store buffer first."""

    def __init__(self, registers: Registers, page_table: PostedPageTable) -> None:
        self._registers = registers
        self._page_table = page_table

    async def read(self, offset: int) -> int:
        """Return the register's value."""
        return await self._registers.read(offset)

    async def write(self, offset: int, value: int) -> None:
        """Drain the acting client's buffer, then write."""
        agent = self._page_table.runtime.acting
        if agent.startswith("client"):
            await self._page_table.drain(int(agent.removeprefix("client")))
        await self._registers.write(offset, value)

    async def until(self, offset: int, mask: int, value: int, timeout_us: float, how: How) -> bool:
        """Wait as the registers do."""
        return await self._registers.until(offset, mask, value, timeout_us, how)
