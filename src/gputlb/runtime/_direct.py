"""Do it now, for real: real hardware, recorded vectors, and other people's programs."""

from __future__ import annotations

import threading
import time
from threading import get_ident
from typing import TYPE_CHECKING, Protocol, TypeVar

from gputlb.errors import GputlbError
from gputlb.runtime._errors import (
    AgentFailed,
    CellOverflow,
    LockLeftHeld,
    LockNotHeld,
    LockReentered,
    SleepInAtomic,
    SleepUnderSpinLock,
    Violation,
)
from gputlb.runtime._place import place
from gputlb.runtime._vocabulary import Cell, Lock, Mutex, Runtime, SpinLock
from gputlb.runtime._waiting import ASLEEP, SPINNING, Naps

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager
    from random import Random
    from types import TracebackType

    from gputlb.runtime._vocabulary import Body
    from gputlb.runtime._waiting import Duration, How

T = TypeVar("T")

_QUEUE_NAPS = Naps(first_us=1, longest_us=1000)  # how a software wait looks at its cell; nobody signals it


class Clock(Protocol):
    """What time it is, and how to let some pass."""

    def now_ns(self) -> int:
        """Return a time in nanoseconds that never goes back."""

    def pause_ns(self, span_ns: int) -> None:
        """Let `span_ns` nanoseconds pass; 0 is a breath between two looks of a spinning wait."""


class MachineClock:
    """The machine's monotonic clock."""

    now_ns = staticmethod(time.monotonic_ns)

    def pause_ns(self, span_ns: int) -> None:
        """Sleep; do nothing at all for 0."""
        if span_ns:
            time.sleep(span_ns / 1e9)


class SteppedClock:
    """A clock that only moves when somebody waits: hours of time-outs pass in no time, always the same."""

    breath_ns = 1000

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        """Return the sum of all pauses."""
        return self._now_ns

    def pause_ns(self, span_ns: int) -> None:
        """Move on by `span_ns`, by one breath (1 µs) for 0."""
        self._now_ns += span_ns or self.breath_ns


class _DirectCell(Cell):
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
        self.value = value

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


class _DirectLock(Lock):
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


class _DirectMutex(_DirectLock, Mutex):
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
        self.owner = 0
        self._runtime.held_mutexes.remove(self)
        self._free()
        if self._observers:
            self._runtime.emit("mutex_unlock", self.name)

    __aenter__ = acquire
    __aexit__ = release


class _DirectSpinLock(_DirectLock, SpinLock):
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
        self.owner = 0
        self._free()
        if self._observers:
            self._runtime.emit("unlock", self.name)

    __aenter__ = acquire
    __aexit__ = release


class _Indivisible:
    """`runtime.atomic()`: a lock that every atomic section and every `update` shares."""

    def __init__(self, runtime: DirectRuntime) -> None:
        self._runtime = runtime

    async def __aenter__(self) -> None:
        self._runtime.indivisible.acquire()
        self._runtime.atomic_owner = get_ident()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runtime.atomic_owner = 0
        self._runtime.indivisible.release()


class DirectRuntime(Runtime):
    """Every `await` is done at once, for real, in the calling thread.

    `run` drives one coroutine to its end. Agents are threads: they act between `start` and `close` (or inside
    `with runtime:`); without that nobody acts in the background. Cells, locks and atomic sections may be shared
    between threads.

    Args:
        clock: what time is; a `SteppedClock` makes every wait immediate and repeatable.
        random: answers `choose` and draws durations; without it `choose` always answers 0.

    """

    def __init__(self, *, clock: Clock | None = None, random: Random | None = None) -> None:
        super().__init__()
        self.clock = clock or MachineClock()
        self._random = random
        self._start_ns = self.clock.now_ns()
        self.indivisible = threading.RLock()
        self.atomic_owner = 0
        self.spin_locks: list[_DirectSpinLock] = []  # all there are: few are made, and each is taken often
        self.held_mutexes: list[_DirectMutex] = []  # only the held ones: every object has a mutex
        self._atomic = _Indivisible(self)
        self._bodies: list[tuple[str, Body, bool]] = []
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._failures: list[BaseException] = []

    def cell(self, name: str, bits: int = 32, initial: int = 0) -> Cell:
        """Return a new shared word of `bits` bits."""
        return _DirectCell(self, name, bits, initial)

    def mutex(self, name: str) -> Mutex:
        """Return a new mutex, a real one between threads."""
        return _DirectMutex(self, name)

    def spin_lock(self, name: str) -> SpinLock:
        """Return a new spin lock, a real one between threads."""
        lock = _DirectSpinLock(self, name)
        self.spin_locks.append(lock)
        return lock

    async def sleep(self, duration_us: float | Duration) -> None:
        """Let real time pass."""
        self.might_sleep("slept")
        if isinstance(duration_us, (int, float)):
            span_us: float = duration_us
        elif self._random is not None:
            span_us = duration_us.draw_us(self._random)
        else:
            span_us = 0
        self.clock.pause_ns(round(span_us * 1000))

    async def choose(self, n: int) -> int:
        """Return one of 0 … n - 1: from the generator given, else 0."""
        return self._random.randrange(n) if self._random is not None else 0

    def atomic(self) -> AbstractAsyncContextManager[None]:
        """Make the awaits inside one step towards every other atomic section and `update`."""
        return self._atomic

    def require(self, condition: bool, text: str, **facts: object) -> None:
        """Raise `Violation` if `condition` is false."""
        if not condition:
            self.emit("violation", text, facts)
            raise Violation(text, self.acting, self.now_ns, facts)

    @property
    def now_ns(self) -> int:
        """Nanoseconds since this runtime was made, by its clock."""
        return self.clock.now_ns() - self._start_ns

    @property
    def acting(self) -> str:
        """Name of the running thread, which is the agent's name in an agent's thread."""
        return threading.current_thread().name

    def look_until(self, holds: Callable[[], bool], timeout_us: float | None, how: How) -> bool:
        """Call `holds` until it answers True, pausing as `how` says; return False after `timeout_us`.

        There is always a last look after the time is up. Raises `SleepUnderSpinLock` where `how` sleeps.
        """
        if how is not SPINNING:
            self.might_sleep("waited")
        return holds() or self.look_again_until(holds, timeout_us, how)

    def look_again_until(self, holds: Callable[[], bool], timeout_us: float | None, how: How) -> bool:
        """Go on as `look_until` does, after a first look that was in vain."""
        naps = how if isinstance(how, Naps) else _QUEUE_NAPS if how is ASLEEP else None
        clock = self.clock
        deadline_ns = None if timeout_us is None else clock.now_ns() + round(timeout_us * 1000)
        nap_us = naps.first_us if naps else 0
        while not self._closing.is_set():
            clock.pause_ns(nap_us * 1000)
            over = deadline_ns is not None and clock.now_ns() >= deadline_ns
            if holds():
                return True
            if over:
                return False
            if naps and nap_us < naps.longest_us:
                nap_us *= 2
        return False

    def might_sleep(self, what: str, lock: Lock | None = None) -> None:
        """Raise if this thread holds a spin lock or is in an atomic section.

        `what` and the name of `lock` say what it was about to do.
        """
        if self.atomic_owner and self.atomic_owner == get_ident():
            raise SleepInAtomic(self.acting, place(), f"{_phrase(what, lock)} inside runtime.atomic()")
        for held in self.spin_locks:
            if held.owner and held.owner == get_ident():
                raise SleepUnderSpinLock(
                    self.acting, place(), f"{_phrase(what, lock)} while it held spin lock {held.name!r}"
                )

    def run(self, coroutine: Coroutine[object, None, T]) -> T:
        """Drive `coroutine` to its end in this thread and return its result.

        Raises what the coroutine raises, and `LockLeftHeld` if it ends holding a lock that it took.
        """
        try:
            coroutine.send(None)
        except StopIteration as end:
            for lock in self.spin_locks:
                if lock.owner:
                    self._nothing_left_held()
            if self.held_mutexes:
                self._nothing_left_held()
            return end.value  # type: ignore[no-any-return]
        coroutine.close()
        raise AgentFailed(
            self.acting, place(), "awaited what is not of this runtime; await its own cells, locks and sleeps alone"
        )

    def _nothing_left_held(self) -> None:
        for held in (self.spin_locks, self.held_mutexes):
            for lock in held:
                if lock.owner and lock.owner == get_ident():
                    raise LockLeftHeld(self.acting, place(), f"ended while it still held {lock.name!r}")

    def agent(self, name: str, body: Body, *, forever: bool = False) -> None:
        """Add an agent; its thread starts with `start`, at once if that has been called."""
        self._bodies.append((name, body, forever))
        if self._threads:
            self._start_thread(name, body, forever)

    def start(self) -> None:
        """Let every agent act, each in a thread of its own."""
        for name, body, forever in self._bodies:
            self._start_thread(name, body, forever)

    def _start_thread(self, name: str, body: Body, forever: bool) -> None:
        thread = threading.Thread(target=self._act, args=(body, forever), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _act(self, body: Body, forever: bool) -> None:
        try:
            while not self._closing.is_set():
                self.run(body())
                if not forever:
                    return
        except BaseException as error:
            self._failures.append(error)

    def close(self) -> None:
        """Stop every agent, wait for its thread, and raise what the first failing one raised."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._closing.clear()
        if self._failures:
            failure = self._failures.pop(0)
            self._failures.clear()
            if isinstance(failure, (GputlbError, Violation)):
                raise failure
            raise AgentFailed("?", "?", f"raised {failure!r}") from failure

    def __enter__(self) -> DirectRuntime:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _phrase(what: str, lock: Lock | None) -> str:
    return what if lock is None else f"{what} {lock.name!r}"
