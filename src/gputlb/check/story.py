"""A witness told as a story: who did what, what mattered, and one sentence that says what went wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.check.cause import why, why_not_reached

if TYPE_CHECKING:
    from gputlb.check.model import Model
    from gputlb.explore import Step, Verdict, Witness
    from gputlb.runtime import Event


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One line of a story."""

    number: int
    """The indivisible step that it belongs to, from 1."""
    agent: str
    text: str
    place: str
    """Where in the code: `file:line in function`."""
    matters: bool
    """Whether the end of the story hangs on it."""


@dataclass(frozen=True, slots=True)
class Story:
    """A shortest way to what went wrong."""

    sentence: str
    """What went wrong, and why, in one sentence."""
    agents: tuple[str, ...]
    """Who appears, in order of appearance."""
    steps: tuple[StoryStep, ...]
    schedule: tuple[tuple[str, tuple[int | bool | None, ...]], ...]
    """Who acts and what it is answered, step by step: enough to run it again."""


def tell(model: Model, verdict: Verdict) -> Story:
    """Return the witness of `verdict` as a story."""
    witness = verdict.witness
    assert witness is not None, "only a violated or deadlocked system has a witness"
    events: list[Event] = []
    stop = model.runtime.events.listen(events.append)
    try:
        model.runtime.replay(witness)
    finally:
        stop()
    steps = _lines(model, witness.steps)
    agents = tuple(dict.fromkeys(step.agent for step in steps))
    return Story(_sentence(model, verdict, witness, events), agents, steps, witness.schedule)


def _lines(model: Model, steps: tuple[Step, ...]) -> tuple[StoryStep, ...]:
    registers = {cell.name for cell in model.runtime.cells if re.fullmatch(r"(gt\d\.)?(GEN|XE)\w+", cell.name)}
    last = max((step.transition for step in steps), default=0)
    told = []
    for step in steps:
        matters = bool(step.cell) and (
            step.before != step.after and re.search(r"pte|tlb\d+$|tenant|seqno|mm\.tlb", step.cell or "") is not None
        )
        told.append(
            StoryStep(
                step.transition,
                step.agent,
                _words(step, registers),
                step.place,
                matters or step.transition == last or step.answer is False,
            )
        )
    return tuple(told)


def _words(step: Step, registers: set[str]) -> str:
    cell = step.cell
    verb = step.operation.split(" ")[0]
    if cell is None:
        return f"the environment picks {step.answer}"
    name = f"register {cell}" if cell in registers else cell
    before, after = _value(cell, step.before), _value(cell, step.after)
    if step.answer is False and verb == "until":
        return f"gives up waiting for {name}, which is {before}"
    match verb:
        case "acquire":
            return f"takes {name}"
        case "release":
            return f"releases {name}"
        case "load":
            return f"reads {name}: {before}"
        case "until":
            return f"sees {name} at {before}, as it waited for"
        case _:
            return f"writes {name}: {before} → {after}"


def _value(cell: str, value: int | None) -> str:
    if value is None:
        return "-"
    if re.search(r"\.(pte|tlb)\d+$", cell) and "mm." not in cell:
        layout = facts.pte_layout()
        return f"page {layout.page(value)}" if value else "nothing"
    if cell.endswith(".tenant") and cell.startswith("page"):
        return "the system's" if value == 0 else "the client's"
    if re.search(r"(GEN|XE)\w+$", cell):
        return f"{value:#x}"
    return str(value)


_UNITS = {"oa": "the OA unit"}


def _sentence(model: Model, verdict: Verdict, witness: Witness, events: list[Event]) -> str:
    if verdict.kind == "deadlock":
        return _deadlock(model, verdict, witness)
    details = getattr(verdict.error, "facts", None) or {}
    engine = str(details.get("engine"))
    if "page" in details:
        client = int(details["page"])  # each client has the page of its own number
        return (
            f"{_UNITS.get(engine, engine)} reached page {client} through a translation that client {client} believed "
            "flushed: "
            f"{why(model, engine, client, witness.steps, events)}"
        )
    agent = getattr(verdict.error, "agent", "")
    if "engine" in details and agent.startswith("client"):
        return (
            f"{agent.replace('client', 'client ')} counted a flush that had not reached {engine}: "
            f"{why_not_reached(model, engine, agent, witness.steps, events)}"
        )
    return verdict.text


def _deadlock(model: Model, verdict: Verdict, witness: Witness) -> str:
    """Return who waits for what, of those who have work left; units and engines only ever serve others."""
    serving = {agent.name for agent in model.runtime.agents if agent.forever}
    left = {agent: what for agent, what in verdict.waiting.items() if agent not in serving}
    text = "; ".join(f"{agent} waits for {what}" for agent, what in left.items())
    for step in reversed(witness.steps):
        if (step.cell or "").endswith(".reset.disturbed") and (step.before, step.after) == (0, 1):
            return (
                f"{text}: the reset never finishes, as {step.agent.replace('client', 'client ')} requested an "
                "invalidation in the middle of it"
            )
    return f"nobody who has work left can go on: {text}"
