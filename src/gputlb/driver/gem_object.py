"""GEM objects: pages that a client owns, and how they go back to the system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gputlb.driver.seqno import SEQNO_BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.driver.tlb import Tlb
    from gputlb.runtime import Runtime


TENANT_BITS = 16


def page_numbers(pages: int) -> tuple[int, ...]:
    """Return the numbers of the pages whose bits are set, lowest first."""
    numbers = []
    while pages:
        lowest = pages & -pages
        numbers.append(lowest.bit_length() - 1)
        pages ^= lowest
    return tuple(numbers)


class PageSource(Protocol):
    """The system that lends pages."""

    pages: int
    """How many pages there are; they are numbered from 0."""

    async def lend(self, count: int, tenant: int) -> tuple[int, ...]:
        """Return the numbers of `count` pages that belong to `tenant` from now on."""

    async def take_back(self, pages: Sequence[int]) -> None:
        """Take pages back; the next `lend` may give them to somebody else."""


class GemObject:
    """An object with backing pages.

    For each GT it carries a stamp: 0 where nothing is pending, else the number of the flush that must have
    passed before the pages may go back. Source: `obj->mm.tlb`, July 2022 patch (one stamp, for GT0) and Linux
    6.6 (one a GT).

    Args:
        runtime: what an `await` means here.
        tlbs: the invalidation of each GT, in order of GT.
        pages: where pages come from.
        page_count: how many it has.
        name: for cells and locks.

    """

    def __init__(self, runtime: Runtime, tlbs: Sequence[Tlb], pages: PageSource, *, page_count: int, name: str) -> None:
        self.name = name
        self.tlbs = tuple(tlbs)
        self.page_count = page_count
        self.pages = runtime.cell(f"{name}.mm.pages", pages.pages)
        """The backing pages, a bit each."""
        self.tenant = runtime.cell(f"{name}.mm.tenant", TENANT_BITS)
        """Whom the pages are lent to; 0 is the system itself."""
        self.stamps = tuple(runtime.cell(f"{name}.mm.tlb{tlb.gt.id}", SEQNO_BITS) for tlb in self.tlbs)
        self.lock = runtime.mutex(f"{name}.lock")
        self._source = pages

    async def get_pages(self, tenant: int) -> None:
        """Borrow the backing pages from the system, for `tenant`."""
        pages = await self._source.lend(self.page_count, tenant)
        await self.tenant.store(tenant)
        await self.pages.store(sum(1 << page for page in pages))

    async def release_pages(self) -> None:
        """Give the pages back, after a flush on each GT whose stamp asks for one.

        The stamps are cleared in every case, also where the GT slept or was wedged and nothing was flushed.
        Source: `__i915_gem_object_unset_pages` and `flush_tlb_invalidate` in i915_gem_pages.c.
        """
        async with self.lock:
            pages = await self.pages.update(lambda _pages: 0)
            await self._flush_tlb_invalidate()
            await self._source.take_back(page_numbers(pages))

    async def _flush_tlb_invalidate(self) -> None:
        for tlb, stamp in zip(self.tlbs, self.stamps, strict=True):
            wanted = await stamp.load()
            if wanted:
                await tlb.invalidate_full(wanted)
                await stamp.store(0)
