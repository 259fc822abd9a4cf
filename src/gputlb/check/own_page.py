"""A client's own page: lent and taken back, never anybody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.device import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.device import SystemMemory


class OwnPage:
    """The part of the system's memory that one client borrows from.

    A page that is back with the system must not be reached; whether somebody else has borrowed it meanwhile makes
    it worse, not different. So one page a client is enough, and clients stay interchangeable.
    """

    def __init__(self, memory: SystemMemory, page: int) -> None:
        self.pages = memory.pages
        self._page = page
        self._tenant = memory.tenants[page]

    async def lend(self, count: int, tenant: int) -> tuple[int, ...]:
        """Return the client's page, lent to `tenant`."""
        assert count == 1, "a client has one page"
        await self._tenant.store(tenant)
        return (self._page,)

    async def take_back(self, pages: Sequence[int]) -> None:
        """Take the page back for the system."""
        assert tuple(pages) == (self._page,), "what was lent comes back"
        await self._tenant.store(SYSTEM)
