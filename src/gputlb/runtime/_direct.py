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


class _DirectLock(Lock):
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

    def _given_back(self) -> None:
        if self._owner != get_ident():
            raise LockNotHeld(self._runtime.acting, place(), f"released {self.name!r}, which it does not hold")
        self._owner = 0
        self._lock.release()


class _DirectMutex(_DirectLock, Mutex):
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
        runtime = self._runtime
        self._given_back()
        runtime.held_mutexes.remove((get_ident(), self))
        if runtime.events.observers:
            runtime.emit("mutex_unlock", self.name)

    __aenter__ = acquire

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.release()


class _DirectSpinLock(_DirectLock, SpinLock):
    __slots__ = ()

    async def acquire(self) -> None:
        runtime = self._runtime
        me = get_ident()
        self._taken(me)
        runtime.held_spin_locks.append((me, self))
        if runtime.events.observers:
            runtime.emit("lock", self.name)

    async def release(self) -> None:
        runtime = self._runtime
        self._given_back()
        runtime.held_spin_locks.remove((get_ident(), self))
        if runtime.events.observers:
            runtime.emit("unlock", self.name)

    __aenter__ = acquire

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.release()


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
        self.held_spin_locks: list[tuple[int, _DirectSpinLock]] = []
        self.held_mutexes: list[tuple[int, _DirectMutex]] = []
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
        return _DirectSpinLock(self, name)

    async def sleep(self, duration_us: float | Duration) -> None:
        """Let real time pass."""
        if self.held_spin_locks or self.atomic_owner:
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
        if how is not SPINNING and (self.held_spin_locks or self.atomic_owner):
            self.might_sleep("waited")
        if holds():
            return True
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

    def might_sleep(self, what: str) -> None:
        """Raise if this thread holds a spin lock or is in an atomic section; `what` says what it was about to do."""
        me = get_ident()
        if self.atomic_owner == me:
            raise SleepInAtomic(self.acting, place(), f"{what} inside runtime.atomic()")
        for owner, lock in self.held_spin_locks:
            if owner == me:
                raise SleepUnderSpinLock(self.acting, place(), f"{what} while it held spin lock {lock.name!r}")

    def run(self, coroutine: Coroutine[object, None, T]) -> T:
        """Drive `coroutine` to its end in this thread and return its result.

        Raises what the coroutine raises, and `LockLeftHeld` if it ends holding a lock that it took.
        """
        try:
            coroutine.send(None)
        except StopIteration as end:
            if self.held_spin_locks or self.held_mutexes:
                self._nothing_left_held()
            return end.value  # type: ignore[no-any-return]
        coroutine.close()
        raise AgentFailed(
            self.acting, place(), "awaited what is not of this runtime; await its own cells, locks and sleeps alone"
        )

    def _nothing_left_held(self) -> None:
        me = get_ident()
        held: list[tuple[int, _DirectLock]] = [*self.held_spin_locks, *self.held_mutexes]
        for owner, lock in held:
            if owner == me:
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
