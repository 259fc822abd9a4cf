"""A forcewake domain: powered while the driver asks for it or an engine in it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gputlb.device.behaviour import Behaviour
    from gputlb.runtime import Runtime

_REQUEST_BITS = 16
_REQUEST_MASK = (1 << _REQUEST_BITS) - 1
_ONE_CONTEXT = 1 << _REQUEST_BITS


class ForcewakeDomain:
    """A power domain with its request and acknowledge bits.

    `demand` holds the request bits in its lower half and the number of contexts that need power above them; the
    domain's agent powers up while it is not 0, answers, and powers down some time after it has become 0.
    """

    def __init__(self, runtime: Runtime, name: str, behaviour: Behaviour, *, answers: bool = True) -> None:
        self.name = name
        self.demand = runtime.cell(f"{name}.demand", _REQUEST_BITS + 8)
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
        powered = await self.powered.load()
        acked = await self.ack.load()
        await self.demand.until(
            lambda demand: (self.answers and demand & _REQUEST_MASK != acked) or (demand != 0) != bool(powered)
        )
        demand = await self.demand.load()
        if demand and not powered:
            if not self.answers:
                await self.demand.until(lambda demand: demand == 0)
                return
            await self._runtime.sleep(self._behaviour.wake_latency)
            await self.powered.store(1)
            self._runtime.emit("power", self.name, True)
        elif demand == 0 and powered:
            await self._runtime.sleep(self._behaviour.idle_before_sleep_us)
            async with self._runtime.atomic():
                if await self.demand.load() == 0:
                    await self.powered.store(0)
                    if self._behaviour.tlb_lost_on_power_down:
                        for forget in self._forget:
                            await forget()
                    self._runtime.emit("power", self.name, False)
        if await self.powered.load():
            await self.ack.store(await self.demand.load() & _REQUEST_MASK)
        else:
            await self.ack.store(0)
