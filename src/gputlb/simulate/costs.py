"""What a run costs, as a flat table: each figure with its name, unit and direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb.simulate.results import RELEASES_FOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.simulate.releases_seen import ReleaseTime
    from gputlb.simulate.results import RunResult


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


def is_only_max(cost: str, releases: int) -> bool:
    """Return whether a cost of a run with so many releases is a quantile that says no more than their maximum."""
    return 0 < releases < RELEASES_FOR.get(cost.removeprefix("release_").removesuffix("_us"), 1)


def _per_second(count: float, run: RunResult) -> float:
    return count * 1000 / run.duration_ms


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _per_release(total: float, run: RunResult) -> float | None:
    return None if run.unstable else _share(total, run.releases)


def _of_release(part: Callable[[ReleaseTime], float]) -> Callable[[RunResult], float | None]:
    return lambda run: None if run.release_time_us is None else part(run.release_time_us)


COSTS: tuple[Cost, ...] = (
    Cost("release_mean_us", "release latency, mean", "µs", True, lambda run: run.release_latency_us.mean),
    Cost("release_p50_us", "release latency, p50", "µs", True, lambda run: run.release_latency_us.p50),
    Cost("release_p90_us", "release latency, p90", "µs", True, lambda run: run.release_latency_us.p90),
    Cost("release_p99_us", "release latency, p99", "µs", True, lambda run: run.release_latency_us.p99),
    Cost("release_p999_us", "release latency, p99.9", "µs", True, lambda run: run.release_latency_us.p999),
    Cost("release_max_us", "release latency, max", "µs", True, lambda run: run.release_latency_us.max),
    Cost("release_queue_us", "of it waiting for the mutex", "µs", True, _of_release(lambda time: time.queue)),
    Cost("release_hardware_us", "of it waiting for units", "µs", True, _of_release(lambda time: time.hardware)),
    Cost("release_forcewake_us", "of it waking domains", "µs", True, _of_release(lambda time: time.forcewake)),
    Cost("release_other_us", "of it anything else", "µs", True, _of_release(lambda time: time.other)),
    Cost(
        "release_spinning_us",
        "CPU spinning for each release",
        "µs",
        True,
        lambda run: _per_release(run.spinning_us, run),
    ),
    Cost(
        "release_sleeping_us",
        "asleep for each release",
        "µs",
        None,
        lambda run: _per_release(run.sleeping_us, run),
    ),
    Cost("releases_per_s", "releases", "1/s", False, lambda run: _per_second(run.releases, run)),
    Cost("freed_bytes_per_s", "bytes freed", "B/s", False, lambda run: _per_second(run.freed_bytes, run)),
    Cost("pending_releases", "releases under way, mean", "1", True, lambda run: run.queues["releases"].mean_number),
    Cost("mutex_queue", "waiting for the mutex, mean", "1", True, lambda run: run.queues["mutex"].mean_number),
    Cost("memory_wait_us", "wait for pages, mean", "µs", True, lambda run: run.queues["memory"].mean_wait_us),
    Cost("flushes_per_s", "flushes done", "1/s", True, lambda run: _per_second(run.flushes, run)),
    Cost(
        "covered_share",
        "flushes that another's made unnecessary",
        "share",
        False,
        lambda run: _share(run.flush_requests.covered, run.flush_requests.requested),
    ),
    Cost(
        "asleep_share",
        "flushes skipped since the GT slept or was wedged",
        "share",
        None,
        lambda run: _share(run.flush_requests.skipped, run.flush_requests.requested),
    ),
    Cost(
        "mutexes_held",
        "invalidation mutexes held, mean",
        "1",
        True,
        lambda run: run.mutex_held_us / (run.duration_ms * 1000),
    ),
    Cost("forcewake_wakes_per_s", "domains woken", "1/s", True, lambda run: _per_second(run.forcewake_wakes, run)),
    Cost(
        "forcewake_awake_domains",
        "domains that the driver keeps awake, mean",
        "1",
        True,
        lambda run: run.forcewake_awake_us / (run.duration_ms * 1000),
    ),
    Cost(
        "flush_misses_per_s",
        "TLB misses that flushes caused",
        "1/s",
        True,
        lambda run: _per_second(run.flush_misses, run),
    ),
    Cost(
        "walk_lost_share",
        "engine time lost walking again after flushes",
        "share",
        True,
        lambda run: _share(run.walk_lost_us, run.engine_busy_us),
    ),
    Cost(
        "engine_lost_share",
        "engine time lost to flushes and resets",
        "share",
        True,
        lambda run: _share(run.walk_lost_us + run.engine_reset_lost_us, run.engine_busy_us + run.engine_reset_lost_us),
    ),
    Cost("timeouts_per_s", "time-outs", "1/s", True, lambda run: _per_second(run.timeouts, run)),
    Cost("stale_accesses", "stale accesses", "1", True, lambda run: run.stale_accesses),
)
"""All of them, in the order in which they are shown."""
