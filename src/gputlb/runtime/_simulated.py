"""Virtual time: the earliest event goes next, and the same seed gives the same run."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf
from types import CoroutineType
from typing import TYPE_CHECKING

from gputlb.runtime._coroutine import suspending
from gputlb.runtime._errors import (
    AgentError,
    AgentFailed,
    LockLeftHeld,
    NegativeSpan,
    NeverPausing,
    NotACoroutine,
    SleepInAtomic,
    SleepUnderSpinLock,
    Stuck,
    Violation,
)
from gputlb.runtime._place import place, place_raised
from gputlb.runtime._simulated_agent import Alarm, SimulatedAgent
from gputlb.runtime._simulated_cell import SimulatedCell
from gputlb.runtime._simulated_locks import Indivisible, SimulatedMutex, SimulatedSpinLock
from gputlb.runtime._vocabulary import Runtime, SpinLock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager

    from gputlb.runtime._simulated_agent import Sleeper
    from gputlb.runtime._vocabulary import Body, Cell, Mutex
    from gputlb.runtime._waiting import Duration


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

    most_steps_at_once = 1_000_000
    """How many steps without time passing it takes to be called `NeverPausing`."""

    def __init__(self, seed: int = 0, *, stop_at_violation: bool = True) -> None:
        super().__init__()
        self._observers = self.events.observers
        self.seed = seed
        self.stop_at_violation = stop_at_violation
        self.violations = 0
        self.clock_ns = 0
        self.steps_at_once = 0  # since time last passed
        self.ready: list[Sleeper] = []  # who acts next, at this same time
        self.agents: list[SimulatedAgent] = []
        self.nobody = SimulatedAgent(self, "nobody", _nothing, False, "")
        self.current = self.nobody
        self._times: list[int] = []  # heap of the times at which somebody acts again, or would have
        self._later: dict[int, list[Sleeper]] = {}  # who acts at each, in the order of coming
        self._atomic = Indivisible(self)
        self._streams: dict[str, int] = {}  # how many agents have had each name

    def cell(self, name: str, bits: int = 32, initial: int = 0) -> Cell:
        """Return a new shared word of `bits` bits."""
        return SimulatedCell(self, name, bits, initial)

    async def clear(self, cells: Iterable[Cell]) -> None:
        """Store 0 in each of `cells`; those that hold it already cost next to nothing, others little."""
        ours: Iterable[SimulatedCell] = cells  # type: ignore[assignment]
        for cell in ours:
            if cell.value:
                cell.value = 0
                if cell.waiters:
                    cell.tell()

    def mutex(self, name: str) -> Mutex:
        """Return a new mutex; those who wait get it in the order in which they came."""
        return SimulatedMutex(self, name)

    def spin_lock(self, name: str) -> SpinLock:
        """Return a new spin lock; those who wait get it in the order in which they came."""
        return SimulatedSpinLock(self, name)

    @suspending
    def sleep(self, duration_us: float | Duration) -> Generator[int, None, None]:
        """Let virtual time pass, rounded to whole nanoseconds; `NegativeSpan` if it is below 0."""
        agent = self.current
        if agent.awake_only:
            self.might_sleep("slept")
        if type(duration_us) is int:  # the cheapest
            span_ns = duration_us * 1000
        else:
            try:
                draw_us = duration_us.draw_us  # type: ignore[union-attr]
            except AttributeError:
                span_ns = round(duration_us * 1000)  # type: ignore[operator]
            else:
                span_ns = round(draw_us(agent.random or agent.generator()) * 1000)
        if span_ns < 0:
            raise NegativeSpan(agent.name, place(), f"slept for {span_ns / 1000:g} µs")
        yield span_ns

    async def choose(self, n: int) -> int:
        """Return one of 0 … n - 1 from the agent's own stream."""
        agent = self.current
        generator = agent.random or agent.generator()
        bits = n.bit_length()
        draw = generator.getrandbits  # as `randrange` does it, without its three calls
        picked = draw(bits)
        while picked >= n:
            if n < 1:
                return generator.randrange(n)  # which says what is wrong with it
            picked = draw(bits)
        return picked

    @suspending
    def choose_occupied(
        self, pace: Duration, places: Sequence[Sequence[Cell]], going: Cell
    ) -> Generator[int | None, None, int]:
        """Sleep for `pace` and pick one of `places`, until there is something or `going` is 0; return which.

        As its parts do it, in one coroutine: three quarters of what engines do is to pick in vain.
        """
        agent = self.current
        if agent.awake_only:
            self.might_sleep("slept")
        generator = agent.random or agent.generator()
        draw_us, draw_bits = pace.draw_us, generator.getrandbits
        cells_of: Sequence[Sequence[SimulatedCell]] = places  # type: ignore[assignment]  # this runtime's own
        n = len(places)
        bits = n.bit_length()
        while True:
            span_ns = round(draw_us(generator) * 1000)
            if span_ns < 0:
                raise NegativeSpan(agent.name, place(), f"slept for {span_ns / 1000:g} µs")
            yield span_ns
            number = draw_bits(bits)
            while number >= n:
                if not n:
                    return generator.randrange(n)  # which says what is wrong with it
                number = draw_bits(bits)
            if not going.value:  # type: ignore[attr-defined]
                return number
            for cell in cells_of[number]:
                if cell.value:
                    return number
            if self.ready[-1] is not agent:  # who is ready at this time goes first, as between two rounds
                self.ready.append(agent)
                yield None

    def atomic(self) -> AbstractAsyncContextManager[None]:
        """Make the awaits inside one step; waiting there is an error."""
        return self._atomic  # type: ignore[return-value]  # awaitables that are over, not coroutines

    def agent(self, name: str, body: Body, *, forever: bool = False) -> None:
        """Add an agent; it first acts when `run` comes to it.

        A second agent of the same name has a random stream of its own too. `NotACoroutine` if `body` has been
        called already; what it gives is looked at when it first acts.
        """
        given: object = body
        if isinstance(given, CoroutineType):
            given.close()  # else Python would complain, too, that it was never awaited
            raise NotACoroutine(name, place(), "was given a coroutine; give the function that makes it, not called")
        before = self._streams.get(name, 0)
        self._streams[name] = before + 1
        stream = f"{self.seed}/{name}" if before == 0 else f"{self.seed}/{name}/{before}"
        agent = SimulatedAgent(self, name, body, forever, stream)
        self.agents.append(agent)
        self.ready.append(agent)

    def require(self, condition: bool, text: str, **facts: object) -> None:
        """Count, publish and (unless told otherwise) raise a `Violation` if `condition` is false."""
        if not condition:
            self.violations += 1
            self.emit("violation", text, facts)
            if self.stop_at_violation:
                raise Violation(text, self.acting, self.clock_ns, facts)

    def emit(self, kind: str, *values: object) -> None:
        """Publish an event of the acting agent; costs next to nothing if nobody listens."""
        observers = self._observers
        if observers:
            if len(observers) == 1:
                observers[0](self.clock_ns, self.current.name, kind, values)
            else:
                for observer in tuple(observers):  # one may stop listening while it is told
                    observer(self.clock_ns, self.current.name, kind, values)

    @property
    def now_ns(self) -> int:
        """Virtual nanoseconds since the start."""
        return self.clock_ns

    @property
    def acting(self) -> str:
        """Name of the agent that acts now."""
        return self.current.name

    def might_sleep(self, what: str) -> None:
        """Raise if the acting agent holds a spin lock or is in an atomic section; `what` is what it was about to do."""
        agent = self.current
        if agent.atomic:
            raise SleepInAtomic(agent.name, place(), f"{what} inside runtime.atomic()")
        for lock in agent.held:
            if isinstance(lock, SpinLock):
                raise SleepUnderSpinLock(agent.name, place(), f"{what} while it held spin lock {lock.name!r}")

    def call_at(self, time_ns: int, agent: SimulatedAgent, call: Callable[[], None]) -> Alarm:
        """Call `call()` for the waiting `agent` at `time_ns`; for the waits of this room."""
        alarm = Alarm(time_ns, agent, call)
        there = self._later.get(time_ns)
        if there is None:
            self._later[time_ns] = [alarm]
            heappush(self._times, time_ns)
        else:
            there.append(alarm)
        return alarm

    def cancel(self, alarm: Alarm) -> None:
        """Forget `alarm`, so that time does not run on to it when nobody else waits."""
        there = self._later.get(alarm.time_ns, [])
        if alarm in there:
            there.remove(alarm)
            if not there:
                del self._later[alarm.time_ns]  # the time stays in the heap, where `run` passes over it

    def run(self, until_us: float | None = None) -> None:
        """Let the agents act until nobody can, or until the virtual time `until_us`; may be called again.

        Raises `Stuck` if nobody can act although an agent that does not act for ever has work left, `Violation`,
        the errors of `AgentError`, and `AgentFailed` around whatever else an agent raises. The agent that raised
        is dead; the others go on if `run` is called again.
        """
        until_ns = inf if until_us is None else round(until_us * 1000)
        times, later = self._times, self._later
        now_ns = self.clock_ns
        self.steps_at_once = 0
        agent: Sleeper = self.nobody
        turn = iter(self.ready)  # goes on to those who become ready meanwhile
        try:
            while True:
                for agent in turn:
                    self.current = agent  # type: ignore[assignment]
                    resume = agent.resume  # in two steps, since CPython specialises only so
                    try:
                        span_ns = resume(None)
                    except StopIteration:
                        self._ended(agent)  # type: ignore[arg-type]
                        continue
                    if span_ns is None:
                        continue
                    # The same as in `call_at`, without the call: this is the hot path of every simulation.
                    time_ns = now_ns + span_ns  # type: ignore[operator]
                    if time_ns in later:
                        later[time_ns].append(agent)
                    else:
                        later[time_ns] = [agent]
                        heappush(times, time_ns)
                if not times or times[0] > until_ns:
                    break
                time_ns = heappop(times)
                there = later.pop(time_ns, None)
                if there is None:  # all of its alarms have been cancelled
                    continue
                turn = iter(there)
                self.ready = there
                if time_ns > now_ns:
                    self.clock_ns = now_ns = time_ns
                    self.steps_at_once = 0
                else:
                    self.current = agent = there[0]  # type: ignore[assignment]
                    self.step_at_once()
        except (AgentError, Violation):
            self._died(agent)
            raise
        except (Exception, SystemExit) as error:
            self._died(agent)
            raise _failure(agent, error) from error
        finally:
            self.ready = [other for other in turn if other is not agent]  # whose turn has not come, if one raised
            self.current = self.nobody
        if until_ns < inf:
            self.clock_ns = max(now_ns, int(until_ns))
        if not later:
            self._nobody_is_stuck()

    def _ended(self, agent: SimulatedAgent) -> None:
        if agent.held:
            raise LockLeftHeld(agent.name, agent.place(), f"ended while it still held {agent.held[-1].name!r}")
        self.agents.remove(agent)

    def _died(self, sleeper: Sleeper) -> None:
        dead = sleeper.agent if isinstance(sleeper, Alarm) else sleeper
        if dead in self.agents:
            self.agents.remove(dead)

    def step_at_once(self) -> None:
        """Count a step that takes no time; `NeverPausing` if there were too many."""
        self.steps_at_once += 1
        if self.steps_at_once > self.most_steps_at_once:
            agent = self.current
            raise NeverPausing(agent.name, agent.place(), "goes round and round without time passing")

    def _nobody_is_stuck(self) -> None:
        waiting = {agent.name: str(agent.waits_for) for agent in self.agents if not agent.forever}
        if waiting:
            raise Stuck(waiting)


def _failure(agent: Sleeper, error: BaseException) -> AgentFailed:
    if error.__traceback__ is not None and error.__traceback__.tb_next is None:
        # Raised by `run` itself, which could not add what the agent's await yielded to the time.
        problem = "awaited what is not of this runtime; await its own cells, locks and sleeps alone"
        return AgentFailed(agent.name, agent.place(), problem)
    return AgentFailed(agent.name, place_raised(error), f"raised {error!r}")


def _nothing() -> Coroutine[object, None, object]:
    raise AssertionError("nobody acts before `run` and after it")
