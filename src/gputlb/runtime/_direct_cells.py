"""Cells, locks and atomic sections between threads."""

from __future__ import annotations

import threading
from threading import get_ident
from typing import TYPE_CHECKING

from gputlb.runtime._errors import CellOverflow, LockNotHeld, LockReentered
from gputlb.runtime._place import place
from gputlb.runtime._vocabulary import Cell, Lock, Mutex, SpinLock
from gputlb.runtime._waiting import ASLEEP

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from gputlb.runtime._direct import DirectRuntime
    from gputlb.runtime._waiting import How


class DirectCell(Cell):
    __slots__ = ("_runtime", "value")

    def __init__(self, runtime: DirectRuntime, name: str, bits: int, initial: int) -> None:
        super().__init__(name, bits)
        self._runtime = runtime
        self.value = initial

    async def load(self) -> int:
        return self.value

    async def store(self, value: int) -> None:
        if value >> self.bits:
            raise self._overflow(value)
        with self._runtime.indivisible:  # else a store could fall between the two halves of another's `update`
            self.value = value

    async def update(self, f: Callable[[int], int]) -> int:
        with self._runtime.indivisible:
            old = self.value
            new = f(old)
            if new >> self.bits:
                raise self._overflow(new)
            self.value = new
        return old

    async def until(self, predicate: Callable[[int], bool], timeout_us: float | None = None, how: How = ASLEEP) -> bool:
        return self._runtime.look_until(lambda: predicate(self.value), timeout_us, how)

    def _overflow(self, value: int) -> CellOverflow:
        return CellOverflow(
            self._runtime.acting, place(), f"stored {value:#x} in cell {self.name!r} of {self.bits} bits"
        )


class DirectLock(Lock):
    __slots__ = ("_lock", "_owner", "_runtime")

    def __init__(self, runtime: DirectRuntime, name: str) -> None:
        super().__init__(name)
        self._runtime = runtime
        self._lock = threading.Lock()
        self._owner = 0

    def _taken(self, me: int) -> None:
        if self._owner == me:
            raise LockReentered(self._runtime.acting, place(), f"asked for {self.name!r}, which it holds already")
        self._lock.acquire()
        self._owner = me

    def _given_back(self, held: list[tuple[int, DirectLock]], kind: str) -> None:
        me = get_ident()
        if self._owner != me:
            raise LockNotHeld(self._runtime.acting, place(), f"released {self.name!r}, which it does not hold")
        held.remove((me, self))
        try:
            if self._runtime.events.observers:  # before the release, or the next holder could be heard first
                self._runtime.emit(kind, self.name)
        finally:
            self._owner = 0
            self._lock.release()


class DirectMutex(DirectLock, Mutex):
    __slots__ = ()

    async def acquire(self) -> None:
        runtime = self._runtime
        if runtime.held_spin_locks or runtime.atomic_owner:
            runtime.might_sleep(f"waited for mutex {self.name!r}")
        me = get_ident()
        self._taken(me)
        runtime.held_mutexes.append((me, self))
        if runtime.events.observers:
            runtime.emit("mutex_lock", self.name)

    async def release(self) -> None:
        self._given_back(self._runtime.held_mutexes, "mutex_unlock")

    __aenter__ = acquire


class DirectSpinLock(DirectLock, SpinLock):
    __slots__ = ()

    async def acquire(self) -> None:
        runtime = self._runtime
        me = get_ident()
        self._taken(me)
        runtime.held_spin_locks.append((me, self))
        if runtime.events.observers:
            runtime.emit("lock", self.name)

    async def release(self) -> None:
        self._given_back(self._runtime.held_spin_locks, "unlock")

    __aenter__ = acquire


class Indivisible:
    """`runtime.atomic()`: a lock that every atomic section, `update` and `store` shares."""

    def __init__(self, runtime: DirectRuntime) -> None:
        self._runtime = runtime
        self._depth = 0  # sections may nest

    async def __aenter__(self) -> None:
        self._runtime.indivisible.acquire()
        self._depth += 1
        self._runtime.atomic_owner = get_ident()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if not self._depth:
            self._runtime.atomic_owner = 0
        self._runtime.indivisible.release()
