"""The reset unit of a GT."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gputlb.device.behaviour import Behaviour
    from gputlb.runtime import Cell, Runtime

_FULL_RESET = 1 << 0
"""Linux 6.12 GEN6_GRDOM_FULL. The other bits reset one engine each, and are not modelled."""


class ResetUnit:
    """The unit behind a GT's reset register: drops requests under way, every context and, with them, every TLB.

    Args:
        runtime: what an `await` means here.
        name: the GT's name, for the cells'.
        behaviour: which behaviours are switched on.

    """

    def __init__(self, runtime: Runtime, name: str, behaviour: Behaviour) -> None:
        self.name = name
        self.requests = runtime.cell(f"{name}.reset", 32)
        self._disturbed = runtime.cell(f"{name}.reset.disturbed", 1)
        self._runtime = runtime
        self._behaviour = behaviour
        self._pending: list[Cell] = []
        self._lose: list[Callable[[], Awaitable[None]]] = []

    def drops(self, pending: Cell) -> None:
        """Clear the invalidation requests in `pending` with every reset."""
        self._pending.append(pending)

    def loses(self, lose: Callable[[], Awaitable[None]]) -> None:
        """Call `lose()` with every reset."""
        self._lose.append(lose)

    async def request(self, value: int) -> None:
        """Take a write to the reset register; bit 0 reads 1 until the reset is done."""
        async with self._runtime.atomic():
            await self._disturbed.store(0)
            await self.requests.update(lambda bits: bits | value & _FULL_RESET)

    async def disturb(self) -> None:
        """Take note that an invalidation was requested; one that comes during a reset keeps it from finishing.

        Observed on Broadwell, where such resets timed out (commit text of a1c5a7bf79c1, bug I915-04).
        """
        if self._behaviour.requests_disturb_reset and await self.requests.load():
            await self._disturbed.store(1)

    async def act(self) -> None:
        """Wait for a request, take its time, reset: one round of the unit's agent."""
        await self.requests.until(lambda bits: bits != 0)
        await self._runtime.sleep(self._behaviour.reset_latency)
        async with self._runtime.atomic():
            disturbed = await self._disturbed.load()
            if not disturbed:
                for requests in self._pending:
                    await requests.store(0)
                for lose in self._lose:
                    await lose()
                await self.requests.store(0)
        if disturbed:
            await self._disturbed.until(lambda disturbed: disturbed == 0)  # until somebody asks anew
            return
        self._runtime.emit("reset_unit", "done")
