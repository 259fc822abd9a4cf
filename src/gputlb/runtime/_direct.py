"""Do it now, for real: real hardware, recorded vectors, and other people's programs."""

from __future__ import annotations

import threading
from threading import get_ident
from types import CoroutineType
from typing import TYPE_CHECKING, TypeVar

from gputlb.errors import GputlbError
from gputlb.runtime._clock import MachineClock
from gputlb.runtime._direct_cells import DirectCell, DirectMutex, DirectSpinLock, Indivisible
from gputlb.runtime._errors import (
    AgentFailed,
    LockLeftHeld,
    NegativeSpan,
    NotACoroutine,
    SleepInAtomic,
    SleepUnderSpinLock,
    Violation,
)
from gputlb.runtime._place import place, place_of, place_raised, place_written
from gputlb.runtime._vocabulary import Runtime
from gputlb.runtime._waiting import Naps, Spinning

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager
    from random import Random

    from gputlb.runtime._clock import Clock
    from gputlb.runtime._vocabulary import Body, Cell, Lock, Mutex, SpinLock
    from gputlb.runtime._waiting import Duration, How

T = TypeVar("T")

_QUEUE_NAPS = Naps(first_us=1, longest_us=1000)  # how a software wait looks at its cell; nobody signals it


class _Closed(BaseException):
    """Thrown into an agent's thread where it waits, when the runtime is closed; the locks it holds are released."""


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
        self.spin_locks: list[DirectSpinLock] = []  # all there are: few are made, and each is taken often
        self.held_mutexes: list[DirectMutex] = []  # only the held ones: every object has a mutex
        self._atomic = Indivisible(self)
        self._bodies: list[tuple[str, Body, bool]] = []
        self._started = False
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._failures: list[tuple[str, BaseException]] = []

    def cell(self, name: str, bits: int = 32, initial: int = 0) -> Cell:
        """Return a new shared word of `bits` bits."""
        return DirectCell(self, name, bits, initial)

    def mutex(self, name: str) -> Mutex:
        """Return a new mutex, a real one between threads."""
        return DirectMutex(self, name)

    def spin_lock(self, name: str) -> SpinLock:
        """Return a new spin lock, a real one between threads."""
        lock = DirectSpinLock(self, name)
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
        if span_us < 0:
            raise NegativeSpan(self.acting, place(), f"slept for {span_us:g} µs")
        self._end_agent_if_closing()
        self.clock.pause_ns(round(span_us * 1000))

    async def choose(self, n: int) -> int:
        """Return one of 0 … n - 1: from the generator given, else 0."""
        return self._random.randrange(n) if self._random is not None else 0

    def atomic(self) -> AbstractAsyncContextManager[None]:
        """Make the awaits inside one step towards other atomic sections, `update` and `store`; `load` never waits."""
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
        if not isinstance(how, Spinning):
            self.might_sleep("waited")
        return holds() or self.look_again_until(holds, timeout_us, how)

    def look_again_until(self, holds: Callable[[], bool], timeout_us: float | None, how: How) -> bool:
        """Go on as `look_until` does, after a first look that was in vain."""
        if timeout_us is not None and timeout_us < 0:
            raise NegativeSpan(self.acting, place(), f"waited with a timeout of {timeout_us} µs")
        naps = how if isinstance(how, Naps) else None if isinstance(how, Spinning) else _QUEUE_NAPS
        clock = self.clock
        deadline_ns = None if timeout_us is None else clock.now_ns() + round(timeout_us * 1000)
        nap_us = naps.first_us if naps else 0
        while True:
            self._end_agent_if_closing()
            clock.pause_ns(nap_us * 1000)
            over = deadline_ns is not None and clock.now_ns() >= deadline_ns
            if holds():
                return True
            if over:
                return False
            if naps and nap_us < naps.longest_us:
                nap_us *= 2

    def _end_agent_if_closing(self) -> None:
        if self._closing.is_set() and threading.current_thread() in self._threads:
            raise _Closed

    def might_sleep(self, what: str, lock: Lock | None = None) -> None:
        """Raise if this thread holds a spin lock or is in an atomic section.

        `what` and the name of `lock` say what it was about to do.
        """
        if self.atomic_owner and self.atomic_owner == get_ident():
            raise SleepInAtomic(self.acting, place(), f"{_phrase(what, lock)} inside runtime.atomic()")
        for held in self.spin_locks:
            if held.owner and held.owner == get_ident():
                problem = f"{_phrase(what, lock)} while it held spin lock {held.name!r}"
                raise SleepUnderSpinLock(self.acting, place(), problem)

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
        where = place_of(coroutine)
        coroutine.close()
        problem = "awaited what is not of this runtime; await its own cells, locks and sleeps alone"
        raise AgentFailed(self.acting, where, problem)

    def _nothing_left_held(self) -> None:
        for held in (self.spin_locks, self.held_mutexes):
            for lock in tuple(held):  # other threads change the lists meanwhile
                if lock.owner == get_ident():
                    raise LockLeftHeld(self.acting, place(), f"ended while it still held {lock.name!r}")

    def agent(self, name: str, body: Body, *, forever: bool = False) -> None:
        """Add an agent; its thread starts with `start`, at once if that has been called."""
        given: object = body
        if isinstance(given, CoroutineType):
            given.close()  # else Python would complain, too, that it was never awaited
            raise NotACoroutine(name, place(), "was given a coroutine; give the function that makes it, not called")
        self._bodies.append((name, body, forever))
        if self._started:
            self._start_thread(name, body, forever)

    def start(self) -> None:
        """Let every agent act, each in a thread of its own; nothing if they do already."""
        if not self._started:
            self._started = True
            for name, body, forever in self._bodies:
                self._start_thread(name, body, forever)

    def _start_thread(self, name: str, body: Body, forever: bool) -> None:
        thread = threading.Thread(target=self._act, args=(name, body, forever), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _act(self, name: str, body: Body, forever: bool) -> None:
        try:
            while not self._closing.is_set():
                made: object = body()
                if not isinstance(made, CoroutineType):
                    problem = f"has a body that gave {made!r}, not a coroutine; write it with `async def`"
                    raise NotACoroutine(name, place_written(body), problem)
                self.run(made)
                if not forever:
                    return
        except _Closed:
            pass
        except BaseException as error:
            self._failures.append((name, error))

    def close(self) -> None:
        """Stop every agent where it next sleeps or waits, end its thread, and raise what the first failing one raised.

        What is neither of `gputlb` nor a `Violation` comes as the cause of an `AgentFailed`.
        """
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._closing.clear()
        self._started = False
        if self._failures:
            name, failure = self._failures[0]
            self._failures.clear()
            if isinstance(failure, (GputlbError, Violation)):
                raise failure
            raise AgentFailed(name, place_raised(failure), f"raised {failure!r}") from failure

    def __enter__(self) -> DirectRuntime:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _phrase(what: str, lock: Lock | None) -> str:
    return what if lock is None else f"{what} {lock.name!r}"
