"""Those whom virtual time calls: agents, and alarms on their behalf."""

from __future__ import annotations

from random import Random
from types import CoroutineType
from typing import TYPE_CHECKING, NoReturn

from gputlb.runtime._coroutine import suspending
from gputlb.runtime._errors import NotACoroutine
from gputlb.runtime._place import place_of, place_written

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from gputlb.runtime._simulated import SimulatedRuntime
    from gputlb.runtime._vocabulary import Body, Lock


class SimulatedAgent:
    """One who acts: its coroutine, its generator, and the locks that it holds."""

    __slots__ = (
        "_stream",
        "atomic",
        "awake_only",
        "body",
        "coroutine",
        "forever",
        "held",
        "name",
        "random",
        "resume",
        "runtime",
        "waits_for",
    )

    def __init__(self, runtime: SimulatedRuntime, name: str, body: Body, forever: bool, stream: str) -> None:
        self.runtime = runtime
        self.name = name
        self.body = body
        self.forever = forever
        self._stream = stream
        self.random: Random | None = None  # made at its first draw, by `generator`
        self.coroutine: Coroutine[object, None, object] | None = None
        # Made at its first turn: a coroutine that nobody ever runs would be reported as never awaited.
        self.resume: Callable[[None], object] = self.begin
        self.held: list[Lock] = []  # in the order of taking
        self.awake_only = 0  # how many reasons it has not to sleep: spin locks held, atomic sections entered
        self.atomic = 0
        self.waits_for: object = "its turn"

    def begin(self, _answer: None) -> object:
        """Make the coroutine and take its first step."""
        made = self.body()
        self.coroutine = made if hasattr(made, "send") else self.refuse(made)
        self.resume = self._rounds().send if self.forever else made.send
        return self.resume(None)

    @suspending
    def _rounds(self) -> Generator[object, None, None]:
        # A coroutine around those of a body that acts for ever: that one of them ends then costs no `StopIteration`.
        runtime = self.runtime
        made = self.coroutine
        while True:
            yield from made  # type: ignore[misc]  # a coroutine, which only a coroutine may do
            if self.held:
                return
            runtime.steps_at_once += 1
            if runtime.steps_at_once > runtime.most_steps_at_once:
                runtime.step_at_once()
            if runtime.ready[-1] is not self:  # else nobody is ready at this time who would go first
                runtime.ready.append(self)
                yield None
            self.coroutine = made = self.body()
            if type(made) is not CoroutineType and not hasattr(made, "send"):
                self.refuse(made)

    def refuse(self, made: object) -> NoReturn:
        """Raise, since the body gave something else than a coroutine."""
        problem = f"has a body that gave {made!r}, not a coroutine; write it with `async def`"
        raise NotACoroutine(self.name, place_written(self.body), problem)

    def generator(self) -> Random:
        """Return the agent's own random stream: what others draw never changes what it draws."""
        if self.random is None:
            self.random = Random(self._stream)
        return self.random

    def place(self) -> str:
        """Return where its coroutine stands."""
        return place_of(self.coroutine)


class Alarm:
    """A call at a given time for an agent that waits, in the shape of an agent that is resumed once."""

    __slots__ = ("_call", "agent", "time_ns")

    def __init__(self, time_ns: int, agent: SimulatedAgent, call: Callable[[], None]) -> None:
        self.time_ns = time_ns
        self.agent = agent
        self._call = call

    @property
    def name(self) -> str:
        """Name of the agent that waits."""
        return self.agent.name

    def place(self) -> str:
        """Return where that agent stands."""
        return self.agent.place()

    def resume(self, _answer: None) -> None:
        """Make the call."""
        self._call()


Sleeper = SimulatedAgent | Alarm
