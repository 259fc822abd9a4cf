"""The system's memory: which page belongs to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.runtime import Runtime

SYSTEM = 0
"""The tenant of a page that nobody has borrowed."""
PAGE_BYTES = 4096


class OutOfMemory(GputlbError):
    """More pages were asked for at once than the system has, so that waiting for them would never end."""


class SystemMemory:
    """Pages, each with its present tenant; lent lowest number first, so that what came back goes out again soon.

    It also judges: an access through a translation made for somebody who is not the page's tenant any more is a
    violation, with engine, address, page, whom it was mapped for and whose it is now.

    Args:
        runtime: what an `await` means here.
        pages: how many there are, 4 KiB each.

    """

    def __init__(self, runtime: Runtime, pages: int) -> None:
        self._runtime = runtime
        self._layout = facts.pte_layout()
        self.pages = pages
        self.tenants = tuple(runtime.cell(f"page{page}.tenant", 16) for page in range(pages))
        self._free = runtime.cell("memory.free", pages, (1 << pages) - 1)

    async def lend(self, count: int, tenant: int) -> tuple[int, ...]:
        """Return the numbers of `count` free pages, lowest first, for `tenant`; wait while there are too few.

        Raises: `OutOfMemory`.
        """
        if count > self.pages:
            raise OutOfMemory(f"{count} pages were asked for at once, and the system has {self.pages}")
        while True:
            await self._free.until(lambda free: free.bit_count() >= count)
            async with self._runtime.atomic():
                free = await self._free.load()
                if free.bit_count() < count:
                    continue
                pages = _lowest(free, count)
                await self._free.store(free & ~sum(1 << page for page in pages))
                for page in pages:
                    await self.tenants[page].store(tenant)
            return pages

    async def take_back(self, pages: Sequence[int]) -> None:
        """Take pages back for the system, for whoever asks next."""
        async with self._runtime.atomic():
            for page in pages:
                await self.tenants[page].store(SYSTEM)
            returned = sum(1 << page for page in pages)
            await self._free.update(lambda free: free | returned)

    async def access(self, engine: str, virtual_page: int, entry: int) -> None:
        """Let `engine` reach memory through the translation `entry`; a violation if the page has changed hands."""
        self._runtime.emit("access", engine, virtual_page)
        layout = self._layout
        page = layout.page(entry)
        tenant = await self.tenants[page].load()
        expected = layout.tenant(entry)
        if tenant == expected:
            return
        address = virtual_page * PAGE_BYTES
        now = "was given back to the system" if tenant == SYSTEM else f"belongs to somebody else (tenant {tenant})"
        self._runtime.require(
            False,
            f"{engine} reached page {page} through a stale translation: the page {now}",
            engine=engine,
            address=address,
            page=page,
            mapped_for=expected,
            tenant=tenant,
        )


def _lowest(free: int, count: int) -> tuple[int, ...]:
    pages = []
    for _ in range(count):
        lowest = free & -free
        pages.append(lowest.bit_length() - 1)
        free ^= lowest
    return tuple(pages)
