"""A schedule run again, in virtual time: what a witness is worth, whoever found it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gputlb.check.model import Model, build
from gputlb.check.replayed_runtime import ReplayedRuntime
from gputlb.runtime import AgentError, Violation

if TYPE_CHECKING:
    from gputlb.check.replayed_runtime import Schedule
    from gputlb.explore import Step
    from gputlb.runtime import Event

_LOCK_ORDER = "LockOrderInverted"
_DEADLOCK = "Deadlock"


@dataclass(frozen=True, slots=True)
class Ending:
    """What went wrong at the end of a schedule, in words that do not hang on line numbers."""

    kind: Literal["violated", "deadlock"]
    rule: str
    """`Violation` for a requirement that was false, else the class of the broken rule; `Deadlock`."""
    agent: str
    """Who did it; empty for a deadlock."""
    text: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """A schedule that has been run again."""

    model: Model[ReplayedRuntime]
    schedule: Schedule
    ending: Ending | None
    """None if nothing was wrong at its end."""
    error: Exception | None
    """The violation or the broken rule itself."""
    moments: tuple[Step | Event, ...]
    """What was done and published, in order; an event's time is its step in µs."""


def rerun(model: Model[Any], schedule: Schedule, rule: str = "") -> Rerun:
    """Build the model of a witness anew, in `ReplayedRuntime`, and let its agents act as `schedule` says.

    `rule` is the broken rule that is expected: an inverted lock order shows in no single run, so it is looked for
    only where it is named; so is a deadlock of those that others wait for, while engines go on.

    Raises: `ReplayDiverged`, `AgentFailed`, and what building a model raises.
    """
    # Where it is asked who waits for ever, nobody reached for memory: an engine that can go on would hide it.
    waits_only = rule == _DEADLOCK and not any(agent in model.reaching for agent, _ in schedule)
    again = build(
        model.platform,
        model.scheme,
        model.scenario,
        model.group,
        model.defect,
        ReplayedRuntime,
        waits_only=waits_only,
    )
    runtime = again.runtime
    try:
        error = runtime.follow(schedule)
        return Rerun(again, schedule, _ending(runtime, error, schedule, rule), error, tuple(runtime.moments))
    finally:
        runtime.dismiss()


def _ending(runtime: ReplayedRuntime, error: Exception | None, schedule: Schedule, rule: str) -> Ending | None:
    if isinstance(error, Violation):
        return Ending("violated", "Violation", error.agent, error.text)
    if isinstance(error, AgentError):
        problem = str(error).removeprefix(f"{error.place}: agent {error.agent!r} ")
        return Ending("violated", type(error).__name__, error.agent, problem)
    waiting = runtime.waiting()
    if waiting is not None:
        return Ending(
            "deadlock", _DEADLOCK, "", "; ".join(f"{agent} waits for {what}" for agent, what in waiting.items())
        )
    asked = runtime.asks_for_lock(schedule[-1][0]) if schedule and rule == _LOCK_ORDER else None
    if asked is None:
        return None
    wanted, held = asked
    return Ending("violated", _LOCK_ORDER, schedule[-1][0], f"asked for {wanted!r} while it held {held!r}")
