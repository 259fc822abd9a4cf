"""What makes an exploration impossible: agents that do not repeat, or that are not as alike as was claimed."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

from gputlb.errors import GputlbError
from gputlb.runtime import AgentError


class Standing(NamedTuple):
    """A frame of an agent that waits: what its author can look up."""

    file: str
    line: int
    function: str


class Held(NamedTuple):
    """A link of the chain by which an agent reaches what has changed: `attribute` of an instance, class or module."""

    owner: str
    attribute: str
    kind: Literal["instance", "class", "module"]


class NondeterministicAgent(AgentError):
    """An agent, run again with the same answers, did something else.

    Its behaviour depends on something that is neither a cell nor a local of its coroutine: a counter or a list
    in an object that outlives the round, a clock, a random generator, the order of a set. Keep shared state in
    cells, and let `runtime.choose(n)` pick.

    Attributes:
        stack: the frames in which the agent waited when it showed, outermost first; empty if it had ended.
        chain: where what has changed is kept, outermost first; empty if that is not known.

    """

    def __init__(
        self,
        agent: str,
        place: str,
        problem: str,
        stack: tuple[Standing, ...] = (),
        chain: tuple[Held, ...] = (),
    ) -> None:
        super().__init__(agent, place, problem)
        self.stack = stack
        self.chain = chain

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.agent, self.place, self.problem, self.stack, self.chain)


class StoppedFromOutside(BaseException):
    """Stops an agent's code from outside, a signal handler for one: never a fault of the agent that it comes through.

    Derive from it what has to go through everything that an agent's code may catch, and through what it awaits on its
    way out, as the end of `async with` does: agents are not stepped any more until `over` is called.
    """

    standing: ClassVar[StoppedFromOutside | None] = None

    def __init__(self, *words: object) -> None:
        super().__init__(*words)
        StoppedFromOutside.standing = self

    @staticmethod
    def over() -> None:
        """Let agents be stepped again."""
        StoppedFromOutside.standing = None


class OutOfTime(Exception):
    """A search's time was over while an agent was learned."""


class NotSymmetric(GputlbError):
    """Agents that were declared alike are not: folding their permutations would be wrong.

    Declare only agents that run the same code on cells of their own, whose names and numbers never reach a cell
    or a decision; or leave the declaration out.
    """


class BadQuestion(GputlbError):
    """The runtime was asked for something that it cannot do; the text says what to ask instead."""


class LockOrderInverted(AgentError):
    """An agent asked for a lock while it held one that somebody takes the other way round.

    Two agents that do this at the same time wait for each other for ever, even if no order explored here did.
    """
