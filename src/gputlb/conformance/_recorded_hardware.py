"""The hardware of a vector: registers that finish when the vector says so, and parts that only take note."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gputlb.conformance._vectors import VectorError
from gputlb.driver import Uncore
from gputlb.driver.seqno import FLUSH_STEP, SEQNO_MASK
from gputlb.runtime import SPINNING, Mutex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gputlb.conformance._vectors import WaitResult
    from gputlb.driver import Tlb
    from gputlb.runtime import DirectRuntime, How


class RecordedRegisters:
    """Registers whose awaited bits clear as `wait_results` says, on the runtime's own clock.

    A wait begins with its first phase and goes on into the second one; the next wait on the same register takes
    the next result of its list. What is written is not kept: vectors list it as an event of the driver.
    """

    def __init__(
        self,
        runtime: DirectRuntime,
        wait_results: Mapping[str, WaitResult | list[WaitResult]],
        bar_bytes: int,
        where: str,
    ) -> None:
        self._runtime = runtime
        self._results: dict[int, Sequence[WaitResult]] = {}
        self._waits: dict[int, int] = {}
        self._unfinished: tuple[int, int, int] | None = None  # register, mask and end of the wait in its first phase
        for key, result in wait_results.items():
            offset = _offset(key, bar_bytes, where)
            if offset in self._results:
                raise VectorError(f"{where}: register {offset:#x} stands twice in wait_results; keep one of them")
            self._results[offset] = result if isinstance(result, list) else [result]

    async def read(self, offset: int) -> int:
        """Return 0: nothing a vector covers looks at a register outside a wait."""
        del offset
        return 0

    async def write(self, offset: int, value: int) -> None:
        """Take the value; the driver has told the listeners of it."""

    async def until(self, offset: int, mask: int, value: int, timeout_us: float, how: How) -> bool:
        """Look at the register until its bits clear by the vector's word, or the time is up."""
        del value
        clock = self._runtime.clock
        begun = self._unfinished
        self._unfinished = None
        if begun is not None and how is not SPINNING and begun[:2] == (offset, mask):
            clears_ns = begun[2]
        else:
            clears_ns = self._clears_ns(offset, clock.now_ns())
        arrived = self._runtime.look_until(lambda: clock.now_ns() >= clears_ns, timeout_us, how)
        if not arrived and how is SPINNING:
            self._unfinished = (offset, mask, clears_ns)
        return arrived

    def _clears_ns(self, offset: int, now_ns: int) -> int:
        results = self._results.get(offset)
        if not results:
            return now_ns
        wait = self._waits.get(offset, 0)
        self._waits[offset] = wait + 1
        result = results[min(wait, len(results) - 1)]
        if result == "ok":
            return now_ns
        if result == "timeout":
            return 1 << 62
        return now_ns + result * 1000


def _offset(key: str, bar_bytes: int, where: str) -> int:
    if not re.fullmatch(r"(0[xX])?[0-9a-fA-F]{1,16}", key):
        raise VectorError(f'{where}: wait_results key {key!r} is not a register offset; write it like "0xcedc"')
    offset = int(key, 16)
    if offset >= bar_bytes:
        raise VectorError(
            f"{where}: register {key} in wait_results lies outside the BAR; offsets are below {bar_bytes:#x}"
        )
    return offset


class NotedUncore(Uncore):
    """Register access whose forcewake only takes note, as the recorder's did."""

    async def forcewake_get(self, which: str = "ALL") -> None:
        """Note it."""
        self._runtime.emit("fw_get", which)

    async def forcewake_put(self, which: str = "ALL") -> None:
        """Note it."""
        self._runtime.emit("fw_put", which)

    async def forcewake_put_delayed(self, which: str = "ALL") -> None:
        """Note it."""
        self._runtime.emit("fw_put_delayed", which)


class NotedGuc:
    """A firmware that answers as the vector says and finishes at once."""

    def __init__(self, runtime: DirectRuntime, ready: bool) -> None:
        self._runtime = runtime
        self._ready = ready

    async def is_ready(self) -> bool:
        """Return what the vector says."""
        self._runtime.emit("guc_ready", self._ready)
        return self._ready

    async def invalidate_engines(self) -> None:
        """Note it."""
        self._runtime.emit("guc_invalidate_engines")


class ContendedMutex(Mutex):
    """The invalidation mutex, for which a caller may have to wait while others flush."""

    __slots__ = ("_runtime", "flushes_by_others", "tlb")

    def __init__(self, runtime: DirectRuntime) -> None:
        super().__init__("tlb")
        self._runtime = runtime
        self.flushes_by_others = 0
        self.tlb: Tlb | None = None

    async def acquire(self) -> None:
        """Let the others finish their flushes, then take the mutex."""
        if self.tlb is not None and self.flushes_by_others:
            moved_on = self.flushes_by_others * FLUSH_STEP
            await self.tlb.counter.update(lambda seqno: (seqno + moved_on) & SEQNO_MASK)
        self.flushes_by_others = 0
        self._runtime.emit("mutex_lock")

    async def release(self) -> None:
        """Give it back."""
        self._runtime.emit("mutex_unlock")
