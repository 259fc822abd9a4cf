"""The known bugs: as tables, one in full, its witness, and as JSON for programs."""

from __future__ import annotations

import json
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

from gputlb import facts
from gputlb.check.corpus import model_of
from gputlb.report.plain_table import WIDTH, plain_console, plain_table, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gputlb.check.check import CheckResult
    from gputlb.check.corpus import BugModel, Trial
    from gputlb.check.story import Story

_TITLES = {"without": "without its fix", "with": "with its fix", "variant": "variant"}
_NUMBER_WIDTH = 3


class Recomputed(NamedTuple):
    """A trial, and what exploring it anew came to."""

    trial: Trial
    result: CheckResult

    @property
    def differs(self) -> bool:
        """Whether that is something else than what was recorded."""
        return not self.trial.agrees(self.result)


Anew = dict[str, list[Recomputed]]
"""For each bug's number, its trials explored anew."""


def print_bugs(bugs: Sequence[facts.Bug]) -> None:
    """Print the bugs on stdout: those that are modelled with their verdicts, the others with the reason."""
    console = plain_console()
    modelled = [(bug, model_of(bug)) for bug in bugs if model_of(bug).trials]
    table = plain_table("bug, CVE", "driver", "class", "fixed in", "without fix", "with fix", "title")
    table.columns[0].no_wrap = table.columns[4].no_wrap = True
    table.columns[2].min_width = len("REGISTER_SEMANTICS")
    table.columns[3].max_width = len("5.19/6.0")
    for bug, model in modelled:
        table.add_row(
            f"{bug.id}\n{bug.cve}" if bug.cve else bug.id,
            bug.driver,
            bug.bug_class,
            bug.kernel or "-",
            model.expected("without") or "-",
            model.expected("with") or "no fix",
            bug.title.removeprefix("drm/i915: ").removeprefix("drm/i915/gt: "),
        )
    print_table(console, table)
    others = [(bug, model_of(bug)) for bug in bugs if not model_of(bug).trials]
    if others:
        table = plain_table("\nbug", "\ndriver", "\nclass", "\nnot modelled yet, because")
        for bug, model in others:
            table.add_row(bug.id, bug.driver, bug.bug_class, model.not_modelled)
        print_table(console, table)
    console.print(
        f"\n{len(modelled)} of {len(bugs)} modelled; gputlb bugs ID says more, --witness shows how it happens, "
        "--recompute explores all anew",
        soft_wrap=True,
    )


def print_bug(bug: facts.Bug, model: BugModel) -> None:
    """Print all that is known of a bug on stdout."""
    head = ", ".join(word for word in (bug.driver, bug.cve, bug.bug_class, bug.date) if word)
    lines = [f"{bug.id}: {bug.title}", head, ""]
    lines += [_paragraph("Cause", bug.root_cause), "", _paragraph("Fix", bug.fix), ""]
    if bug.commit:
        lines.append(_paragraph("Commit", ", ".join((bug.commit, *bug.also))))
    if bug.kernel:
        lines.append(_paragraph("Kernel", bug.kernel))
    lines += [_paragraph("Certainty", bug.confidence), _paragraph("Source", bug.source), ""]
    if model.not_modelled:
        lines.append(_paragraph("Not modelled yet", model.not_modelled))
    for trial in model.trials:
        lines.append(_paragraph(_TITLES[trial.role], f"{_system(trial)}: {trial.expect}"))
        lines += [_indented(text) for text in (trial.sentence, trial.remark) if text]
    print("\n".join(lines))


def print_recomputed(anew: Anew) -> None:
    """Print for each trial what exploring it anew came to, and whether that is what was recorded."""
    console = plain_console()
    table = plain_table("bug", "fix", "system", "recorded", "anew", ">states", ">seconds")
    for bug, trials in anew.items():
        for trial, result in trials:
            table.add_row(
                bug,
                trial.role,
                _system(trial),
                trial.expect,
                result.kind,
                f"{result.states:,}",
                f"{result.seconds:.2f}",
            )
    print_table(console, table)
    every = [each for trials in anew.values() for each in trials]
    differing = [each for each in every if each.differs]
    for trial, result in differing:
        console.print(f"\ndiffers: {_system(trial)}", soft_wrap=True)
        console.print(f"  recorded: {trial.expect}: {trial.sentence or 'no witness'}", soft_wrap=True)
        console.print(f"  anew:     {result.kind}: {_sentence(result) or 'no witness'}", soft_wrap=True)
    seconds = sum(result.seconds for _, result in every)
    console.print(
        f"\n{len(every)} explored in {seconds:.1f} s: "
        + (f"{len(differing)} differ from what is recorded" if differing else "all as recorded")
    )


def print_witness(bug: facts.Bug, trial: Trial, result: CheckResult) -> None:
    """Print how a bug happens: the sentence, and the steps that matter."""
    story = result.story
    assert story is not None, "only what has a witness is shown"
    lines = [f"{bug.id}: {bug.title}", _system(trial), "", *_steps(story), "", fill(story.sentence, WIDTH)]
    lines.append(f"{result.kind}: {result.states:,} states, {len(story.schedule)} steps, {result.seconds:.2f} s")
    print("\n".join(lines))


def bugs_json(bugs: Sequence[facts.Bug], anew: Mapping[str, list[Recomputed]]) -> str:
    """Return the bugs as one JSON document; what was explored anew stands with its trial."""
    return json.dumps({"bugs": [_bug_dict(bug, anew.get(bug.id)) for bug in bugs]}, indent=1, ensure_ascii=False)


def witness_json(bug: facts.Bug, trial: Trial, result: CheckResult) -> str:
    """Return the witness with all its steps as one JSON document."""
    story = result.story
    steps = [
        {"step": step.number, "agent": step.agent, "text": step.text, "place": step.place, "matters": step.matters}
        for step in (story.steps if story else ())
    ]
    return json.dumps(
        {"id": bug.id, "trial": _trial_dict(trial, result), "witness": steps}, indent=1, ensure_ascii=False
    )


def _bug_dict(bug: facts.Bug, anew: list[Recomputed] | None) -> dict[str, Any]:
    model = model_of(bug)
    explored = [each.result for each in anew] if anew else [None] * len(model.trials)
    return {
        "id": bug.id,
        "driver": bug.driver,
        "cve": bug.cve,
        "title": bug.title,
        "class": bug.bug_class,
        "date": bug.date,
        "kernel": bug.kernel,
        "commit": bug.commit,
        "also": list(bug.also),
        "root_cause": bug.root_cause,
        "fix": bug.fix,
        "confidence": bug.confidence,
        "source": bug.source,
        "not_modelled": model.not_modelled,
        "without_fix": model.expected("without"),
        "with_fix": model.expected("with"),
        "trials": [_trial_dict(trial, result) for trial, result in zip(model.trials, explored, strict=False)],
    }


def _trial_dict(trial: Trial, result: CheckResult | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "role": trial.role,
        "platform": trial.platform,
        "scheme": trial.scheme,
        "scenario": trial.scenario,
        "ingredients": list(trial.ingredients),
        "defect": trial.defect,
        "clients": trial.clients,
        "rounds": trial.rounds,
        "engines_together": trial.engines_together,
        "only_group": trial.only_group,
        "expect": trial.expect,
        "sentence": trial.sentence,
        "remark": trial.remark,
    }
    if result is not None:
        row["anew"] = {
            "verdict": result.kind,
            "sentence": _sentence(result),
            "states": result.states,
            "transitions": result.transitions,
            "depth": result.depth,
            "seconds": result.seconds,
            "agrees": trial.agrees(result),
        }
    return row


def _sentence(result: CheckResult) -> str | None:
    return result.story.sentence if result.story else None


def _steps(story: Story) -> list[str]:
    told = [step for step in story.steps if step.matters]
    width = max(len(step.agent) for step in told)
    return [f"{step.number:>{_NUMBER_WIDTH}}  {step.agent:<{width}}  {step.text}" for step in told]


def _system(trial: Trial) -> str:
    """Return in few words what is explored: `mmio-2022 on TIGERLAKE, scenario default, 2 clients`."""
    words = [f"{trial.scheme} on {trial.platform}", f"scenario {trial.scenario}", *trial.ingredients]
    if trial.clients > 1:
        words.append(f"{trial.clients} clients")
    if trial.rounds > 1:
        words.append(f"{trial.rounds} rounds")
    if trial.defect != "none":
        words.append(f"defect {trial.defect}")
    return ", ".join(words)


def _paragraph(title: str, text: str) -> str:
    return fill(f"{title}: {text}", WIDTH, subsequent_indent="  ")


def _indented(text: str) -> str:
    return fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
