"""Mainline's flush by register, as of Linux 6.12."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.driver.gt import Once
from gputlb.driver.schemes._scheme import NotSetUp, ProbeFailed, Scheme
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
        self._flushes_oa = gt.description.has_oa_workaround
        self._requests: list[tuple[Engine, InvalidationRequest]] | None = None
        self._observers = gt.runtime.events.observers
        self._platform_warned = Once(gt.runtime, f"{gt.name}.warned.platform")
        self._class_warned = Once(gt.runtime, f"{gt.name}.warned.class")

    async def set_up(self) -> None:
        """Find each engine's request, in order of id; the first engine without one fails the driver's load.

        Raises: `ProbeFailed` with -ENODEV for a version without a register table, -ERANGE for a class that the
        table lacks. Source: Linux 6.12 intel_engine_cs.c, `intel_engine_init_tlb_invalidation`.
        """
        gt = self.gt
        requests: list[tuple[Engine, InvalidationRequest]] = []
        for engine in gt.engines:
            try:
                request = request_6_12(engine, gt.description)
            except NoRequest as reason:
                once = self._platform_warned if reason.errno == ENODEV else self._class_warned
                await gt.warn_once(once, f"GT{gt.id}: {reason.warning}")
                gt.runtime.emit("engine_init", engine.name, -reason.errno)
                gt.runtime.emit("probe_failed", -reason.errno)
                raise self._probe_failed(engine, reason) from None
            if request is not None:
                requests.append((engine, request))
            gt.runtime.emit("engine_init", engine.name, 0)
        self._requests = requests

    async def flush(self) -> None:
        """Request all awake engines under both locks, then wait for each.

        Raises: `NotSetUp`.
        """
        if self._requests is None:
            raise NotSetUp(self.name, self.gt.name)
        if self._version < _OLDEST_VERSION:
            return
        gt, uncore, steering = self.gt, self.gt.uncore, self.gt.steering
        await uncore.forcewake_get("ALL")
        requested: list[tuple[Engine, InvalidationRequest]] = []
        # The steering lock may have to wait for its semaphore, so it comes first; the uncore lock keeps resets out.
        async with steering, uncore.lock:
            for pair in self._requests:
                engine, request = pair
                if not await engine.wakerefs():
                    continue
                if request.multicast:
                    await steering.multicast_write_fw(request.offset, request.request)
                else:
                    await uncore.write_fw(request.offset, request.request)
                requested.append(pair)
            if self._observers:
                gt.trace(f"invalidated engines {sum(engine.mask for engine, _ in requested):08x}")
            if requested and self._flushes_oa:
                await uncore.write_fw(self._oa_offset, 1)

        for engine, (offset, _, done, multicast) in requested:
            wait = steering.wait_for_register if multicast else uncore.wait_for_register_fw
            if not await wait(offset, done, 0, self._fast_us, self._slow_ms):
                gt.error(f"GT{gt.id}: {engine.name} TLB invalidation did not complete in {self._slow_ms}ms!")
        await uncore.forcewake_put_delayed("ALL")

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
