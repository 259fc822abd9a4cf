"""Random walkers for scenarios that are too big to be explored in every order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gputlb.check.model import build
from gputlb.explore import swarm

if TYPE_CHECKING:
    from gputlb.check.defects import Defect
    from gputlb.check.groups import Group
    from gputlb.check.scenario import Scenario
    from gputlb.driver import Scheme
    from gputlb.explore import ExploredRuntime, Verdict, Walk
    from gputlb.facts import Platform


@dataclass(frozen=True, slots=True)
class Swarming:
    """How many walkers go how far, from which seed on, and where."""

    seed: int = 0
    """Of the first walker; the others have the following ones. A walker with the same seed takes the same way."""
    walkers: int = 8
    depth: int = 10_000
    """Random steps that each walker takes."""
    processes: int = 1
    scheduler: str | None = None
    """Address of a Dask cluster that runs the walkers instead."""


def walked(
    platform: Platform, scheme: type[Scheme], scenario: Scenario, group: Group, defect: Defect, swarming: Swarming
) -> tuple[Verdict, int | None]:
    """Send the walkers; return the shortest finding with its seed, else a `bounded` verdict. Never `safe`.

    Raises: `BadQuestion` where the cluster's library is missing.
    """
    found = swarm(
        partial(_runtime_of, platform, scheme, scenario, group, defect),
        seed=swarming.seed,
        walkers=swarming.walkers,
        depth=swarming.depth,
        processes=swarming.processes,
        scheduler=swarming.scheduler,
    )
    finding: Walk | None = found.finding
    if finding is None:
        return max(found.walks, key=lambda walk: walk.verdict.depth).verdict, None
    return finding.verdict, finding.seed


def _runtime_of(
    platform: Platform, scheme: type[Scheme], scenario: Scenario, group: Group, defect: Defect
) -> ExploredRuntime:
    return build(platform, scheme, scenario, group, defect).runtime
