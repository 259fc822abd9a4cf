"""What some order must come to, so that `safe` never comes from a model in which nothing of the sort happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gputlb.check.checked_runtime import CheckedRuntime
    from gputlb.check.model import Model
    from gputlb.check.replayed_runtime import ReplayedRuntime
    from gputlb.driver import Gt, PageTable, Tlb

COMPLETES = "a flush completes"
SKIPPED = "a flush is skipped"
REUSED = "a page is reused"
STALE = "a stale entry exists before the flush"
WAKES = "an engine wakes up"
PARKS = "an engine parks"
GT_SLEEPS = "the GT falls asleep"
RESET = "a reset is done"
GIVEN_UP = "the GT is given up"
TIMES_OUT = "the driver gives up waiting for an invalidation"
OA_READS = "the OA unit reads a page"
POSTED = "a cleared entry waits in a store buffer"
DOMAIN_SLEEPS = "a forcewake domain falls asleep"
WATCHED = "a flush is counted while an engine is awake"

_OF_INGREDIENTS = {
    "park": (WAKES, PARKS),
    "asleep": (GT_SLEEPS,),
    "reset": (RESET,),
    "wedge": (RESET, GIVEN_UP),
    "slow": (TIMES_OUT,),
    "stuck": (TIMES_OUT,),
    "oa": (OA_READS,),
    "posted": (POSTED,),
    "power": (DOMAIN_SLEEPS,),
    "accounted": (WATCHED,),
}


def shown_by(kind: str, values: tuple[object, ...]) -> str | None:
    """Return the goal that an event of the driver or the device shows to be reached; None for most events."""
    match kind, values:
        case "seqno", _:
            return COMPLETES
        case "skip", _:
            return SKIPPED
        case "page_reused", _:
            return REUSED
        case "reset", ("done",):
            return RESET
        case (("wait" | "mcr_wait"), (*_, "timeout")):
            return TIMES_OUT
        case "access", ("oa", _):
            return OA_READS
        case "power", (_, False):
            return DOMAIN_SLEEPS
        case _:
            return None


def completes_on(gt: Gt) -> str:
    """Return the goal that a flush completes on this very GT."""
    return f"{COMPLETES} on GT{gt.id}"


def noting(kind: type[Tlb], runtime: CheckedRuntime | ReplayedRuntime) -> type[Tlb]:
    """Return a class of the same invalidation that notes on which GT a flush completes."""

    class Noting(kind):  # type: ignore[misc, valid-type]
        async def count(self) -> None:
            await super().count()
            runtime.note(completes_on(self.gt))

    return Noting


def state_goals(model: Model[Any], page_table: PageTable) -> None:
    """State what must be reachable in `model`. Most are notes of agents, which tell no states apart."""
    runtime, scenario = model.runtime, model.scenario
    runtime.sometimes(COMPLETES)
    several = scenario.clients > 1 and scenario.rounds != 1  # one's own flushes never cover one's own stamp
    if several and model.tlbs[0].scheme.batches:
        runtime.sometimes(SKIPPED)
    slots = [engine.tlb.slots[0] for engine in model.gpu.engines.values()]
    runtime.sometimes(
        STALE,
        [page_table.entries[0], *slots],
        lambda entry, *kept: entry == 0 and any(kept),
    )
    if scenario.rounds != 1:
        runtime.sometimes(REUSED)
    for ingredient, goals in _OF_INGREDIENTS.items():
        for goal in goals if ingredient in scenario.ingredients else ():
            runtime.sometimes(goal)
    for gt in model.gts if "two-gts" in scenario.ingredients else ():
        runtime.sometimes(completes_on(gt))
