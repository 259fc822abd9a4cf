"""Virtual time: the earliest event goes next, and the same seed gives the same run."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from random import Random
from types import coroutine
from typing import TYPE_CHECKING

from gputlb.runtime._errors import (
    AgentError,
    AgentFailed,
    CellOverflow,
    LockLeftHeld,
    LockNotHeld,
    LockReentered,
    NeverPausing,
    SleepInAtomic,
    SleepUnderSpinLock,
    Stuck,
    Violation,
)
from gputlb.runtime._place import place
from gputlb.runtime._vocabulary import Cell, Lock, Mutex, Runtime, SpinLock
from gputlb.runtime._waiting import ASLEEP, SPINNING, Naps

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractAsyncContextManager

    from gputlb.runtime._vocabulary import Body
    from gputlb.runtime._waiting import Duration, How

_ROUNDS_WITHOUT_TIME = 1_000_000


def _unborn(_answer: None) -> object:
    """Stand where an agent's coroutine will, until the agent is added."""
    return None


@coroutine
def _park() -> Generator[None, None, None]:
    yield None


class _Agent:
    """One who acts: its coroutine, its generator, and the locks that it holds."""

    __slots__ = ("atomic", "awake_only", "body", "forever", "locks", "name", "random", "resume", "seed", "waits_for")

    def __init__(self, name: str, body: Body, forever: bool, seed: int) -> None:
        self.name = name
        self.body = body
        self.forever = forever
        self.seed = seed
        self.random: Random | None = None
        self.resume: Callable[[None], object] = _unborn
        self.locks = 0  # how many it holds
        self.awake_only = 0  # how many reasons it has not to sleep: spin locks held, atomic sections entered
        self.atomic = 0
        self.waits_for: object = "its turn"

    def generator(self) -> Random:
        """Return the agent's own random stream: what others draw never changes what it draws."""
        if self.random is None:
            self.random = Random(f"{self.seed}/{self.name}")
        return self.random


class _Alarm:
    """A call at a given time, in the shape of an agent that is resumed once."""

    __slots__ = ("_call",)
    name = "alarm"

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def resume(self, _answer: None) -> None:
        self._call()


_Sleeper = _Agent | _Alarm


class _Waiter:
    """An agent that waits for a cell's value."""

    __slots__ = ("agent", "cell", "fulfilled", "over", "predicate")

    def __init__(self, cell: _SimulatedCell, agent: _Agent, predicate: Callable[[int], bool]) -> None:
        self.cell = cell
        self.agent = agent
        self.predicate = predicate
        self.fulfilled = False
        self.over = False

    def changed(self) -> None:
        """Look at the cell, since somebody has just stored to it."""
        if self.predicate(self.cell.value):
            self.finish(True)

    def expire(self) -> None:
        """Look for the last time, since the time is up."""
        if not self.over:
            self.finish(self.predicate(self.cell.value))

    def finish(self, fulfilled: bool) -> None:
        self.over = True
        self.fulfilled = fulfilled
        self.cell.waiters.remove(self)
        self.cell.runtime.ready.append(self.agent)


class _NappingWaiter(_Waiter):
    """An agent that looks at a cell between naps: it sees a change at its next look, if the change is still there."""

    __slots__ = ("last_look_ns", "looks_at_ns", "naps", "start_ns")

    def __init__(
        self, cell: _SimulatedCell, agent: _Agent, predicate: Callable[[int], bool], naps: Naps, start_ns: int
    ) -> None:
        super().__init__(cell, agent, predicate)
        self.naps = naps
        self.start_ns = start_ns
        self.looks_at_ns = -1
        self.last_look_ns: int | None = None

    def changed(self) -> None:
        runtime = self.cell.runtime
        if self.looks_at_ns >= runtime.clock_ns or not self.predicate(self.cell.value):
            return
        look_ns = self.naps.look_ns(self.start_ns, runtime.clock_ns)
        if self.last_look_ns is None or look_ns < self.last_look_ns:
            self.looks_at_ns = look_ns
            runtime.call_at(look_ns, self._look)

    def _look(self) -> None:
        if not self.over and self.predicate(self.cell.value):
            self.finish(True)


class _SimulatedCell(Cell):
    __slots__ = ("runtime", "value", "waiters")

    def __init__(self, runtime: SimulatedRuntime, name: str, bits: int, initial: int) -> None:
        super().__init__(name, bits)
        self.runtime = runtime
        self.value = initial
        self.waiters: list[_Waiter] = []

    async def load(self) -> int:
        return self.value

    async def store(self, value: int) -> None:
        if value >> self.bits:
            raise self._overflow(value)
        self.value = value
        if self.waiters:
            self._tell()

    async def update(self, f: Callable[[int], int]) -> int:
        old = self.value
        new = f(old)
        if new >> self.bits:
            raise self._overflow(new)
        self.value = new
        if self.waiters:
            self._tell()
        return old

    async def until(self, predicate: Callable[[int], bool], timeout_us: float | None = None, how: How = ASLEEP) -> bool:
        runtime = self.runtime
        agent = runtime.current
        if agent.awake_only and how is not SPINNING:
            runtime.might_sleep(f"waited for cell {self.name!r}")
        if predicate(self.value):
            return True
        if agent.atomic:
            runtime.might_sleep(f"waited for cell {self.name!r}")
        now_ns = runtime.clock_ns
        if isinstance(how, Naps):
            waiter: _Waiter = _NappingWaiter(self, agent, predicate, how, now_ns)
            if timeout_us is not None:
                last_ns = how.look_ns(now_ns, now_ns + round(timeout_us * 1000))
                waiter.last_look_ns = last_ns  # type: ignore[attr-defined]
                runtime.call_at(last_ns, waiter.expire)
        else:
            waiter = _Waiter(self, agent, predicate)
            if timeout_us is not None:
                runtime.call_at(now_ns + round(timeout_us * 1000), waiter.expire)
        self.waiters.append(waiter)
        agent.waits_for = self
        await _park()
        return waiter.fulfilled

    def __str__(self) -> str:
        return f"cell {self.name!r}"

    def _tell(self) -> None:
        for waiter in tuple(self.waiters):
            waiter.changed()

    def _overflow(self, value: int) -> CellOverflow:
        return CellOverflow(
            self.runtime.acting, place(), f"stored {value:#x} in cell {self.name!r} of {self.bits} bits"
        )


class _SimulatedLock(Lock):
    __slots__ = ("holder", "observers", "queue", "runtime")

    def __init__(self, runtime: SimulatedRuntime, name: str) -> None:
        super().__init__(name)
        self.runtime = runtime
        self.holder: _Agent | None = None
        self.queue: deque[_Agent] = deque()
        self.observers = runtime.events.observers

    def _refuse_to_wait(self, agent: _Agent) -> None:
        if self.holder is agent:
            raise LockReentered(agent.name, place(), f"asked for {self.name!r}, which it holds already")
        self.runtime.might_sleep(f"waited for {self.name!r}")

    def _hand_on(self, agent: _Agent) -> None:
        if self.holder is not agent:
            raise LockNotHeld(agent.name, place(), f"released {self.name!r}, which it does not hold")
        agent.locks -= 1
        if self.queue:
            self.holder = heir = self.queue.popleft()
            self.runtime.ready.append(heir)
        else:
            self.holder = None

    def __str__(self) -> str:
        return f"{self.name!r}, held by {self.holder.name!r}" if self.holder else repr(self.name)


class _SimulatedMutex(_SimulatedLock, Mutex):
    __slots__ = ()

    @coroutine
    def acquire(self) -> Generator[None, None, None]:
        agent = self.runtime.current
        if agent.awake_only:
            self.runtime.might_sleep(f"waited for mutex {self.name!r}")
        if self.holder is None:
            self.holder = agent
        else:
            if self.holder is agent or agent.atomic:
                self._refuse_to_wait(agent)
            self.queue.append(agent)
            agent.waits_for = self
            yield
        agent.locks += 1
        if self.observers:
            self.runtime.emit("mutex_lock", self.name)

    async def release(self) -> None:
        self._hand_on(self.runtime.current)
        if self.observers:
            self.runtime.emit("mutex_unlock", self.name)

    __aenter__ = acquire

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        self._hand_on(self.runtime.current)
        if self.observers:
            self.runtime.emit("mutex_unlock", self.name)


class _SimulatedSpinLock(_SimulatedLock, SpinLock):
    __slots__ = ()

    @coroutine
    def acquire(self) -> Generator[None, None, None]:
        agent = self.runtime.current
        if self.holder is None:
            self.holder = agent
        else:
            if self.holder is agent or agent.atomic:
                self._refuse_to_wait(agent)
            self.queue.append(agent)
            agent.waits_for = self
            yield
        agent.locks += 1
        agent.awake_only += 1
        if self.observers:
            self.runtime.emit("lock", self.name)

    async def release(self) -> None:
        agent = self.runtime.current
        self._hand_on(agent)
        agent.awake_only -= 1
        if self.observers:
            self.runtime.emit("unlock", self.name)

    __aenter__ = acquire

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.release()


class _Indivisible:
    """`runtime.atomic()`: nobody else acts between two awaits anyway, unless one of them waits."""

    def __init__(self, runtime: SimulatedRuntime) -> None:
        self._runtime = runtime

    async def __aenter__(self) -> None:
        agent = self._runtime.current
        agent.atomic += 1
        agent.awake_only += 1

    async def __aexit__(self, *exc: object) -> None:
        agent = self._runtime.current
        agent.atomic -= 1
        agent.awake_only -= 1


class SimulatedRuntime(Runtime):
    """Virtual time in integer nanoseconds; everything that takes no time is done at once.

    Agents act one at a time, each until it has to wait; agents that become ready at the same nanosecond go in
    the order in which they became so. The same seed, agents and bodies give the same run, event for event.

    Args:
        seed: where all random choices come from. Each agent has a stream of its own, so that a change in one
            agent leaves what the others draw as it was.
        stop_at_violation: raise the first `Violation` out of `run`; otherwise it is published and counted in
            `violations`, and the run goes on.

    """

    def __init__(self, seed: int = 0, *, stop_at_violation: bool = True) -> None:
        super().__init__()
        self.seed = seed
        self.stop_at_violation = stop_at_violation
        self.violations = 0
        self.clock_ns = 0
        self.ready: deque[_Sleeper] = deque()
        self.agents: list[_Agent] = []
        self._locks: list[_SimulatedLock] = []
        self._nobody = _Agent("nobody", _idle, False, seed)
        self.current = self._nobody
        self._times: list[int] = []  # heap of the distinct times at which somebody acts again
        self._later: dict[int, _Sleeper | list[_Sleeper]] = {}  # who acts at each, in the order of coming
        self._atomic = _Indivisible(self)

    def cell(self, name: str, bits: int = 32, initial: int = 0) -> Cell:
        """Return a new shared word of `bits` bits."""
        return _SimulatedCell(self, name, bits, initial)

    def mutex(self, name: str) -> Mutex:
        """Return a new mutex; those who wait get it in the order in which they came."""
        mutex = _SimulatedMutex(self, name)
        self._locks.append(mutex)
        return mutex

    def spin_lock(self, name: str) -> SpinLock:
        """Return a new spin lock; those who wait get it in the order in which they came."""
        lock = _SimulatedSpinLock(self, name)
        self._locks.append(lock)
        return lock

    @coroutine
    def sleep(self, duration_us: float | Duration) -> Generator[int, None, None]:
        """Let virtual time pass, rounded to whole nanoseconds."""
        agent = self.current
        if agent.awake_only:
            self.might_sleep("slept")
        if type(duration_us) is int:  # by far the most frequent, and the cheapest
            yield duration_us * 1000
        elif isinstance(duration_us, (int, float)):
            yield round(duration_us * 1000)
        else:
            yield round(duration_us.draw_us(agent.generator()) * 1000)

    async def choose(self, n: int) -> int:
        """Return one of 0 … n - 1 from the agent's own stream."""
        return self.current.generator().randrange(n)

    def atomic(self) -> AbstractAsyncContextManager[None]:
        """Make the awaits inside one step; waiting there is an error."""
        return self._atomic

    def agent(self, name: str, body: Body, *, forever: bool = False) -> None:
        """Add an agent; it first acts when `run` comes to it."""
        agent = _Agent(name, body, forever, self.seed)
        agent.resume = body().send
        self.agents.append(agent)
        self.ready.append(agent)

    def require(self, condition: bool, text: str, **facts: object) -> None:
        """Count, publish and (unless told otherwise) raise a `Violation` if `condition` is false."""
        if not condition:
            self.violations += 1
            self.emit("violation", text, facts)
            if self.stop_at_violation:
                raise Violation(text, self.acting, self.clock_ns, facts)

    @property
    def now_ns(self) -> int:
        """Virtual nanoseconds since the start."""
        return self.clock_ns

    @property
    def acting(self) -> str:
        """Name of the agent that acts now."""
        return self.current.name

    def call_at(self, time_ns: int, call: Callable[[], None]) -> None:
        """Call `call()` at `time_ns`; for the waits of this room."""
        self._add_later(time_ns, _Alarm(call))

    def _add_later(self, time_ns: int, sleeper: _Sleeper) -> None:
        there = self._later.get(time_ns)
        if there is None:
            self._later[time_ns] = sleeper
            heappush(self._times, time_ns)
        elif there.__class__ is list:
            there.append(sleeper)
        else:
            self._later[time_ns] = [there, sleeper]  # type: ignore[list-item]

    def might_sleep(self, what: str) -> None:
        """Raise if the acting agent holds a spin lock or is in an atomic section; `what` is what it was about to do."""
        agent = self.current
        if agent.atomic:
            raise SleepInAtomic(agent.name, place(), f"{what} inside runtime.atomic()")
        for lock in self._held_by(agent):
            if isinstance(lock, SpinLock):
                raise SleepUnderSpinLock(agent.name, place(), f"{what} while it held spin lock {lock.name!r}")

    def _held_by(self, agent: _Agent) -> list[_SimulatedLock]:
        return [lock for lock in self._locks if lock.holder is agent]

    def run(self, until_us: float | None = None) -> None:
        """Let the agents act until nobody can, or until the virtual time `until_us`; may be called again.

        Raises `Stuck` if nobody can act although an agent that does not act for ever has work left, `Violation`,
        the errors of `AgentError`, and `AgentFailed` around whatever else an agent raises.
        """
        until_ns = None if until_us is None else round(until_us * 1000)
        ready, times, later = self.ready, self._times, self._later
        rounds = 0
        try:
            while True:
                if ready:
                    agent = ready.popleft()
                    rounds += 1
                    if rounds > _ROUNDS_WITHOUT_TIME:
                        raise NeverPausing(agent.name, _where(agent), "goes round and round without time passing")
                elif times:
                    if until_ns is not None and times[0] > until_ns:
                        self.clock_ns = until_ns
                        return
                    self.clock_ns = now_ns = heappop(times)
                    rounds = 0
                    who = later.pop(now_ns)
                    if who.__class__ is list:
                        ready.extend(who)
                        continue
                    agent = who  # type: ignore[assignment]
                else:
                    break
                self.current = agent  # type: ignore[assignment]
                try:
                    span_ns = agent.resume(None)
                except StopIteration:
                    self._ended(agent)  # type: ignore[arg-type]
                    continue
                if span_ns is None:
                    continue
                time_ns = self.clock_ns + span_ns  # type: ignore[operator]
                if time_ns in later:
                    self._add_later(time_ns, agent)
                else:
                    later[time_ns] = agent
                    heappush(times, time_ns)
        except (AgentError, Violation):
            raise
        except Exception as error:
            raise AgentFailed(self.current.name, _where(self.current), f"raised {error!r}") from error
        finally:
            self.current = self._nobody
        if until_ns is not None:
            self.clock_ns = max(self.clock_ns, until_ns)
        waiting = {agent.name: str(agent.waits_for) for agent in self.agents if not agent.forever}
        if waiting:
            raise Stuck(waiting)

    def _ended(self, agent: _Agent) -> None:
        if agent.locks:
            held = self._held_by(agent)[-1]
            raise LockLeftHeld(agent.name, _where(agent), f"ended while it still held {held.name!r}")
        if agent.forever:
            agent.resume = agent.body().send
            self.ready.append(agent)
        else:
            self.agents.remove(agent)


async def _idle() -> None:
    """Do nothing, for nobody."""


def _where(agent: _Sleeper) -> str:
    """Return the place where the agent's body is written."""
    if isinstance(agent, _Alarm):
        return "runtime"
    code = getattr(agent.body, "__code__", None)
    if code is None:
        return repr(agent.body)
    return f"{code.co_filename.rsplit('/', 1)[-1]}:{code.co_firstlineno} in {code.co_qualname}"
