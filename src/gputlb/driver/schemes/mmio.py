"""Mainline's flush by register, as of Linux 6.12."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.driver.gt import Once
from gputlb.driver.schemes._scheme import ProbeFailed, Scheme
from gputlb.driver.schemes.requests import ENODEV, InvalidationRequest, NoRequest, request_6_12

if TYPE_CHECKING:
    from gputlb.driver.engine import Engine
    from gputlb.driver.gt import Gt

_OLDEST_VERSION = 8


class Mmio(Scheme):
    """`mmio_invalidate_full` of Linux 6.12: masked requests, multicast registers, engines set up beforehand."""

    name = "mmio"
    summary = "Linux 6.12 on registers: masked requests, multicast, per-engine set-up"

    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        timing = facts.timing()
        self._fast_us = timing.mmio_spin_us
        self._slow_ms = timing.mmio_sleep_ms
        self._version = gt.description.graphics[0]
        self._oa_offset = facts.register_named("GEN12_OA_TLB_INV_CR").offset
        self._requests: dict[int, InvalidationRequest | None] = {}
        self._platform_warned = Once(gt.runtime, f"{gt.name}.warned.platform")
        self._class_warned = Once(gt.runtime, f"{gt.name}.warned.class")

    async def set_up(self) -> None:
        """Find each engine's request, by engine id; the first engine without one fails the driver's load.

        Raises: `ProbeFailed` with -ENODEV for a version without a register table, -ERANGE for a class that the
        table lacks. Source: Linux 6.12 intel_engine_cs.c, `intel_engine_init_tlb_invalidation`.
        """
        gt = self.gt
        for engine in gt.engines:
            try:
                self._requests[engine.id] = request_6_12(engine, gt.description)
            except NoRequest as reason:
                once = self._platform_warned if reason.errno == ENODEV else self._class_warned
                await gt.warn_once(once, f"GT{gt.id}: {reason.warning}")
                gt.runtime.emit("engine_init", engine.name, -reason.errno)
                gt.runtime.emit("probe_failed", -reason.errno)
                raise self._probe_failed(engine, reason) from None
            gt.runtime.emit("engine_init", engine.name, 0)

    async def flush(self) -> None:
        """Request all awake engines under both locks, then wait for each."""
        if self._version < _OLDEST_VERSION:
            return
        gt, uncore = self.gt, self.gt.uncore
        await uncore.forcewake_get("ALL")
        requested: list[tuple[Engine, InvalidationRequest]] = []
        # The steering lock may have to wait for its semaphore, so it comes first; the uncore lock keeps resets out.
        async with gt.steering, uncore.lock:
            for engine in gt.engines:
                if not await engine.is_awake():
                    continue
                request = self._requests[engine.id]
                assert request is not None, "only versions below 8 have none"
                if request.multicast:
                    await gt.steering.multicast_write_fw(request.offset, request.request)
                else:
                    await uncore.write_fw(request.offset, request.request)
                requested.append((engine, request))
            if gt.runtime.events.observers:
                gt.trace(f"invalidated engines {sum(engine.mask for engine, _ in requested):08x}")
            if requested and gt.description.has_oa_workaround:
                await uncore.write_fw(self._oa_offset, 1)

        for engine, request in requested:
            if not await self._wait(request):
                gt.error(f"GT{gt.id}: {engine.name} TLB invalidation did not complete in {self._slow_ms}ms!")
        await uncore.forcewake_put_delayed("ALL")

    async def _wait(self, request: InvalidationRequest) -> bool:
        wait = self.gt.steering.wait_for_register if request.multicast else self.gt.uncore.wait_for_register_fw
        return await wait(request.offset, request.done, 0, self._fast_us, self._slow_ms)

    def _probe_failed(self, engine: Engine, reason: NoRequest) -> ProbeFailed:
        description = self.gt.description
        what = (
            f"engine {engine.name} has no TLB invalidation register there"
            if reason.errno != ENODEV
            else "this version's TLB is not invalidated by registers in Linux 6.12"
        )
        return ProbeFailed(
            f"scheme {self.name!r} does not load on {description.platform} GT{self.gt.id} "
            f"(graphics {description.graphics[0]}.{description.graphics[1]:02d}): {what}",
            -reason.errno,
        )
