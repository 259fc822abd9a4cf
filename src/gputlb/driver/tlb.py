"""The GT's TLB invalidation: one flush at a time, numbered, and skipped where one has passed already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.driver.seqno import SEQNO_BITS, SeqnoOutOfRange, after_flush

if TYPE_CHECKING:
    from gputlb.driver.gt import Gt
    from gputlb.driver.schemes import Scheme
    from gputlb.runtime import Cell, Mutex


class Tlb:
    """A GT's invalidation lock and sequence number, with a scheme that says how a flush is done.

    Source: `intel_gt_init_tlb`, `intel_gt_invalidate_tlb_full` and their neighbours, July 2022 patch, intel_tlb.c.

    Args:
        gt: the GT whose engines are flushed.
        scheme: how.
        seqno: where the counter starts; real ones start at 0 and are always even.

    """

    __slots__ = ("_observers", "_seqno", "gt", "invalidate_lock", "scheme")

    def __init__(self, gt: Gt, scheme: Scheme, *, seqno: int = 0, invalidate_lock: Mutex | None = None) -> None:
        if not 0 <= seqno < 1 << SEQNO_BITS:
            raise SeqnoOutOfRange(seqno)
        self.gt = gt
        self.scheme = scheme
        self.invalidate_lock = invalidate_lock or gt.runtime.mutex(f"{gt.name}.tlb.invalidate_lock")
        self._seqno = gt.runtime.cell(f"{gt.name}.tlb.seqno", SEQNO_BITS, seqno)
        self._observers = gt.runtime.events.observers

    @property
    def counter(self) -> Cell:
        """The cell that holds the sequence number."""
        return self._seqno

    async def seqno(self) -> int:
        """Return the sequence number: 32 bits, wraps (`intel_gt_tlb_seqno`)."""
        return await self._seqno.load()

    async def next_invalidate_full(self) -> int:
        """Return the stamp by which a later flush is to be asked for (`intel_gt_next_invalidate_tlb_full`)."""
        return self.scheme.stamp(await self._seqno.load())

    async def invalidate_full(self, seqno: int) -> None:
        """See to it that every engine has dropped its translations since the stamp `seqno` was taken.

        Returns at once where nothing needs to be done: on a mock, on a wedged GT, where a full flush has passed
        since, and on a GT that sleeps, which has lost its TLBs and is not woken. Otherwise waits for the lock,
        looks once more, flushes, and counts the flush whatever became of it.

        Raises: `SeqnoOutOfRange`. The caller may hold locks that sleep, no spin lock.
        """
        if seqno >> SEQNO_BITS:
            raise SeqnoOutOfRange(seqno)
        gt = self.gt
        if gt.mock:
            return self._skipped("mock")
        if await gt.wedged.load():
            return self._skipped("wedged")
        passed = self.scheme.passed
        if passed(await self._seqno.load(), seqno):
            return self._skipped("passed")
        if not await gt.pm.get_if_awake():
            return self._skipped("asleep")
        try:
            async with self.invalidate_lock:
                if passed(await self._seqno.load(), seqno):
                    return self._skipped("passed while waiting")
                await self.flush_and_count()
        finally:
            await gt.pm.put_async()
        return None

    async def flush_and_count(self) -> None:
        """Flush, then move the counter on: who reads the new number relies on it. The lock must be held.

        A flush that timed out counts, too, as in Linux.
        """
        await self.scheme.flush()
        await self.count()

    async def count(self) -> None:
        """Move the counter on by one full flush; the lock must be held."""
        new = after_flush(await self._seqno.update(after_flush))
        if self._observers:
            self.gt.runtime.emit("seqno", new)

    def _skipped(self, why: str) -> None:
        if self._observers:
            self.gt.runtime.emit("skip", why)

    async def close(self) -> None:
        """Wait for a flush that is under way; the GT goes away afterwards (`intel_gt_fini_tlb`)."""
        async with self.invalidate_lock:
            pass

    async def __aenter__(self) -> Tlb:
        await self.scheme.set_up()
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.close()
