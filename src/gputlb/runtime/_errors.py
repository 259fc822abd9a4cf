"""What an agent may not do: the same rules, and the same words, in every runtime."""

from __future__ import annotations

from gputlb.errors import GputlbError


class AgentError(GputlbError):
    """An agent broke a rule of the runtime.

    The text names the agent, the place (`file:line in function`) of its await and the problem; all three are
    attributes too.
    """

    def __init__(self, agent: str, place: str, problem: str) -> None:
        super().__init__(f"{place}: agent {agent!r} {problem}")
        self.agent = agent
        self.place = place
        self.problem = problem

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.agent, self.place, self.problem)


class SleepUnderSpinLock(AgentError):
    """An agent went to sleep while it held a spin lock: others spin for as long as it sleeps.

    Release the lock first, or wait by spinning (`how=SPINNING`), which is allowed under a spin lock.
    """


class SleepInAtomic(AgentError):
    """An agent waited inside `runtime.atomic()`, whose awaits are to be one indivisible step."""


class LockReentered(AgentError):
    """An agent asked for a lock that it holds already, and would wait for itself for ever."""


class LockNotHeld(AgentError):
    """An agent released a lock that it does not hold."""


class LockLeftHeld(AgentError):
    """An agent ended while it still held a lock."""


class CellOverflow(AgentError):
    """A value that does not fit a cell's width was stored; mask it where it is computed."""


class NeverPausing(AgentError):
    """An agent goes round and round without time passing: it polls where it should wait with `until`."""


class NegativeSpan(AgentError):
    """An agent was to sleep, or to wait at most, for less than no time: time does not go back."""


class ImpossibleNaps(GputlbError):
    """Naps were described that would never grow: the first one must take 1 µs or more."""


class NotACoroutine(AgentError):
    """What was given as an agent's body does not make a coroutine: give an `async def` function, not called."""


class AgentFailed(AgentError):
    """An agent's own code raised; the original exception is the cause."""


class Stuck(GputlbError):
    """Nobody can act any more although somebody has work left; `waiting` says who waits for what."""

    def __init__(self, waiting: dict[str, str]) -> None:
        who = "; ".join(f"{agent} waits for {what}" for agent, what in waiting.items())
        super().__init__(f"nobody can act any more: {who}")
        self.waiting = waiting


class Violation(Exception):
    """A requirement was false: what the agents did together is wrong.

    `text` is the requirement's text, `agent` who found it false, `time_ns` when, `facts` the values that the
    requirement was stated with.
    """

    def __init__(self, text: str, agent: str, time_ns: int, facts: dict[str, object]) -> None:
        super().__init__(f"{text} (agent {agent!r}, at {time_ns / 1000:.3f} µs)")
        self.text = text
        self.agent = agent
        self.time_ns = time_ns
        self.facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        return Violation, (self.text, self.agent, self.time_ns, self.facts)
