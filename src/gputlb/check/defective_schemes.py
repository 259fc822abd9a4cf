"""Schemes with one defect each: what mainline does, but for one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.driver import distance, round_up_to_even
from gputlb.driver.schemes import Mmio

if TYPE_CHECKING:
    from gputlb.driver import Gt

_COMPUTE = 5


class NonStrict(Mmio):
    """Asks for a flush at least as late as the stamp, not for a whole one after it (bugs I915-08, I915-21)."""

    name = "mmio (>= in place of >)"

    def passed(self, current: int, wanted: int) -> bool:
        """Tell whether the counter has come to the stamp rounded up: one flush too early."""
        return distance(current, round_up_to_even(wanted)) >= 0


class StampWithoutLowBit(Mmio):
    """Stamps with the counter alone (bug I915-08).

    The flush under way is then enough to pass it, and the counter's first value, 0, means that nothing is pending.
    """

    name = "mmio (stamp without | 1)"
    compares_by_distance = False

    def stamp(self, seqno: int) -> int:
        """Return the counter."""
        return seqno


class UnmaskedMmio(Mmio):
    """Writes the request bit alone, as before CVE-2022-4139 was fixed (bugs I915-02 and I915-03)."""

    name = "mmio (unmasked)"

    async def set_up(self) -> None:
        """Find the requests, without their upper halves."""
        await super().set_up()
        self._requests = [(engine, request._replace(request=request.done)) for engine, request in self._requests or ()]


class WithoutCompute(Mmio):
    """Leaves compute engines out, as the first version for Xe_HP did (bug I915-13)."""

    name = "mmio (no compute engines)"

    async def set_up(self) -> None:
        """Find the requests of all engines but compute."""
        await super().set_up()
        self._requests = [pair for pair in self._requests or () if pair[0].engine_class != _COMPUTE]


class ForgetsOa(Mmio):
    """Does not touch the OA unit (before bug I915-06 was fixed)."""

    name = "mmio (OA unit forgotten)"

    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self._flushes_oa = False


class WaitsForOa(Mmio):
    """Waits for the OA unit, too: what Linux does not do."""

    name = "mmio (OA unit waited for)"

    async def flush(self) -> None:
        """Flush as mainline does, then wait for the OA unit's bit."""
        await super().flush()
        if self.gt.description.has_oa_workaround:
            offset = facts.register_named("GEN12_OA_TLB_INV_CR").offset
            await self.gt.uncore.wait_for_register_fw(offset, 1, 0, self._fast_us, self._slow_ms)


class UnserialisedMmio(Mmio):
    """Writes requests without the uncore lock, so that they may fall into a reset (before bug I915-04 was fixed)."""

    name = "mmio (not serialised with resets)"

    async def flush(self) -> None:
        """Request every awake engine, then wait for each."""
        uncore = self.gt.uncore
        await uncore.forcewake_get("ALL")
        requested = []
        for engine, request in self._requests or ():
            if await engine.wakerefs():
                await uncore.write_fw(request.offset, request.request)
                requested.append(request)
        for request in requested:
            await uncore.wait_for_register_fw(request.offset, request.done, 0, self._fast_us, self._slow_ms)
        await uncore.forcewake_put_delayed("ALL")


class AsksAwakeEarly(Mmio):
    """Asks which engines are awake without the uncore lock, before the requests (a mutant of bug I915-05's fix)."""

    name = "mmio (awake test outside the lock)"

    async def flush(self) -> None:
        """Ask all engines first, then request those that were awake, then wait for each."""
        uncore = self.gt.uncore
        await uncore.forcewake_get("ALL")
        awake = [request for engine, request in self._requests or () if await engine.wakerefs()]
        async with self.gt.steering, uncore.lock:
            for request in awake:
                await uncore.write_fw(request.offset, request.request)
        for request in awake:
            await uncore.wait_for_register_fw(request.offset, request.done, 0, self._fast_us, self._slow_ms)
        await uncore.forcewake_put_delayed("ALL")
