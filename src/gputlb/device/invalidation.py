"""Invalidation registers, and the units behind their bits, which drop an engine's translations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gputlb.device.behaviour import Behaviour
    from gputlb.device.engine import EngineTlb
    from gputlb.device.reset import ResetUnit
    from gputlb.device.steering import McrSelector
    from gputlb.runtime import Cell, Duration, Runtime

_WRITE_ENABLE_SHIFT = 16


class InvalidationRegister:
    """A register of request bits: a write sets some, the units clear them when they have finished.

    Args:
        runtime: what an `await` means here.
        name: the register's, as the facts spell it.
        served: the bits that have a unit; others never stay set.
        masked: whether a bit is set only along with its write-enable bit, 16 places above.
        selector: where a replicated register's writes go; None for one that is not replicated.
        reset: the GT's reset unit, which a request disturbs.

    """

    def __init__(
        self,
        runtime: Runtime,
        name: str,
        served: int,
        *,
        masked: bool,
        selector: McrSelector | None = None,
        reset: ResetUnit | None = None,
    ) -> None:
        self.name = name
        self.requests = runtime.cell(name, 32)
        self._runtime = runtime
        self._served = served
        self._masked = masked
        self._selector = selector
        self._reset = reset

    async def write(self, value: int) -> None:
        """Set the request bits of `value`, with a `request_ignored` event if that comes to none.

        A write that steering sends to one copy alone sets none: the others would keep what they have, so the
        engine is not flushed. That is a simplification.
        """
        bits = value & self._served
        if self._masked:
            bits &= value >> _WRITE_ENABLE_SHIFT
        if self._selector is not None and not await self._selector.reaches_all():
            bits = 0
        if bits:
            if self._reset is not None:
                await self._reset.disturb()
            await self.requests.update(lambda requests: requests | bits)
        else:
            self._runtime.emit("request_ignored", self.name, value)


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
