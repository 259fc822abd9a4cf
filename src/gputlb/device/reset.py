"""The reset unit of a GT."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.device.behaviour import Behaviour
    from gputlb.device.engine import EngineTlb
    from gputlb.runtime import Cell, Runtime

_FULL_RESET = 1 << 0
"""Linux 6.12 GEN6_GRDOM_FULL. The other bits reset one engine each, and are not modelled."""


class ResetUnit:
    """The unit behind a GT's reset register: drops requests under way and, with them, every TLB.

    Args:
        runtime: what an `await` means here.
        name: the GT's name, for the cell's.
        pending: the invalidation registers of the GT.
        tlbs: what a reset forgets.
        behaviour: which behaviours are switched on.

    """

    def __init__(
        self, runtime: Runtime, name: str, pending: Sequence[Cell], tlbs: Sequence[EngineTlb], behaviour: Behaviour
    ) -> None:
        self.name = name
        self.requests = runtime.cell(f"{name}.reset", 32)
        self._runtime = runtime
        self._pending = pending
        self._tlbs = tlbs
        self._behaviour = behaviour

    async def request(self, value: int) -> None:
        """Take a write to the reset register; bit 0 reads 1 until the reset is done."""
        await self.requests.update(lambda bits: bits | value & _FULL_RESET)

    async def act(self) -> None:
        """Wait for a request, take its time, reset: one round of the unit's agent."""
        await self.requests.until(lambda bits: bits != 0)
        await self._runtime.sleep(self._behaviour.reset_latency)
        async with self._runtime.atomic():
            for requests in self._pending:
                await requests.store(0)
            if self._behaviour.tlb_lost_on_reset:
                for tlb in self._tlbs:
                    await tlb.drop()
            await self.requests.store(0)
        self._runtime.emit("reset_unit", "done")
