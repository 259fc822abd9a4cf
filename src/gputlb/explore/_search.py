"""What every search engine gives back, and what it is asked."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.explore._automaton import Node
    from gputlb.explore._system import State


class Progress(NamedTuple):
    """How far a search has come."""

    states: int
    transitions: int
    depth: int
    waiting: int
    """States that were met and not yet left."""
    seconds: float
    loads: bool = False
    """Whether compiled code is being loaded, or compiled if it never was: nothing more will be told meanwhile."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a search stops although it is not done."""

    max_states: int | None = None
    max_memory_bytes: int | None = None
    timeout_s: float | None = None
    progress: Callable[[Progress], None] | None = None
    began: float = field(default_factory=time.monotonic)
    """When the clock of `timeout_s` started, which several searches for one answer share."""


@dataclass(slots=True)
class Found:
    """How a search ended; `path` leads from the start to the state where it did.

    `kind` is `all` (nothing wrong), `violated` (`failed` says what; `agent` and `slots` which step from the last
    state of `path` leads there), `invariant` (it does not hold in the last state), `deadlock` or `bounded`.
    """

    kind: str
    states: int
    transitions: int
    depth: int
    bytes_used: int = 0
    path: list[State] | None = None
    failed: Node | None = None
    agent: int = -1
    slots: tuple[int, ...] = ()
    limit: str = ""
    goals: frozenset[str] = frozenset()
    unsettled: int = 0
    """States of which it was not known when they were met that a step nobody else can notice leads on from them."""
    reduced: bool = False
    """Whether only the needed steps were taken; the path need not be a shortest one then."""
    interrupted: bool = False
    """Whether Ctrl-C was its limit."""
