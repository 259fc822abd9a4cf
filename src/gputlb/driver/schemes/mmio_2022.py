"""The July 2022 patch, exactly as it stands: its defects included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.driver.gt import Once
from gputlb.driver.schemes._scheme import Scheme
from gputlb.driver.schemes.requests import NOT_IMPLEMENTED, InvalidationRequest, NoRequest, request_2022, table_2022

if TYPE_CHECKING:
    from gputlb.driver.engine import Engine
    from gputlb.driver.gt import Gt

_OLDEST_VERSION = 8


class Mmio2022(Scheme):
    """`mmio_invalidate_full` of the patch: request all awake engines under the uncore lock, then wait for each.

    Its requests never carry write-enable bits, so from graphics 12 on the decoders, enhancers and compute engines
    ignore them, and the wait ends at once because the bit reads 0 (CVE-2022-4139).
    """

    name = "mmio-2022"
    summary = "the July 2022 patch exactly, defects included"

    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        timing = facts.timing()
        self._fast_us = timing.mmio_spin_us
        self._slow_ms = timing.mmio_sleep_ms
        self._version = gt.description.graphics[0]
        self._table = table_2022(self._version)
        self._oa_offset = facts.register_named("GEN12_OA_TLB_INV_CR").offset
        self._flushes_oa = gt.description.has_oa_workaround
        self._requests = [(engine, self._request(engine)) for engine in gt.engines]
        self._observers = gt.runtime.events.observers
        self._platform_warned = Once(gt.runtime, f"{gt.name}.warned.platform")
        self._class_warned = Once(gt.runtime, f"{gt.name}.warned.class")

    async def flush(self) -> None:
        """Request and wait, for every engine that is awake."""
        if self._version < _OLDEST_VERSION:
            return
        gt, uncore = self.gt, self.gt.uncore
        if self._table is None:
            await gt.warn_once(self._platform_warned, NOT_IMPLEMENTED.warning)
            return

        await uncore.forcewake_get("ALL")
        requested: list[tuple[Engine, InvalidationRequest]] = []
        async with uncore.lock:  # a GT reset holds it too: a request in the middle of one would make it fail
            for engine, request in self._requests:
                if not await engine.wakerefs():
                    continue
                if request is None:
                    await self._warn_of_class(engine)
                    continue
                await uncore.write_fw(request.offset, request.request)
                requested.append((engine, request))
            if self._observers:
                gt.trace(f"invalidated engines {sum(engine.mask for engine, _ in requested):08x}")
            if requested and self._flushes_oa:
                await uncore.write_fw(self._oa_offset, 1)

        for engine, request in requested:
            if not await uncore.wait_for_register_fw(request.offset, request.done, 0, self._fast_us, self._slow_ms):
                gt.error(f"{engine.name} TLB invalidation did not complete in {self._slow_ms}ms!")
        await uncore.forcewake_put_delayed("ALL")

    def _request(self, engine: Engine) -> InvalidationRequest | None:
        if self._table is None:
            return None
        try:
            return request_2022(engine, self._table)
        except NoRequest:
            return None

    async def _warn_of_class(self, engine: Engine) -> None:
        assert self._table is not None
        try:
            request_2022(engine, self._table)
        except NoRequest as reason:
            await self.gt.warn_once(self._class_warned, reason.warning)
