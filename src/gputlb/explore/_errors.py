"""What makes an exploration impossible: agents that do not repeat, or that are not as alike as was claimed."""

from __future__ import annotations

from gputlb.errors import GputlbError
from gputlb.runtime import AgentError


class NondeterministicAgent(AgentError):
    """An agent, run again with the same answers, did something else.

    Its behaviour depends on something that is neither a cell nor a local of its coroutine: a counter or a list
    in an object that outlives the round, a clock, a random generator, the order of a set. Keep shared state in
    cells, and let `runtime.choose(n)` pick.
    """


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
