"""Multicast registers: one offset, many instances, and a lock on where accesses are steered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from gputlb.driver.uncore import Uncore
    from gputlb.facts import Version
    from gputlb.runtime import Runtime

FIRST_WITH_SEMAPHORE = (12, 70)
"""From Meteor Lake on, firmware steers too, so the lock has a half in hardware."""


class Steering:
    """The steering lock of a GT, to be held as `async with` around multicast accesses.

    From graphics 12.70 on it is also a hardware semaphore, read under GT forcewake: it reads 1 to the one who
    gets it. After 100 ms the driver goes on without it, and says so.
    Source: Linux 6.12 intel_gt_mcr.c, `intel_gt_mcr_lock`, `intel_gt_mcr_unlock`, `intel_gt_mcr_multicast_write_fw`.
    """

    def __init__(self, runtime: Runtime, uncore: Uncore, graphics: Version, gt_id: int) -> None:
        self._runtime = runtime
        self._uncore = uncore
        self._gt_id = gt_id
        self.lock = runtime.spin_lock("mcr")
        self.has_semaphore = graphics >= FIRST_WITH_SEMAPHORE
        if self.has_semaphore:
            selector = facts.register_named("MTL_MCR_SELECTOR")
            self._selector = selector.offset
            self._multicast = 1 << next(field.high for field in selector.fields if field.name == "MULTICAST")
            self._semaphore = facts.register_named("MTL_STEER_SEMAPHORE").offset
            self._patience_ms = facts.timing().steering_semaphore_ms

    def __aenter__(self) -> Awaitable[None]:
        return self._lock_both() if self.has_semaphore else self.lock.acquire()

    def __aexit__(self, kind: object, error: object, trace: object) -> Awaitable[None]:
        return self._unlock_both() if self.has_semaphore else self.lock.release()

    async def _lock_both(self) -> None:
        uncore = self._uncore
        await uncore.forcewake_get("GT")
        acquired = await uncore.registers.until(
            uncore.absolute(self._semaphore), 0xFFFFFFFF, 1, self._patience_ms * 1000, uncore.naps
        )
        self._runtime.emit("sem_wait", self._semaphore, 1, self._patience_ms, "ok" if acquired else "timeout")
        await self.lock.acquire()
        if not acquired:
            self._runtime.emit("err", f"GT{self._gt_id}: hardware MCR steering semaphore timed out")
            self._runtime.emit("taint", "WARN")

    async def _unlock_both(self) -> None:
        await self.lock.release()
        await self._uncore.write_fw(self._semaphore, 1)
        await self._uncore.forcewake_put("GT")

    async def multicast_write_fw(self, offset: int, value: int) -> None:
        """Write all instances of a register; the steering lock must be held.

        From 12.70 on multicast is selected each time, in case firmware has left the steering on one instance.
        """
        if self.has_semaphore:
            await self._uncore.write_fw(self._selector, self._multicast)
        self._runtime.emit("mcr_write", offset, value)
        await self._uncore.registers.write(self._uncore.absolute(offset), value)

    def wait_for_register(self, offset: int, mask: int, value: int, fast_us: int, slow_ms: int) -> Awaitable[bool]:
        """Wait as `Uncore.wait_for_register_fw` does; the primary instance answers for all of them.

        Linux takes the steering lock around each look; here the looks are plain, since nothing else steers reads.
        """
        return self._uncore.wait_for_register_fw(offset, mask, value, fast_us, slow_ms, kind="mcr_wait")
