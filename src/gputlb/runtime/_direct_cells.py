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
    __slots__ = ("_begin", "_end", "_runtime", "value")

    def __init__(self, runtime: DirectRuntime, name: str, bits: int, initial: int) -> None:
        super().__init__(name, bits)
        self._runtime = runtime
        self._begin = runtime.indivisible.acquire
        self._end = runtime.indivisible.release
        self.value = initial

    async def load(self) -> int:
        return self.value

    async def store(self, value: int) -> None:
        if value >> self.bits:
            raise self._overflow(value)
        self._begin()  # else it could fall between the two halves of another thread's `update`
        self.value = value
        self._end()

    async def update(self, f: Callable[[int], int]) -> int:
        self._begin()  # `with` would cost twice as much, and a flush comes here five times
        try:
            old = self.value
            new = f(old)
            if new >> self.bits:
                raise self._overflow(new)
            self.value = new
        finally:
            self._end()
        return old

    async def until(self, predicate: Callable[[int], bool], timeout_us: float | None = None, how: How = ASLEEP) -> bool:
        return self._runtime.look_until(lambda: predicate(self.value), timeout_us, how)

    def _overflow(self, value: int) -> CellOverflow:
        return CellOverflow(
            self._runtime.acting, place(), f"stored {value:#x} in cell {self.name!r} of {self.bits} bits"
        )


class DirectLock(Lock):
    """A lock between threads that knows its owner: the thread's number, 0 while it is free."""

    __slots__ = ("_free", "_observers", "_runtime", "_wait", "owner")

    def __init__(self, runtime: DirectRuntime, name: str) -> None:
        super().__init__(name)
        lock = threading.Lock()
        self._runtime = runtime
        self._observers = runtime.events.observers
        self._wait = lock.acquire
        self._free = lock.release
        self.owner = 0

    def _reentered(self) -> LockReentered:
        return LockReentered(self._runtime.acting, place(), f"asked for {self.name!r}, which it holds already")

    def _not_held(self) -> LockNotHeld:
        return LockNotHeld(self._runtime.acting, place(), f"released {self.name!r}, which it does not hold")


class DirectMutex(DirectLock, Mutex):
    __slots__ = ()

    async def acquire(self) -> None:
        self._runtime.might_sleep("waited for mutex", self)
        me = get_ident()
        if self.owner == me:
            raise self._reentered()
        self._wait()
        self.owner = me
        self._runtime.held_mutexes.append(self)
        if self._observers:
            self._runtime.emit("mutex_lock", self.name)

    async def release(self, kind: object = None, error: object = None, trace: object = None) -> None:
        if self.owner != get_ident():
            raise self._not_held()
        self._runtime.held_mutexes.remove(self)
        try:
            if self._observers:  # before the lock is free, or the next holder could be heard first
                self._runtime.emit("mutex_unlock", self.name)
        finally:
            self.owner = 0
            self._free()

    __aenter__ = acquire
    __aexit__ = release


class DirectSpinLock(DirectLock, SpinLock):
    __slots__ = ()

    async def acquire(self) -> None:
        me = get_ident()
        if self.owner == me:
            raise self._reentered()
        self._wait()
        self.owner = me
        if self._observers:
            self._runtime.emit("lock", self.name)

    async def release(self, kind: object = None, error: object = None, trace: object = None) -> None:
        if self.owner != get_ident():
            raise self._not_held()
        try:
            if self._observers:
                self._runtime.emit("unlock", self.name)
        finally:
            self.owner = 0
            self._free()

    __aenter__ = acquire
    __aexit__ = release


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
