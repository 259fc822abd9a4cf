"""A witness told as a story: who did what, what mattered, and one sentence that says what went wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb import facts

if TYPE_CHECKING:
    from gputlb.check.model import Model
    from gputlb.explore import Step, Verdict
    from gputlb.runtime import Event

_TOLD = frozenset(
    {
        "write", "mcr_write", "wait", "mcr_wait", "request_ignored", "skip", "seqno", "unit", "reset", "wedged",
        "err", "warn", "write_lost", "violation", "power", "fw_awake", "fw_asleep", "context",
    }
)  # fmt: skip


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
    return Story(_sentence(model, verdict, events), agents, steps, witness.schedule)


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


def _sentence(model: Model, verdict: Verdict, events: list[Event]) -> str:
    if verdict.kind == "deadlock":
        who = "; ".join(f"{agent} waits for {what}" for agent, what in verdict.waiting.items())
        return f"nobody can act any more: {who}"
    details = getattr(verdict.error, "facts", None) or {}
    if "page" not in details:
        return verdict.text
    engine, page = str(details["engine"]), details["page"]
    return (
        f"{engine} reached page {page} through a translation that client {page} believed flushed: "
        f"{_why(model, engine, events)}"
    )


def _why(model: Model, engine: str, events: list[Event]) -> str:
    kinds = {event.kind for event in events}
    flushed = "seqno" in kinds
    skipped = [str(event.values[0]) for event in events if event.kind == "skip"]
    if engine == "oa":
        asked = any(event.kind == "write" and event.values[0] == _oa_offset() for event in events)
        return (
            "the OA unit was asked to drop its TLB, but nobody waited until it had"
            if asked
            else "nobody asked the OA unit to drop its TLB"
        )
    ignored = [event for event in events if event.kind == "request_ignored"]
    late = [event for event in events if event.kind in {"wait", "mcr_wait"} and event.values[-1] == "timeout"]
    served = any(event.kind == "unit" and event.values == (engine, "end") for event in events)
    if late:
        return "the invalidation did not finish in time, and was counted as done all the same"
    if ignored and not served and any(_serves(model, engine, str(event.values[0])) for event in ignored):
        register = ignored[-1].values[0]
        return f"the request to {register} was ignored, its mask bits were not set"
    if not flushed and skipped:
        return _SKIPPED.get(skipped[-1], f"the flush was skipped ({skipped[-1]})")
    if not flushed:
        return "no flush was asked for, because no stamp said that one was pending"
    if not served and any(event.kind == "write" for event in events):
        written = [event for event in events if event.kind in {"write", "mcr_write"}]
        names = ", ".join(dict.fromkeys(_register_name(event) for event in written))
        return f"the flush wrote {names}, which is not what makes {engine} drop its TLB"
    if skipped and skipped[-1].startswith("passed"):
        return "its flush was skipped, as the counter said that one had passed since; that one had begun too early"
    return "the translation was filled or kept after the invalidation that was to drop it"


_SKIPPED = {
    "passed": "its flush was skipped, as the counter said that one had passed",
    "asleep": "its flush was skipped, as the GT was asleep, but the translation outlived that",
    "wedged": "its flush was skipped, as the GT was marked as given up, but its TLBs had not been dropped yet",
}


def _serves(model: Model, engine: str, register: str) -> bool:
    return any(unit.name == engine and unit.requests.name.endswith(register) for unit in model.gpu.units)


def _register_name(event: Event) -> str:
    offset = event.values[0]
    assert isinstance(offset, int)
    row = facts.register_at(offset)
    return row.name if row else f"{offset:#x}"


def _oa_offset() -> int:
    return facts.register_named("GEN12_OA_TLB_INV_CR").offset
