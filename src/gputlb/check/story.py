"""A witness told as a story: who did what, what mattered, and one sentence that says what went wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gputlb import facts
from gputlb.check.cause import why, why_not_reached
from gputlb.check.client_memory import TENANT
from gputlb.explore import Step
from gputlb.runtime import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.check.replayed_runtime import Schedule
    from gputlb.check.rerun import Ending, Rerun

About = Literal["register", "page table", "TLB", "memory", "lock", "counter", "object", "power", "other"]


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One line of a story."""

    number: int
    """The indivisible step that it belongs to, from 1."""
    agent: str
    text: str
    place: str
    """Where in the code: `file:line in function`; empty where the line tells of no access to a cell."""
    matters: bool
    """Whether the end of the story hangs on it."""
    about: About = "other"
    """What the line is about."""
    access: Literal["read", "write", ""] = ""
    """Whether that was read or changed."""


@dataclass(frozen=True, slots=True)
class Story:
    """A way to what went wrong."""

    sentence: str
    """What went wrong, and why, in one sentence."""
    agents: tuple[str, ...]
    """Who appears, in order of appearance."""
    steps: tuple[StoryStep, ...]
    schedule: Schedule
    """Who acts and what it is answered, step by step: enough to run it again."""
    ending: Ending
    """What went wrong, word for word."""
    events: tuple[Event, ...] = ()
    """What was published on the way; an event's time is its step in µs."""


def tell(rerun: Rerun, told: str = "") -> Story:
    """Return a schedule that was run again as a story.

    `told` is the sentence for what no single run shows: locks taken in a cyclic order.
    """
    ending = rerun.ending
    assert ending is not None, "only what went wrong makes a story"
    steps = tuple(_lines(rerun))
    events = tuple(moment for moment in rerun.moments if isinstance(moment, Event))
    agents = tuple(dict.fromkeys(step.agent for step in steps))
    return Story(_sentence(rerun, ending, events, told), agents, steps, rerun.schedule, ending, events)


def _lines(rerun: Rerun) -> Sequence[StoryStep]:
    moments = rerun.moments
    last = len(rerun.schedule)
    written: dict[int, Event] = {}  # by place in `moments`: the register access that this operation is the end of
    told_elsewhere: set[int] = set()
    for index, moment in enumerate(moments):
        if isinstance(moment, Event) and moment.kind in {"write", "mcr_write"}:
            end = _end_of_write(moments, index)
            if end is not None:
                written[end] = moment
                told_elsewhere.add(index)
    told: list[StoryStep] = []
    for index, moment in enumerate(moments):
        if index in told_elsewhere:
            continue
        if isinstance(moment, Step):
            told.append(_of_step(moment, written.get(index), last))
        else:
            line = _of_event(moment, written.get(index), last)
            if line is not None:
                told.append(line)
    return told


def _end_of_write(moments: Sequence[Step | Event], start: int) -> int | None:
    """Return the operation or event in which the register write that began at `start` came to its end."""
    began = moments[start]
    assert isinstance(began, Event)
    name = _register_name(began)
    for index in range(start + 1, len(moments)):
        moment = moments[index]
        if moment.agent != began.agent:
            continue
        if isinstance(moment, Step):
            if _bare(moment.cell or "") == name and not moment.operation.startswith("until"):
                return index
        elif moment.kind in {"request_ignored", "write_lost", "unmodelled"}:
            return index
        elif moment.kind in {"write", "mcr_write", "wait", "mcr_wait"}:
            return None
    return None


def _of_step(step: Step, write: Event | None, last: int) -> StoryStep:
    about = _about(step)
    changed = step.before != step.after
    key = changed and (about in {"page table", "TLB", "memory", "counter"} or write is not None)
    matters = key or _decides(step, about) or step.transition == last or step.answer is False
    access: Literal["read", "write"] = "write" if changed else "read"
    return StoryStep(step.transition, step.agent, _words(step, write), step.place, matters, about, access)


def _decides(step: Step, about: About) -> bool:
    """Tell whether sentences speak of it: who falls asleep, wakes up or is given up, and stamps, whatever they are."""
    cell = step.cell or ""
    if re.search(r"mm\.tlb\d+$", cell):
        return step.operation != "load" or not step.before
    return (about == "power" and (step.before == 0) is not (step.after == 0)) or (
        cell.endswith(".wakeref") and step.operation == "load" and not step.before
    )


def _about(step: Step) -> About:
    cell = step.cell or ""
    if step.operation in {"acquire", "release"}:
        return "lock"
    for pattern, about in _ABOUT:
        if re.search(pattern, cell):
            return about
    return "other"


_ABOUT: tuple[tuple[str, About], ...] = (
    (r"(^|\.)(GEN|XE)[0-9A-Z]\w+$", "register"),
    (r"\.pte\d+$|\.buffer$", "page table"),
    (r"\.(tlb|walking)\d+$(?<!mm\.tlb\d)", "TLB"),
    (r"^page\d+\.tenant$|^memory\.", "memory"),
    (r"\.seqno$|mm\.tlb\d+$", "counter"),
    (r"^object", "object"),
    (r"wakeref|contexts|powered|forcewake|reset|wedged|\.pm\b", "power"),
)


def _words(step: Step, write: Event | None) -> str:
    cell = step.cell
    verb = step.operation.split(" ")[0]
    if cell is None:
        return f"the environment picks {step.answer}"
    before, after = _value(cell, step.before), _value(cell, step.after)
    if write is not None:
        return f"writes {_access(write)}: {before} → {after}"
    if step.answer is False and verb == "until":
        return f"gives up waiting for {cell}, which is {before}"
    match verb:
        case "acquire":
            return f"takes {cell}"
        case "release":
            return f"releases {cell}"
        case "load":
            return f"reads {cell}: {before}"
        case "until":
            return f"waited for {cell}, sees {before}"
        case _:
            return f"writes {cell}: {before} → {after}" if before != after else f"writes {cell}: {after} again"


def _of_event(event: Event, write: Event | None, last: int) -> StoryStep | None:
    number = event.time_ns // 1000
    access = "" if write is None else _access(write)
    match event.kind, event.values:
        case "request_ignored", (name, value):
            text = f"writes {access or f'{value:#x} to {name}'}: ignored, {_why_ignored(str(name), int(str(value)))}"
        case "write_lost", (_, _, why):
            text = f"writes {access}: lost, {'its forcewake domain sleeps' if why == 'asleep' else 'a fault'}"
        case "unmodelled", _:
            return None
        case (("write" | "mcr_write"), _):
            text = f"writes {_access(event)}"
        case "skip", (why,):
            text = f"skips the flush: {_SKIP_WORDS.get(str(why), why)}"
        case "unit", (name, what):
            text = f"{'begins' if what == 'begin' else 'has ended'} the invalidation of {name}'s TLB"
        case "err" | "warn", (words,):
            text = f"logs: {words}"
        case "wedged", _:
            text = "marks the GT as given up"
        case "reset", (what,):
            text = f"GT reset: {what}"
        case "violation", (words, _):
            return StoryStep(number, event.agent, str(words), "", True, "memory", "read")
        case _:
            return None
    is_register = "write" in event.kind or event.kind == "request_ignored"
    about: About = "register" if is_register else "other"
    matters = event.kind in {"request_ignored", "write_lost", "skip", "err", "warn", "wedged"} or number == last
    return StoryStep(number, event.agent, text, "", matters, about, "write" if is_register else "")


_SKIP_WORDS = {
    "passed": "the counter says that one has passed",
    "passed while waiting": "the counter says that one passed meanwhile",
    "asleep": "the GT sleeps",
    "wedged": "the GT is given up",
}


def _why_ignored(name: str, value: int) -> str:
    row = facts.register_named(_bare(name))
    if row.masked and not value >> 16:
        return "its mask bits were not set"
    return "steering kept it from reaching every copy" if row.mcr else "no unit serves its bits"


def _access(write: Event) -> str:
    """Return a register write, spelled out."""
    offset, value = write.values[:2]
    return f"{value:#x} to {_register_name(write)}[{offset:#x}]"


def _bare(cell: str) -> str:
    return re.sub(r"^gt\d+\.", "", cell)


def _value(cell: str, value: int | None) -> str:
    if value is None:
        return "-"
    if re.search(r"\.(pte|tlb)\d+$", cell) and "mm." not in cell:
        layout = facts.pte_layout()
        return f"page {layout.page(value)}" if value else "nothing"
    if cell.endswith(".tenant") and cell.startswith("page"):
        return "the client's" if value == TENANT else "the system's"
    if re.search(r"(^|\.)(GEN|XE)[0-9A-Z]\w+$", cell):
        return f"{value:#x}"
    return str(value)


def _sentence(rerun: Rerun, ending: Ending, events: Sequence[Event], told: str) -> str:
    steps = [moment for moment in rerun.moments if isinstance(moment, Step)]
    if ending.kind == "deadlock":
        return _deadlock(rerun, steps)
    if ending.rule == "LockOrderInverted":
        return told or ending.text
    details = getattr(rerun.error, "facts", None) or {}
    engine = str(details.get("engine"))
    if "page" in details:
        client = int(details["page"])  # each client has the page of its own number
        return (
            f"{_UNITS.get(engine, engine)} reached page {client} through a translation that client {client} believed "
            f"flushed: {why(rerun.model, engine, client, steps, events)}"
        )
    if "engine" in details and ending.agent.startswith("client"):
        return (
            f"{ending.agent.replace('client', 'client ')} counted a flush that had not reached {engine}: "
            f"{why_not_reached(rerun.model, engine, ending.agent, steps, events)}"
        )
    return ending.text if ending.rule == "Violation" else str(rerun.error)


_UNITS = {"oa": "the OA unit"}


def _deadlock(rerun: Rerun, steps: Sequence[Step]) -> str:
    """Return who waits for what, of those who have work left; units and engines only ever serve others."""
    waiting = rerun.model.runtime.waiting() or {}
    serving = {agent.name for agent in rerun.model.runtime.agents if agent.forever}
    text = "; ".join(f"{agent} waits for {what}" for agent, what in waiting.items() if agent not in serving)
    for step in reversed(steps):
        if (step.cell or "").endswith(".reset.disturbed") and (step.before, step.after) == (0, 1):
            return (
                f"{text}: the reset never finishes, as {step.agent.replace('client', 'client ')} requested an "
                "invalidation in the middle of it"
            )
    return f"nobody who has work left can go on: {text}"


def _register_name(event: Event) -> str:
    offset = event.values[0]
    assert isinstance(offset, int)
    row = facts.register_at(offset)
    return row.name if row else f"{offset:#x}"
