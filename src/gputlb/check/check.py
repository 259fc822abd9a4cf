"""One check: a scheme on a platform in a scenario, group of engines by group of engines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gputlb.check.defects import NO_DEFECT, Defect
from gputlb.check.groups import engine_groups
from gputlb.check.model import Model, build
from gputlb.check.replayed_runtime import ReplayDiverged
from gputlb.check.rerun import rerun
from gputlb.check.story import Story, tell
from gputlb.check.swarming import Swarming, walked
from gputlb.check.unfit_scheme import tells_members_apart, unfit
from gputlb.driver import ProbeFailed
from gputlb.driver.schemes import shown_name
from gputlb.explore import NotSymmetric
from gputlb.runtime import AgentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.check.checked_runtime import CheckedRuntime
    from gputlb.check.groups import Group
    from gputlb.check.scenario import Scenario
    from gputlb.driver import Scheme
    from gputlb.explore import Progress, Verdict
    from gputlb.facts import Platform

Kind = Literal["safe", "violated", "deadlock", "vacuous", "bounded"]
_WORST_FIRST: tuple[Kind, ...] = ("violated", "deadlock", "bounded", "vacuous", "safe")


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop without an answer: the verdict is `bounded` then."""

    max_states: int | None = None
    max_memory_bytes: int | None = None
    timeout_s: float | None = None
    symmetry: bool = True
    partial_order: bool = True
    workers: int = 1
    engine: Literal["auto", "plain", "compiled"] = "auto"
    swarm: Swarming | None = None
    """Send random walkers instead of trying every order; such a check is never `safe`. Of the other limits `timeout_s`
    alone counts then."""


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """What one group of engines, explored together, came to."""

    engines: tuple[str, ...]
    verdict: Verdict
    seed: int | None = None
    """Of the walker that found it; None where every order was tried, or nothing was found."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check came to."""

    kind: Kind
    platform: str
    scheme: str
    scenario: Scenario
    defect: str
    groups: tuple[GroupVerdict, ...]
    not_explored: tuple[tuple[str, ...], ...]
    """Groups left out because an earlier one already showed something wrong, or was interrupted."""
    story: Story | None
    """The witness, told; None where there is none."""
    model: Model[CheckedRuntime] | None
    """The group that was explored last: the one that the witness belongs to, if there is one."""

    @property
    def states(self) -> int:
        """Distinct states of all groups together; 0 where random walkers were sent, who count none."""
        return sum(group.verdict.states for group in self.groups)

    @property
    def transitions(self) -> int:
        """Transitions of all groups together; the steps of all walkers where some were sent."""
        return sum(group.verdict.transitions for group in self.groups)

    @property
    def depth(self) -> int:
        """The largest depth of any group."""
        return max(group.verdict.depth for group in self.groups)

    @property
    def seconds(self) -> float:
        """Time that exploring took."""
        return sum(group.verdict.seconds for group in self.groups)

    @property
    def walked(self) -> bool:
        """Whether random walkers were sent instead of trying every order."""
        return self.decisive.verdict.engine == "walk"

    @property
    def shortest(self) -> bool:
        """Whether no shorter way leads to what went wrong; False also where nothing did."""
        witness = self.decisive.verdict.witness
        return witness is not None and witness.shortest

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C came before the end of it."""
        return any(group.verdict.interrupted for group in self.groups)

    @property
    def decisive(self) -> GroupVerdict:
        """The group that the whole verdict comes from: the worst."""
        return min(self.groups, key=lambda group: _WORST_FIRST.index(group.verdict.kind))


def check(
    platform: Platform,
    scheme: type[Scheme],
    scenario: Scenario,
    *,
    defect: Defect = NO_DEFECT,
    limits: Limits | None = None,
    progress: Callable[[tuple[str, ...], Progress], None] | None = None,
    only_group: int | None = None,
) -> CheckResult:
    """Explore every order of the scenario, for every group of the platform's engines, until something is wrong.

    Raises: `NotOfThisScheme` where the defect is one of another scheme; `NotOnPlatform` where the platform lacks what
    the scenario is about; `ProbeFailed` where the scheme does not load; `UnfitScheme` where it raises or never ends;
    `KeepsState` and other `NondeterministicAgent`s where it keeps state outside cells.
    """
    shown = shown_name(defect.replaced(scheme))
    limits = limits or Limits()
    scenario.must_fit(platform)
    groups = engine_groups(platform, scenario.engines_together, gts_together="two-gts" in scenario.ingredients)
    if only_group is not None:
        groups = groups[only_group : only_group + 1]
    done: list[GroupVerdict] = []
    told: Story | None = None
    model: Model[CheckedRuntime] | None = None
    for group in groups:
        model = build(platform, scheme, scenario, group, defect)
        seed = None
        try:
            if limits.swarm is None:
                if done and done[-1].verdict.engine == "compiled":
                    limits = replace(limits, engine="compiled")  # it is loaded now, and groups are of a size
                verdict = _explore(model, limits, group, progress)
                if verdict.kind in {"safe", "vacuous"}:
                    verdict = _unless_waiting(model, verdict, limits)
            else:
                verdict, seed = walked(platform, scheme, scenario, group, defect, limits.swarm, limits.timeout_s)
        except AgentError as error:
            raise unfit(error, model.tlbs[0].scheme) or error from error.__cause__
        except NotSymmetric as error:
            raise tells_members_apart(error, model.scheme) or error from None
        done.append(GroupVerdict(_flat(group), verdict, seed))
        if verdict.kind in {"violated", "deadlock"}:
            told = _tell(model, verdict)
            break
        if verdict.interrupted:
            break  # whoever stops one group means all
    kinds = {group.verdict.kind for group in done}
    return CheckResult(
        kind=next(kind for kind in _WORST_FIRST if kind in kinds),
        platform=platform.kernel,
        scheme=shown,
        scenario=scenario,
        defect=defect.name,
        groups=tuple(done),
        not_explored=tuple(_flat(group) for group in groups[len(done) :]),
        story=told,
        model=model,
    )


def _tell(model: Model[CheckedRuntime], verdict: Verdict) -> Story:
    """Run the witness again in virtual time, so that nothing is claimed that was only searched for; tell it."""
    assert verdict.witness is not None
    schedule = verdict.witness.schedule
    again = rerun(model, schedule, "Deadlock" if verdict.kind == "deadlock" else type(verdict.error).__name__)
    if again.ending is None or again.ending.kind != verdict.kind:
        agent = schedule[-1][0] if schedule else "nobody"
        raise ReplayDiverged(agent, f"step {len(schedule)}", f"comes to no harm in virtual time, but {verdict.text}")
    return tell(again, str(verdict.error))


def _explore(
    model: Model[CheckedRuntime],
    limits: Limits,
    group: Group,
    progress: Callable[[tuple[str, ...], Progress], None] | None,
) -> Verdict:
    report = None
    if progress is not None:
        engines = _flat(group)

        def report(state: Progress) -> None:
            progress(engines, state)

    return model.runtime.explore(
        max_states=limits.max_states,
        max_memory_bytes=limits.max_memory_bytes,
        timeout_s=limits.timeout_s,
        symmetry=limits.symmetry,
        partial_order=limits.partial_order,
        engine=limits.engine,
        workers=limits.workers,
        progress=report,
    )


def _unless_waiting(model: Model[CheckedRuntime], verdict: Verdict, limits: Limits) -> Verdict:
    """Return `verdict`, unless somebody waits for ever while engines go on; those are left out to see it."""
    waits = build(model.platform, model.scheme, model.scenario, model.group, model.defect, waits_only=True)
    found = _explore(waits, limits, model.group, None)
    return found if found.kind in {"violated", "deadlock", "bounded"} else verdict


def _flat(group: Group) -> tuple[str, ...]:
    return tuple(name for names in group for name in names)


__all__ = ["CheckResult", "GroupVerdict", "Limits", "ProbeFailed", "check"]
