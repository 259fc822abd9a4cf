"""What an exploration found, and the way to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a witness."""

    transition: int
    """Number of the indivisible step that it belongs to, from 1; operations in one `atomic()` share it."""
    agent: str
    operation: str
    """In words: `load`, `store 3`, `until`, `acquire`, `choose of 2`."""
    cell: str | None
    before: int | None
    """The cell's value before the operation; None for a choice."""
    after: int | None
    answer: int | bool | None
    """What the agent was answered; False for an `until` that timed out."""
    place: str
    """`file:line in function` of the await."""

    def __str__(self) -> str:
        text = f"{self.transition}. {self.agent}: {self.operation}"
        if self.cell is not None:
            text += f" {self.cell}"
            text += f" ({self.before})" if self.before == self.after else f" ({self.before} -> {self.after})"
        if self.answer is False:
            text += " timed out"
        elif self.cell is None:
            text += f" -> {self.answer}"
        return f"{text}  [{self.place}]"


@dataclass(frozen=True, slots=True)
class Witness:
    """A way to what was found, from the start."""

    steps: tuple[Step, ...]
    schedule: tuple[tuple[str, tuple[int | bool | None, ...]], ...]
    """For each indivisible step who acts and what its operations are answered: enough to run it again."""
    shortest: bool = True
    """Whether no shorter way leads there; not known of a random walk, nor in very large spaces."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))


Kind = Literal["safe", "violated", "deadlock", "vacuous", "bounded"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds in every order of the agents, or the shortest order in which something does not.

    `safe`: every order was tried and nothing was wrong. `violated`: a requirement was false, or a rule of the
    runtime was broken. `deadlock`: nobody can act although somebody has work left. `vacuous`: as `safe`, but
    something that was to be reachable is not. `bounded`: a limit was reached first; nothing wrong so far.
    """

    kind: Kind
    text: str
    """One sentence: what was found, or which limit was reached."""
    states: int
    """Distinct states met; 0 where nobody counted them, as on a random walk."""
    transitions: int
    """Steps taken, those that led to known states included."""
    depth: int
    """Length of the longest of the shortest ways to a state; of a random walk, its longest way."""
    seconds: float
    engine: str
    bytes_per_state: float
    """Memory of the search divided by states; 0 where it was not measured."""
    witness: Witness | None = None
    error: Exception | None = None
    """The violation or the broken rule itself, with its facts as attributes."""
    waiting: dict[str, str] = field(default_factory=dict)
    """On deadlock, what each agent that has not ended waits for."""
    reached: dict[str, bool] = field(default_factory=dict)
    """For each `note` and each `sometimes` whether some order came to it."""
    never_moved: tuple[str, ...] = ()
    never_written: tuple[str, ...] = ()
    never_required: tuple[str, ...] = ()
    """Requirements that were declared and that no order came to."""
    waits_without_timeout: dict[tuple[str, str], str] = field(default_factory=dict)
    """(agent, cell) of each `until` without a timeout, with its place; agents that act for ever are left out."""
    local_states: dict[str, int] = field(default_factory=dict)
    """How many local states each agent has."""
    reduced: bool = False
    """Whether steps that make no difference to anybody else were taken first: `states` are then those that the verdict
    needed, not all."""
    interrupted: bool = False
    """Whether it is `bounded` because Ctrl-C came first."""
    learning_seconds: float = 0.0
    """Part of `seconds` that was spent running coroutines."""

    @property
    def safe(self) -> bool:
        """Whether every order was tried and nothing was wrong."""
        return self.kind == "safe"

    def __str__(self) -> str:
        met = f"{self.states:,} states, {self.transitions:,} transitions"
        if self.engine == "walk":
            met = f"{self.transitions:,} random steps"
        return f"{self.kind}: {self.text} ({met}, depth {self.depth}, {self.seconds:.2f} s)"
