"""An engine: translates through its TLB, walks page tables, touches pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.runtime import Exponential

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.device.behaviour import Behaviour
    from gputlb.device.forcewake import ForcewakeDomain
    from gputlb.device.memory import SystemMemory
    from gputlb.runtime import Cell, Duration, Runtime

_ENTRY_BITS = 64
_TAG_BITS = 32
_ENTRY_MASK = (1 << _ENTRY_BITS) - 1


def _one_more(count: int) -> int:
    return count + 1


def _one_less(count: int) -> int:
    return count - 1


class EngineTlb:
    """The translations that an engine has kept: direct-mapped, one a slot, and whether a walk may fill it.

    A slot holds a page-table entry with the upper part of the virtual page above it as a tag; 0 is empty. That
    real TLBs are direct-mapped is not claimed: it is the simplest shape in which an entry outlives its mapping.
    """

    def __init__(self, runtime: Runtime, name: str, slots: int) -> None:
        self._runtime = runtime
        self.slots = tuple(runtime.cell(f"{name}.tlb{slot}", _ENTRY_BITS + _TAG_BITS) for slot in range(slots))
        self.walking = tuple(runtime.cell(f"{name}.walking{slot}", 1) for slot in range(slots))

    async def look_up(self, virtual_page: int) -> int:
        """Return the kept entry for `virtual_page`, or 0."""
        slots = self.slots
        kept = await slots[virtual_page % len(slots)].load()
        return self.entry_in(kept, virtual_page) if kept else 0

    def entry_in(self, kept: int, virtual_page: int) -> int:
        """Return the entry for `virtual_page` in what its slot holds; 0 if that is for another page."""
        return kept & _ENTRY_MASK if kept >> _ENTRY_BITS == virtual_page // len(self.slots) else 0

    async def keep(self, virtual_page: int, entry: int) -> None:
        """Keep `entry` for `virtual_page`, in place of what its slot held."""
        await self.slots[virtual_page % len(self.slots)].store(self.kept(virtual_page, entry))

    def kept(self, virtual_page: int, entry: int) -> int:
        """Return what a slot holds that keeps `entry` for `virtual_page`."""
        return virtual_page // len(self.slots) << _ENTRY_BITS | entry

    async def drop(self, *, cancel_walks: bool = True) -> None:
        """Forget every translation, and (unless told otherwise) the walks under way."""
        await self._runtime.clear(self.slots)
        if cancel_walks:
            await self._runtime.clear(self.walking)


class Engine:
    """An engine that runs contexts.

    While a context is on it, it touches virtual pages picked by the environment, as a batch may that never
    declared what it uses: through its TLB where it can, else by walking the page table.

    Args:
        runtime: what an `await` means here.
        name: as the driver shows it.
        page_table: the entries of the address space that contexts run in.
        memory: where translations lead.
        behaviour: which behaviours are switched on.
        domain: the forcewake domain that powers it; None where it is always on.
        tlb_slots: how many translations it keeps.
        pace: time between two accesses.

    """

    def __init__(
        self,
        runtime: Runtime,
        name: str,
        page_table: Sequence[Cell],
        memory: SystemMemory,
        behaviour: Behaviour,
        *,
        domain: ForcewakeDomain | None = None,
        tlb_slots: int = 32,
        pace: Duration | None = None,
    ) -> None:
        self.name = name
        self.tlb = EngineTlb(runtime, name, tlb_slots)
        self.contexts = runtime.cell(f"{name}.contexts", 8)
        self._runtime = runtime
        self._page_table = page_table
        self._memory = memory
        self._behaviour = behaviour
        self._domain = domain
        self._pace = pace or Exponential(5.0)
        self._layout = facts.pte_layout()
        slots = self.tlb.slots
        self._places = tuple((entry, slots[page % len(slots)]) for page, entry in enumerate(page_table))
        self._observers = runtime.events.observers

    async def start_context(self) -> None:
        """Put a context on the engine; it powers up, and drops what it had cached, before anything runs."""
        if self._domain is not None:
            await self._domain.need()
        async with self._runtime.atomic():
            if self._behaviour.requests_begin_with_invalidate:
                await self.tlb.drop()
            await self.contexts.update(_one_more)
        self._runtime.emit("context", self.name, "start")

    async def end_context(self) -> None:
        """Take a context off, unless a reset has; the last one leaves the engine idle."""
        async with self._runtime.atomic():
            if await self.contexts.load():
                await self._lose_context()
        self._runtime.emit("context", self.name, "end")

    async def reset(self) -> None:
        """Lose every context, and what the TLB holds."""
        async with self._runtime.atomic():
            while await self.contexts.load():
                await self._lose_context()
            if self._behaviour.tlb_lost_on_reset:
                await self.tlb.drop()

    async def _lose_context(self) -> None:
        await self.contexts.update(_one_less)
        if self._domain is not None:
            await self._domain.need_no_more()

    async def act(self) -> None:
        """Wait for a context and touch pages until one comes to something: one round of the engine's agent.

        To touch a page that is neither in the page table nor in the TLB is a page fault; the batch goes on.
        """
        await self.contexts.until(bool)
        await self.touch(await self._runtime.choose_occupied(self._pace, self._places, self.contexts))

    async def touch(self, virtual_page: int) -> None:
        """Reach for `virtual_page`; translation and access are one step, since an invalidation waits for it."""
        runtime, tlb, contexts = self._runtime, self.tlb, self.contexts
        number = virtual_page % len(tlb.slots)
        slot, walking = tlb.slots[number], tlb.walking[number]
        async with runtime.atomic():
            if not await contexts.load():
                return  # the context has gone meanwhile
            kept = await slot.load()  # as `look_up`, without its coroutine
            if kept and (entry := tlb.entry_in(kept, virtual_page)):
                await self._memory.access(self.name, virtual_page, entry)
                return
            entry = await self._page_table[virtual_page].load()
            if not (entry and self._layout.present(entry)):
                return  # a page fault; the batch goes on
            await walking.store(1)
        begun_ns = runtime.now_ns if self._observers else 0
        await runtime.sleep(self._behaviour.walk_latency)
        async with runtime.atomic():
            cancelled = self._behaviour.invalidation_cancels_walks and not await walking.load()
            if self._observers:
                what = "cancelled" if cancelled else "end"
                runtime.emit("walk", self.name, what, virtual_page, entry, runtime.now_ns - begun_ns)
            if cancelled:
                return  # dropped under way, to be walked again
            await walking.store(0)
            if await contexts.load():
                await slot.store(tlb.kept(virtual_page, entry))  # as `keep`, without its coroutine
                await self._memory.access(self.name, virtual_page, entry)
