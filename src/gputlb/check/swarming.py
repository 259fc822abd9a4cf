"""Random walkers for scenarios that are too big to be explored in every order."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gputlb.check.model import build
from gputlb.check.unfit_scheme import unfit_class
from gputlb.explore import NondeterministicAgent, swarm
from gputlb.runtime import AgentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from gputlb.check.defects import Defect
    from gputlb.check.groups import Group
    from gputlb.check.scenario import Scenario
    from gputlb.driver import Scheme
    from gputlb.explore import ExploredRuntime, Verdict
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
    patience: Callable[[], AbstractContextManager[object]] = nullcontext
    """Entered around each walk that another process takes: a signal set up here would not reach code there."""


def walked(
    platform: Platform,
    scheme: type[Scheme],
    scenario: Scenario,
    group: Group,
    defect: Defect,
    swarming: Swarming,
    timeout_s: float | None = None,
) -> tuple[Verdict, int | None]:
    """Send the walkers; return what they came to together, and the seed of the shortest finding. Never `safe`.

    Raises: `UnfitScheme` and `AgentError`s as `check` does; `BadQuestion` where a process dies or a cluster fails.
    """
    elsewhere = swarming.processes > 1 or swarming.scheduler is not None
    found = swarm(
        partial(_runtime_of, platform, scheme, scenario, group, defect),
        seed=swarming.seed,
        walkers=swarming.walkers,
        depth=swarming.depth,
        timeout_s=timeout_s,
        processes=swarming.processes,
        scheduler=swarming.scheduler,
        around=partial(_told_there, defect.scheme or scheme, swarming.patience if elsewhere else nullcontext),
    )
    return found.verdict, None if found.finding is None else found.finding.seed


@contextmanager
def _told_there(scheme: type[Scheme], patience: Callable[[], AbstractContextManager[object]]) -> Iterator[None]:
    """Say what a complaint means for the scheme's author while its cause is known: that does not leave a process."""
    try:
        with patience():
            yield
    except AgentError as error:
        if isinstance(error, NondeterministicAgent):
            raise  # it takes what it knows along
        raise unfit_class(error, scheme) or error from error.__cause__


def _runtime_of(
    platform: Platform, scheme: type[Scheme], scenario: Scenario, group: Group, defect: Defect
) -> ExploredRuntime:
    return build(platform, scheme, scenario, group, defect).runtime
