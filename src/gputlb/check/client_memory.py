"""Memory in which each client has one page of its own, under the same number as everybody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.device import SYSTEM, SystemMemory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.check.checked_runtime import CheckedRuntime
    from gputlb.check.replayed_runtime import ReplayedRuntime
    from gputlb.runtime import Cell, Runtime

TENANT = 1
"""Whom every page is lent to: each client has a page of its own, so one tenant tells lent from given back."""
_THE_PAGE = 0
_NEVER_LENT = 2
"""What a page's tenant is before its first client: told from the system's, so that reuse is noticed."""


class ClientMemory(SystemMemory):
    """A page a client, told apart by the virtual page at which the client binds it.

    A page that is back with the system must not be reached; whether somebody else has borrowed it meanwhile makes
    it worse, not different. So one page a client is enough, and clients stay interchangeable: entries and objects
    hold the same number for all of them.
    """

    def __init__(self, runtime: CheckedRuntime | ReplayedRuntime, clients: int) -> None:
        super().__init__(runtime, clients)
        self._ptes = facts.pte_layout()
        for tenant in self.tenants:
            runtime.start_with(tenant, _NEVER_LENT)

    async def access(self, engine: str, virtual_page: int, entry: int) -> None:
        """Let `engine` reach the page of the client that binds at `virtual_page`."""
        await super().access(engine, virtual_page, self._ptes.entry(virtual_page, self._ptes.tenant(entry)))

    def page_of(self, client: int) -> ClientPage:
        """Return the page of one client, to be lent and taken back."""
        return ClientPage(self._runtime, self.tenants[client])


class ClientPage:
    """One client's page."""

    pages = 1

    def __init__(self, runtime: Runtime, tenant: Cell) -> None:
        self._runtime = runtime
        self._tenant = tenant

    async def lend(self, count: int, tenant: int) -> tuple[int, ...]:
        """Return the page, lent to `tenant`."""
        assert count == 1, "a client has one page"
        if await self._tenant.update(lambda _before: tenant) == SYSTEM:
            self._runtime.emit("page_reused")
        return (_THE_PAGE,)

    async def take_back(self, pages: Sequence[int]) -> None:
        """Take the page back for the system."""
        assert tuple(pages) == (_THE_PAGE,), "what was lent comes back"
        await self._tenant.store(SYSTEM)
