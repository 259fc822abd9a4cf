"""VMAs: an object's place in an address space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.driver.gem_object import page_numbers

if TYPE_CHECKING:
    from gputlb.driver.gem_object import GemObject
    from gputlb.driver.page_table import PageTable


class Vma:
    """An object bound at a virtual page.

    Args:
        gem_object: what is bound.
        page_table: where.
        first: the virtual page at which it begins.

    """

    def __init__(self, gem_object: GemObject, page_table: PageTable, first: int) -> None:
        self.gem_object = gem_object
        self.page_table = page_table
        self.first = first

    async def bind(self) -> None:
        """Write the page-table entries; from now on engines may translate and keep what they found."""
        pages = page_numbers(await self.gem_object.pages.load())
        await self.page_table.map(self.first, pages, await self.gem_object.tenant.load())

    async def unbind(self) -> None:
        """Clear the entries, then stamp the object, on each GT.

        The order matters: a stamp from before the clearing would count a flush that ran before it.
        Source: `ppgtt_unbind_vma` and `vma_invalidate_tlb`, i915_vma.c; by pointer, as of bug I915-09's fix.
        """
        await self.page_table.clear(self.first, self.gem_object.page_count)
        await self.invalidate_tlb()

    async def invalidate_tlb(self) -> None:
        """Write into the object the number of the flush that covers what was just cleared (`vma_invalidate_tlb`)."""
        for tlb, stamp in zip(self.gem_object.tlbs, self.gem_object.stamps, strict=True):
            await stamp.store(await tlb.next_invalidate_full())
