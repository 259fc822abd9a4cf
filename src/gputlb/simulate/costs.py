"""What a run costs, as a flat table: each figure with its name, unit and direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.simulate.run import RunResult


@dataclass(frozen=True, slots=True)
class Cost:
    """One figure of a run."""

    name: str
    """As in result files."""
    title: str
    unit: str
    """`µs`, `1/s`, `1` for a plain number, `share` for 0 to 1, `B/s`."""
    lower_is_better: bool | None
    """None where neither is."""
    of: Callable[[RunResult], float | None]
    """Its value; None where the run does not say, e.g. the latency of releases where there was none."""


def _per_second(count: float, result: RunResult) -> float:
    return count * 1000 / result.duration_ms


COSTS: tuple[Cost, ...] = (
    Cost("release_mean_us", "release latency, mean", "µs", True, lambda run: run.release_latency_us.mean),
    Cost("release_p50_us", "release latency, p50", "µs", True, lambda run: run.release_latency_us.p50),
    Cost("release_p99_us", "release latency, p99", "µs", True, lambda run: run.release_latency_us.p99),
    Cost("release_max_us", "release latency, max", "µs", True, lambda run: run.release_latency_us.max),
    Cost("releases_per_s", "releases", "1/s", False, lambda run: _per_second(run.releases, run)),
    Cost("flushes_per_s", "flushes done", "1/s", True, lambda run: _per_second(run.flushes, run)),
    Cost("stale_accesses", "stale accesses", "1", True, lambda run: run.stale_accesses),
)
"""All of them, in the order in which they are shown."""
