"""Invalidation units: each watches its request bit, drops its engine's translations, and clears the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gputlb.device.behaviour import Behaviour
    from gputlb.device.engine import EngineTlb
    from gputlb.runtime import Cell, Duration, Runtime


class InvalidationUnit:
    """The unit that serves one bit of an invalidation register.

    Args:
        runtime: what an `await` means here.
        name: the engine whose TLB it drops.
        requests: the register's cell.
        bit: its bit there, as a mask.
        tlb: what it drops.
        behaviour: which behaviours are switched on.
        latency: from request to done.
        stuck: it never finishes.

    """

    def __init__(
        self,
        runtime: Runtime,
        name: str,
        requests: Cell,
        bit: int,
        tlb: EngineTlb,
        behaviour: Behaviour,
        *,
        latency: Duration | float | None = None,
        stuck: bool = False,
    ) -> None:
        self.name = name
        self.requests = requests
        self.bit = bit
        self.tlb = tlb
        self._runtime = runtime
        self._behaviour = behaviour
        self._latency = behaviour.invalidation_latency if latency is None else latency
        self._stuck = stuck

    async def act(self) -> None:
        """Wait for a request, take its time, drop, and clear the bit: one round of the unit's agent."""
        runtime, bit = self._runtime, self.bit
        await self.requests.until(lambda requests: requests & bit != 0)
        runtime.emit("unit", self.name, "begin")
        if self._stuck:
            await self.requests.until(lambda requests: requests & bit == 0)  # only a reset helps
            return
        await runtime.sleep(self._latency)
        async with runtime.atomic():
            if await self.requests.load() & bit:  # else a reset has dropped it all
                await self.tlb.drop(cancel_walks=self._behaviour.invalidation_cancels_walks)
                await self.requests.update(lambda requests: requests & ~bit)
        runtime.emit("unit", self.name, "end")
