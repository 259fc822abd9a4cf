"""Virtual time with a gate before every step, so that a schedule decides who acts next and what it is answered."""

from __future__ import annotations

import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import gputlb.runtime
from gputlb.explore import Step
from gputlb.runtime import (
    ASLEEP,
    SPINNING,
    AgentError,
    AgentFailed,
    Cell,
    CellOverflow,
    Event,
    Lock,
    LockNotHeld,
    LockReentered,
    Mutex,
    Runtime,
    SimulatedRuntime,
    SleepInAtomic,
    SleepUnderSpinLock,
    SpinLock,
    Violation,
)
from gputlb.runtime._coroutine import park

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager

    from gputlb.runtime import Duration, How
    from gputlb.runtime._simulated_agent import SimulatedAgent

Answer = int | bool | None
A = TypeVar("A", int, bool, None)
Schedule = tuple[tuple[str, tuple[Answer, ...]], ...]

_STEP_NS = 1000
_SKIPPED = (str(Path(gputlb.runtime.__file__).parent), __file__)


class ReplayDiverged(AgentError):
    """An agent did not do what the schedule says: the code is not what the schedule was made with."""


class Gate(NamedTuple):
    """What an agent is about to do."""

    agent: SimulatedAgent
    words: str
    subject: ReplayedCell | ReplayedLock | None
    can_act: Callable[[], bool]

    def waits_for(self) -> str:
        """Return what the agent waits for, in words."""
        if isinstance(self.subject, ReplayedCell):
            return f"cell {self.subject.name!r}, now {self.subject.value}"
        if isinstance(self.subject, ReplayedLock):
            by = f", held by {self.subject.holder.name!r}" if self.subject.holder else ""
            return f"{self.subject.name!r}{by}"
        return "nothing"


class ReplayedCell(Cell):
    """A shared word; each operation waits at the gate for its turn."""

    __slots__ = ("runtime", "value")

    def __init__(self, runtime: ReplayedRuntime, name: str, bits: int, initial: int) -> None:
        super().__init__(name, bits)
        self.runtime = runtime
        self.value = initial

    async def load(self) -> int:
        """Return the value."""
        runtime = self.runtime
        where = place()
        expected = await runtime.turn("load", self)
        return runtime.done(where, "load", self, self.value, self.value, expected)

    async def store(self, value: int) -> None:
        """Set the value."""
        runtime = self.runtime
        where = place()
        if value >> self.bits:
            raise runtime.broken(self._overflow(where, value))
        expected = await runtime.turn(f"store {value}", self)
        before, self.value = self.value, int(value)
        runtime.done(where, f"store {value}", self, before, None, expected)

    async def update(self, f: Callable[[int], int]) -> int:
        """Replace the value by `f(value)`."""
        runtime = self.runtime
        where = place()
        expected = await runtime.turn("update", self)
        before, after = self.value, int(f(self.value))
        if after >> self.bits:
            raise runtime.broken(self._overflow(where, after))
        self.value = after
        return runtime.done(where, "update", self, before, before, expected)

    async def until(self, predicate: Callable[[int], bool], timeout_us: float | None = None, how: How = ASLEEP) -> bool:
        """Wait as the schedule says: it knows which waits end by their timeouts."""
        runtime = self.runtime
        where = place()
        if how is not SPINNING:
            runtime.might_sleep(f"waited for cell {self.name!r}")
        may_time_out = timeout_us is not None and runtime.may_time_out(self.name)
        expected = await runtime.turn("until", self, lambda: may_time_out or bool(predicate(self.value)))
        return runtime.done(where, "until", self, self.value, bool(predicate(self.value)), expected)

    def _overflow(self, where: str, value: int) -> CellOverflow:
        problem = f"stored {value:#x} in cell {self.name!r} of {self.bits} bits"
        return CellOverflow(self.runtime.acting, where, problem)


class ReplayedLock(Lock):
    """A lock that goes to whom the schedule says."""

    __slots__ = ("holder", "runtime")

    def __init__(self, runtime: ReplayedRuntime, name: str) -> None:
        super().__init__(name)
        self.runtime = runtime
        self.holder: SimulatedAgent | None = None

    async def acquire(self) -> None:
        """Take the lock when it is free and it is one's turn."""
        runtime = self.runtime
        agent, where = runtime.current, place()
        if isinstance(self, Mutex):
            runtime.might_sleep(f"waited for mutex {self.name!r}")
        if self.holder is agent and agent is not runtime.nobody:
            raise runtime.broken(LockReentered(agent.name, where, f"asked for {self.name!r}, which it holds already"))
        expected = await runtime.turn("acquire", self, lambda: self.holder is None)
        self.holder = agent
        agent.held.append(self)
        runtime.done(where, "acquire", self, 0, None, expected)
        runtime.emit("mutex_lock" if isinstance(self, Mutex) else "lock", self.name)

    async def release(self) -> None:
        """Give the lock back."""
        runtime = self.runtime
        agent, where = runtime.current, place()
        if self.holder is not agent and agent is not runtime.nobody:
            raise runtime.broken(LockNotHeld(agent.name, where, f"released {self.name!r}, which it does not hold"))
        expected = await runtime.turn("release", self)
        self.holder = None
        agent.held.remove(self)
        runtime.done(where, "release", self, 1, None, expected)
        runtime.emit("mutex_unlock" if isinstance(self, Mutex) else "unlock", self.name)


class ReplayedMutex(ReplayedLock, Mutex):
    """A mutex at the gate."""

    __slots__ = ()


class ReplayedSpinLock(ReplayedLock, SpinLock):
    """A spin lock at the gate."""

    __slots__ = ()


class _Indivisible:
    """An atomic section: one turn for all of it, taken at its first operation."""

    def __init__(self, runtime: ReplayedRuntime) -> None:
        self._runtime = runtime

    async def __aenter__(self) -> None:
        self._runtime.current.atomic += 1

    async def __aexit__(self, *exc: object) -> None:
        agent = self._runtime.current
        agent.atomic -= 1
        if not agent.atomic:
            self._runtime.begun.discard(agent.name)


class ReplayedRuntime(SimulatedRuntime):
    """Runs a schedule: the agents' own coroutines on real values, one indivisible step a microsecond.

    An agent stops before each operation, in an atomic section before the first one only, until the schedule lets
    it act. What happens is kept in `moments`.
    """

    def __init__(self, *, may_time_out: bool | Callable[[str], bool] = False) -> None:
        super().__init__()
        self.moments: list[Step | Event] = []
        self.begun: set[str] = set()  # who is past the first operation of an atomic section
        self._may_time_out = may_time_out
        self._gates: dict[str, Gate] = {}
        self._answers: deque[Answer] = deque()
        self._number = 0
        self._broken: Exception | None = None
        self._sections = _Indivisible(self)
        self.events.listen(self.moments.append)

    def cell(self, name: str, bits: int = 32, initial: int = 0) -> Cell:
        """Return a new shared word."""
        return ReplayedCell(self, name, bits, initial)

    async def clear(self, cells: Iterable[Cell]) -> None:
        """Store 0 in each of `cells`, also in those that hold it already: each store is a step of the schedule."""
        await Runtime.clear(self, cells)

    async def choose_occupied(self, pace: Duration, places: Sequence[Sequence[Cell]], going: Cell) -> int:
        """Pick one of `places`, until there is something or `going` is 0, by the parts that the schedule knows."""
        return await Runtime.choose_occupied(self, pace, places, going)

    def mutex(self, name: str) -> Mutex:
        """Return a new mutex."""
        return ReplayedMutex(self, name)

    def spin_lock(self, name: str) -> SpinLock:
        """Return a new spin lock."""
        return ReplayedSpinLock(self, name)

    def atomic(self) -> AbstractAsyncContextManager[None]:
        """Make the awaits inside one step."""
        return self._sections

    async def sleep(self, duration_us: float | Duration) -> None:
        """Let any time pass, which it may at every await: no step of its own."""
        self._unless_dismissed()
        self.might_sleep("slept")
        self.step_at_once()

    async def choose(self, n: int) -> int:
        """Return what the schedule chose."""
        where = place()
        expected = await self.turn(f"choose of {n}", None)
        if not isinstance(expected, int) or not 0 <= expected < n:
            raise self._diverged(where, f"is to choose {expected} of {n}")
        self.moments.append(Step(self._number, self.acting, f"choose of {n}", None, None, None, expected, where))
        return expected

    def require(self, condition: bool, text: str, **facts: object) -> None:
        """End the replay with a `Violation` if `condition` is false."""
        self._unless_dismissed()
        if not condition:
            self.emit("violation", text, facts)
            raise self.broken(Violation(text, self.acting, self._number * _STEP_NS, facts))

    def emit(self, kind: str, *values: object) -> None:
        """Publish an event with the time of its step."""
        if self.current is not self.nobody:
            self.events.publish(Event(self._number * _STEP_NS, self.acting, kind, values))

    @property
    def now_ns(self) -> int:
        """Always 0, as in exploration: an agent cannot tell the time."""
        return 0

    def might_sleep(self, what: str) -> None:
        """Raise if the acting agent holds a spin lock or is in an atomic section."""
        agent = self.current
        if agent.atomic:
            raise self.broken(SleepInAtomic(agent.name, place(), f"{what} inside runtime.atomic()"))
        for lock in agent.held:
            if isinstance(lock, SpinLock):
                problem = f"{what} while it held spin lock {lock.name!r}"
                raise self.broken(SleepUnderSpinLock(agent.name, place(), problem))

    def may_time_out(self, cell_name: str) -> bool:
        """Whether a wait for this cell may end by its timeout."""
        claim = self._may_time_out
        return claim if isinstance(claim, bool) else claim(cell_name)

    def start_with(self, cell: Cell, value: int) -> None:
        """Let `cell` have `value` at the start."""
        assert isinstance(cell, ReplayedCell)
        cell.value = value

    def sometimes(self, text: str, cells: Sequence[Cell] = (), predicate: Callable[..., bool] | None = None) -> None:
        """Do nothing: one order shows nothing about all."""

    def symmetric(self, members: Sequence[object], cells_per_member: Sequence[object]) -> None:
        """Do nothing: nothing is folded in one order."""

    def relative(self, counter: object, stamps: Sequence[object], *, step: int, window: int) -> None:
        """Do nothing: no counter is divided out in one order."""

    def note(self, text: str) -> None:
        """Do nothing: what was reached is the explorer's business."""

    def follow(self, schedule: Iterable[tuple[str, Sequence[Answer]]]) -> Exception | None:
        """Let the agents act as `schedule` says; return the violation or broken rule that it ends with, if any.

        Raises: `ReplayDiverged` where an agent does something else; `AgentFailed` where one raises.
        """
        try:
            self._let_act()
            for self._number, (name, answers) in enumerate(schedule, 1):
                if self._broken is not None:
                    break
                gate = self._gates.pop(name, None)
                if gate is None:
                    raise ReplayDiverged(name, f"step {self._number}", "is to act, and there is no such agent any more")
                self._answers = deque(answers)
                self.ready.append(gate.agent)
                self._let_act()
                if self._broken is None and self._answers:
                    raise ReplayDiverged(
                        name, f"step {self._number}", f"is done, and was to do {len(self._answers)} operations more"
                    )
        except (ReplayDiverged, AgentFailed):
            raise
        except (AgentError, Violation) as broken:
            self._broken = self._broken or broken
        if isinstance(self._broken, ReplayDiverged):
            raise self._broken
        return self._broken

    def waiting(self) -> dict[str, str] | None:
        """Return who waits for what if nobody can act although somebody has work left; else None."""
        if any(gate.can_act() for gate in self._gates.values()) or all(agent.forever for agent in self.agents):
            return None
        return {name: self._gates[name].waits_for() for name in self._in_order() if name in self._gates}

    def asks_for_lock(self, agent: str) -> tuple[str, str] | None:
        """Return the lock that `agent` is about to take and the one that it took last, if it holds any."""
        gate = self._gates.get(agent)
        if gate is None or not isinstance(gate.subject, ReplayedLock) or gate.words != "acquire" or not gate.agent.held:
            return None
        return gate.subject.name, gate.agent.held[-1].name

    def dismiss(self) -> None:
        """End every coroutine that still stands somewhere."""
        for agent in [*self.agents]:
            if agent.coroutine is not None:
                with suppress(Exception):
                    agent.coroutine.close()

    async def turn(
        self, words: str, subject: ReplayedCell | ReplayedLock | None, can_act: Callable[[], bool] = lambda: True
    ) -> Answer:
        """Wait until the schedule lets the acting agent go on; return what the schedule says it is answered."""
        self._unless_dismissed()
        agent, where = self.current, place()
        if not (agent.atomic and agent.name in self.begun):
            self._gates[agent.name] = Gate(agent, words, subject, can_act)
            await park()
            if agent.atomic:
                self.begun.add(agent.name)
        if not can_act():
            if agent.atomic and subject is not None:
                problem = f"waited for {subject.name!r} inside runtime.atomic()"
                raise self.broken(SleepInAtomic(agent.name, where, problem))
            raise self._diverged(where, f"has to wait before `{words}`")
        if not self._answers:
            raise self._diverged(where, f"goes on with `{words}`")
        return self._answers.popleft()

    def done(
        self,
        where: str,
        words: str,
        subject: ReplayedCell | ReplayedLock,
        before: int,
        answer: A,
        expected: Answer,
    ) -> A:
        """Keep what was done and return `answer`; `ReplayDiverged` unless it is the expected one."""
        if answer != expected:
            raise self._diverged(where, f"is answered {answer} by `{words}` of {subject.name!r} in place of {expected}")
        after = subject.value if isinstance(subject, ReplayedCell) else 1 - before
        self.moments.append(Step(self._number, self.acting, words, subject.name, before, after, answer, where))
        return answer

    def broken(self, error: Exception) -> Exception:
        """Remember that the run ends here, whatever the agent does with the error; return it."""
        self._broken = self._broken or error
        return error

    def _diverged(self, where: str, problem: str) -> Exception:
        return self.broken(ReplayDiverged(self.acting, where, f"{problem}, in step {self._number}"))

    def _let_act(self) -> None:
        super().run()

    def _nobody_is_stuck(self) -> None:
        """Everybody stands at a gate most of the time."""

    def _unless_dismissed(self) -> None:
        if self.current is self.nobody:
            raise GeneratorExit

    def _in_order(self) -> list[str]:
        return [agent.name for agent in self.agents]


def place() -> str:
    """Return `file:line in function` of the innermost running frame of an agent."""
    frame = sys._getframe(1)  # the stack is the subject here
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_SKIPPED):
        frame = frame.f_back
    code = frame.f_code
    return f"{Path(code.co_filename).name}:{frame.f_lineno} in {code.co_qualname}"
