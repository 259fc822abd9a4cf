"""One check on every platform: those that the scheme does not load on say why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.check.check import check
from gputlb.check.defects import NO_DEFECT, Defect
from gputlb.check.scenario import NotOnPlatform
from gputlb.driver import ProbeFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gputlb.check.check import CheckResult, Limits
    from gputlb.check.scenario import Scenario
    from gputlb.driver import Scheme
    from gputlb.explore import Progress
    from gputlb.facts import Platform


@dataclass(frozen=True, slots=True)
class OnPlatform:
    """What became of a check on one platform."""

    platform: Platform
    result: CheckResult | None
    """None where the scheme does not load, or where what the scenario needs is not there or not recorded."""
    reason: str = ""
    """Why there is no result, in a sentence."""
    fits: bool = True
    """Whether the platform has what the scenario is about."""


def check_everywhere(
    scheme: type[Scheme],
    scenario: Scenario,
    *,
    defect: Defect = NO_DEFECT,
    limits: Limits | None = None,
    progress: Callable[[tuple[str, ...], Progress], None] | None = None,
) -> Iterator[OnPlatform]:
    """Yield what `check` comes to on each platform in turn, in order of graphics version; Ctrl-C ends them.

    Raises: what `check` raises, but for `NotOnPlatform`, `ProbeFailed` and `NotRecorded`: these are a platform's
    answer.
    """
    for platform in facts.platforms():
        try:
            result = check(platform, scheme, scenario, defect=defect, limits=limits, progress=progress)
        except NotOnPlatform as lack:
            yield OnPlatform(platform, None, lack.reason, fits=False)
        except (ProbeFailed, facts.NotRecorded) as reason:
            yield OnPlatform(platform, None, str(reason))
        else:
            yield OnPlatform(platform, result)
            if result.interrupted:
                return
