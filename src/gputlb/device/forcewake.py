"""A forcewake domain: powered while the driver asks for it or a context in it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gputlb.device.behaviour import Behaviour
    from gputlb.runtime import Runtime

_REQUEST_BITS = 16
_REQUEST_MASK = (1 << _REQUEST_BITS) - 1
_ONE_CONTEXT = 1 << _REQUEST_BITS
_CONTEXT_BITS = 8


class ForcewakeDomain:
    """A power domain with its request and acknowledge bits.

    `demand` holds the request bits in its lower half and the number of contexts that need power above them. The
    domain's agent powers up while it is not 0, answers the request bits, and powers down some time after it has
    become 0: never under a context.

    Args:
        runtime: what an `await` means here.
        name: as the facts spell it, with its GT before it where there are several.
        behaviour: which behaviours are switched on.
        answers: whether it takes notice of requests; contexts get their power in any case.

    """

    def __init__(self, runtime: Runtime, name: str, behaviour: Behaviour, *, answers: bool = True) -> None:
        self.name = name
        self.demand = runtime.cell(f"{name}.demand", _REQUEST_BITS + _CONTEXT_BITS)
        self.powered = runtime.cell(f"{name}.powered", 1)
        self.ack = runtime.cell(f"{name}.ack", _REQUEST_BITS)
        self.answers = answers
        self._runtime = runtime
        self._behaviour = behaviour
        self._forget: list[Callable[[], Awaitable[None]]] = []

    def forgets(self, forget: Callable[[], Awaitable[None]]) -> None:
        """Call `forget()` whenever the power goes."""
        self._forget.append(forget)

    async def request(self, value: int) -> None:
        """Take a masked write to the request register: the upper half says which bits the lower half sets."""
        if not self.answers:
            return
        enable, bits = value >> 16 & _REQUEST_MASK, value & _REQUEST_MASK
        await self.demand.update(lambda demand: demand & ~enable | bits & enable)

    async def need(self) -> None:
        """Demand power for one more context, and wait for it."""
        await self.demand.update(lambda demand: demand + _ONE_CONTEXT)
        await self.powered.until(lambda powered: powered == 1)

    async def need_no_more(self) -> None:
        """Demand power for one context less."""
        await self.demand.update(lambda demand: demand - _ONE_CONTEXT)

    async def act(self) -> None:
        """Follow the demand by one step: power up, answer, or power down. One round of the domain's agent."""
        powered, acked = await self.powered.load(), await self.ack.load()
        await self.demand.until(lambda demand: demand & _REQUEST_MASK != acked or (demand != 0) != bool(powered))
        demand = await self.demand.load()
        if demand and not powered:
            await self._runtime.sleep(self._behaviour.wake_latency)
            await self.powered.store(1)
            self._runtime.emit("power", self.name, True)
        elif demand & _REQUEST_MASK != acked:
            await self.ack.store(demand & _REQUEST_MASK)
        elif not await self.demand.until(lambda demand: demand != 0, self._behaviour.idle_before_sleep_us):
            await self._power_down()

    async def _power_down(self) -> None:
        async with self._runtime.atomic():
            if await self.demand.load():
                return
            await self.powered.store(0)
            if self._behaviour.tlb_lost_on_power_down:
                for forget in self._forget:
                    await forget()
        self._runtime.emit("power", self.name, False)
