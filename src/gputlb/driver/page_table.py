"""Page-table entries in memory: what the driver writes and a walker reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gputlb.runtime import Cell, Runtime


class AddressSpaceFull(GputlbError):
    """More pages were to be mapped than the address space has entries."""


class PageTable:
    """One level of page-table entries, one a virtual page; what an address space is to a flush.

    An entry holds the present bit, the page number, and in bits that hardware ignores the *tenant*: who the page
    belonged to when it was mapped. The virtual GPU never acts on the tenant; it is there so that an access
    through a stale translation can be told from a rightful one.
    """

    def __init__(self, runtime: Runtime, name: str, entries: int) -> None:
        layout = facts.pte_layout()
        self._runtime = runtime
        self.entries: Sequence[Cell] = tuple(
            runtime.cell(f"{name}.pte{index}", layout.bits) for index in range(entries)
        )
        self._layout = layout

    async def map(self, first: int, pages: Iterable[int], tenant: int) -> None:
        """Write the entries from virtual page `first` on, one for each page number of `pages`."""
        for index, page in enumerate(pages, first):
            if index >= len(self.entries):
                raise AddressSpaceFull(
                    f"virtual page {index} does not exist: the address space has {len(self.entries)}"
                )
            await self.entries[index].store(self._layout.entry(page, tenant))

    async def clear(self, first: int, count: int) -> None:
        """Clear `count` entries from virtual page `first` on; engines may keep their translations all the same."""
        await self._runtime.clear(self.entries[first : first + count])
