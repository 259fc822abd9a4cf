"""A check's verdict, for people and for programs."""

from __future__ import annotations

import json
import os
import textwrap
from typing import TYPE_CHECKING, Any, TextIO

from gputlb.report.story_lines import WIDTH, Line, story_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gputlb.check import CheckResult, SavedWitness, Scenario, Story

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


def written(lines: Iterable[Line], stream: TextIO) -> str:
    """Return lines as text for `stream`: the hot ones in colour if it is a terminal that wants any."""
    colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return "\n".join(f"{_RED}{line.text}{_PLAIN}" if colour and line.hot else line.text for line in lines)


def check_lines(result: CheckResult, *, full: bool = False) -> list[Line]:
    """Return the result as lines for people, the verdict last; `full` tells every step of a witness."""
    lines = [Line(title(result)), Line("")]
    lines += map(Line, _groups(result))
    remarks = _remarks(result)
    if remarks:
        lines += [Line(""), *map(Line, remarks)]
    if result.story is not None:
        lines += [Line(""), *witness_lines(result.story, full=full)]
    return [*lines, Line(""), Line(verdict(result), hot=result.kind in {"violated", "deadlock"})]


def witness_lines(story: Story, *, full: bool = False) -> list[Line]:
    """Return a story as lines, its sentence last."""
    sentence = textwrap.wrap(story.sentence, WIDTH, break_on_hyphens=False)
    return [*story_lines(story, full=full), Line(""), *(Line(part, hot=True) for part in sentence)]


def replay_lines(witness: SavedWitness, story: Story, *, full: bool = False) -> list[Line]:
    """Return a witness that was run again as lines, the verdict last."""
    defect = "" if witness.defect == "none" else f" with defect {witness.defect}"
    head = (
        f"{witness.scheme} on {witness.platform}{defect}, scenario {witness.scenario.name}: run again in virtual time"
    )
    steps = len(story.schedule)
    last = f"{witness.ending.kind}, as when it was found: {steps} {'step' if steps == 1 else 'steps'}"
    return [Line(head), Line(""), *witness_lines(story, full=full), Line(""), Line(last, hot=True)]


def title(result: CheckResult) -> str:
    """Return what was asked, in one line."""
    return asked(result.scheme, result.platform, result.defect, result.scenario)


def asked(scheme: str, platform: str, defect: str, scenario: Scenario) -> str:
    """Return a question in one line; `defect` is its name, `none` where nothing is wrong."""
    wrong = "" if defect == "none" else f" with defect {defect}"
    extra = f", with {', '.join(sorted(scenario.ingredients))}" if scenario.ingredients else ""
    rounds = "for ever" if scenario.rounds is None else counted(scenario.rounds, "round")
    return (
        f"{scheme} on {platform}{wrong}, scenario {scenario.name}: "
        f"{counted(scenario.clients, 'client')}, {rounds}{extra}"
    )


def verdict(result: CheckResult) -> str:
    """Return the verdict, what was covered and how long it took, in one line."""
    explored = sum(len(group.engines) for group in result.groups)
    left = sum(map(len, result.not_explored))
    engines = counted(explored, "engine") if not left else f"{explored} of {explored + left} engines"
    size = f"{counted(result.states, 'state')}, {counted(result.transitions, 'transition')}, depth {result.depth}"
    covered = f"{engines} in {counted(len(result.groups), 'group')}; {size}; {result.seconds:.1f} s"
    match result.kind:
        case "safe":
            return f"safe: every order was tried; {covered}"
        case "violated" | "deadlock":
            steps = 0 if result.story is None else len(result.story.schedule)
            return f"{result.kind} after {counted(steps, 'step')}: {covered}"
        case "vacuous":
            never = ", ".join(_unreached(result))
            return f"vacuous: nothing is wrong, but nothing of the sort happened (never: {never}); {covered}"
        case _:
            return f"bounded: {result.decisive.verdict.text}; {covered}"


def check_json(result: CheckResult) -> str:
    """Return the result as one JSON document."""
    decisive = result.decisive
    scenario = result.scenario
    document: dict[str, Any] = {
        "verdict": result.kind,
        "sentence": verdict(result) if result.story is None else result.story.sentence,
        "scheme": result.scheme,
        "platform": result.platform,
        "scenario": scenario.name,
        "clients": scenario.clients,
        "engines_together": scenario.engines_together,
        "rounds": scenario.rounds,
        "ingredients": sorted(scenario.ingredients),
        "defect": result.defect,
        "states": result.states,
        "transitions": result.transitions,
        "depth": result.depth,
        "seconds": result.seconds,
        "bytes_per_state": decisive.verdict.bytes_per_state,
        "groups": [
            {
                "engines": list(group.engines),
                "verdict": group.verdict.kind,
                "text": group.verdict.text,
                "states": group.verdict.states,
                "transitions": group.verdict.transitions,
                "depth": group.verdict.depth,
                "seconds": group.verdict.seconds,
                "engine": group.verdict.engine,
                "reduced": group.verdict.reduced,
                "bytes_per_state": group.verdict.bytes_per_state,
                "learning_seconds": group.verdict.learning_seconds,
                "reached": group.verdict.reached,
                "never_moved": list(group.verdict.never_moved),
                "never_written": list(group.verdict.never_written),
            }
            for group in result.groups
        ],
        "not_explored": [list(engines) for engines in result.not_explored],
        "reached": _reached(result),
        "never_moved": list(_never_moved(result)),
        "never_written": list(_never_written(result)),
        "never_required": _never_required(result),
        "waits_without_timeout": [
            {"agent": agent, "cell": cell, "place": place} for agent, cell, place in _waits(result)
        ],
        "witness": None if result.story is None else story_json(result.story) | {"shortest": result.shortest},
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def story_json(story: Story) -> dict[str, Any]:
    """Return a story for a JSON document."""
    return {
        "sentence": story.sentence,
        "agents": list(story.agents),
        "steps": [
            {
                "step": step.number,
                "agent": step.agent,
                "text": step.text,
                "about": step.about,
                "access": step.access,
                "matters": step.matters,
                "place": step.place,
            }
            for step in story.steps
        ],
        "schedule": [[agent, list(answers)] for agent, answers in story.schedule],
    }


def replay_json(witness: SavedWitness, story: Story) -> str:
    """Return a witness that was run again as one JSON document."""
    document = {
        "verdict": witness.ending.kind,
        "reproduced": True,
        "sentence": story.sentence,
        "scheme": witness.scheme,
        "platform": witness.platform,
        "scenario": witness.scenario.name,
        "defect": witness.defect,
        "engines": [name for names in witness.group for name in names],
        "found_by": f"gputlb {witness.gputlb}",
        "witness": story_json(story),
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def scenario_lines(
    scenarios: Iterable[Scenario], ingredients: dict[str, str], defects: Sequence[tuple[str, str]]
) -> list[Line]:
    """Return scenarios, what they can be made of, and known defects, as three tables."""
    rows = [("scenario", "clients", "rounds", "engines", "ingredients", "")]
    for each in scenarios:
        rounds = "ever" if each.rounds is None else str(each.rounds)
        made_of = ", ".join(sorted(each.ingredients)) or "-"
        rows.append((each.name, str(each.clients), rounds, str(each.engines_together), made_of, each.summary))
    lines = _aligned(rows, "<>>><<")
    lines += ["", *_aligned([("ingredient", "--with adds it to any scenario"), *ingredients.items()], "<<")]
    lines += ["", *_aligned([("defect", "--defect puts it in"), *defects], "<<")]
    return list(map(Line, lines))


def scenarios_json(
    scenarios: Iterable[Scenario], ingredients: dict[str, str], defects: Sequence[tuple[str, str]]
) -> str:
    """Return the same as one JSON document."""
    document = {
        "scenarios": [
            {
                "name": each.name,
                "summary": each.summary,
                "clients": each.clients,
                "engines_together": each.engines_together,
                "rounds": each.rounds,
                "ingredients": sorted(each.ingredients),
            }
            for each in scenarios
        ],
        "ingredients": ingredients,
        "defects": dict(defects),
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def _groups(result: CheckResult) -> list[str]:
    rows = [("engines", "verdict", "states", "transitions", "depth", "seconds")]
    rows += [
        (
            ", ".join(group.engines),
            group.verdict.kind,
            f"{group.verdict.states:,}",
            f"{group.verdict.transitions:,}",
            str(group.verdict.depth),
            f"{group.verdict.seconds:.1f}",
        )
        for group in result.groups
    ]
    rows += [(", ".join(engines), "not explored", "", "", "", "") for engines in result.not_explored]
    return _aligned(rows, "<<>>>>")


def _remarks(result: CheckResult) -> list[str]:
    if result.kind in {"violated", "deadlock"}:
        return []
    remarks = [f"never reached: {', '.join(_unreached(result))}"] if _unreached(result) else []
    if _never_moved(result):
        remarks.append(f"never moved: {', '.join(_never_moved(result))}")
    if _never_written(result):
        remarks.append(f"never written: {', '.join(_never_written(result))}")
    if _never_required(result):
        remarks.append(f"never asked whether: {', '.join(_never_required(result))}")
    waits = {f"{agent} for {cell} ({place})": None for agent, cell, place in _waits(result)}
    if waits:
        remarks.append(f"waits without a timeout: {', '.join(waits)}")
    return [line for remark in remarks for line in textwrap.wrap(remark, WIDTH, subsequent_indent="  ")]


def _reached(result: CheckResult) -> dict[str, bool]:
    """Return, for each goal, whether every group of engines that has it came to it."""
    reached: dict[str, bool] = {}
    for group in result.groups:
        for text, came in group.verdict.reached.items():
            reached[text] = came and reached.get(text, True)
    return reached


def _unreached(result: CheckResult) -> list[str]:
    if result.kind not in {"vacuous", "bounded"}:
        return []
    return [text for text, came in _reached(result).items() if not came]


def _never_moved(result: CheckResult) -> list[str]:
    return [name for group in result.groups for name in group.verdict.never_moved]


def _never_required(result: CheckResult) -> list[str]:
    return list(dict.fromkeys(text for group in result.groups for text in group.verdict.never_required))


def _waits(result: CheckResult) -> list[tuple[str, str, str]]:
    waits = {wait: place for group in result.groups for wait, place in group.verdict.waits_without_timeout.items()}
    return [(agent, cell, place) for (agent, cell), place in waits.items()]


def _never_written(result: CheckResult) -> list[str]:
    """Return the cells that no group of engines writes."""
    first, *others = (group.verdict.never_written for group in result.groups)
    return [name for name in first if all(name in names for names in others)]


def counted(number: int, noun: str) -> str:
    """Return a number with what it counts, in the plural where it is not one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _aligned(rows: Sequence[tuple[str, ...]], sides: str) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(sides))]
    return [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]
