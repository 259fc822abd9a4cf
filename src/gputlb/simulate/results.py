"""What one run cost, and what it let through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gputlb.simulate.parameters import Scalar
    from gputlb.simulate.queues import QueueFigures
    from gputlb.simulate.releases_seen import FlushRequests, ReleaseTime


RELEASES_FOR = {"p50": 2, "p90": 10, "p95": 20, "p99": 100, "p999": 1000}
"""Releases that a quantile q takes, 1 / (1 - q): of fewer, the nearest rank is their maximum."""


@dataclass(frozen=True, slots=True)
class ReleaseLatency:
    """How long a client waits for its pages to go back, in virtual µs.

    Quantiles are off by 0.1 % at most, mean and largest are exact. None where nothing was released, or where the
    system is unstable: the longer such a run, the longer the wait.
    """

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None
    mean: float | None = None
    only_max: tuple[str, ...] = ()
    """The quantiles that are the maximum and say no more, since there are fewer releases than `RELEASES_FOR`."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run cost, and what it let through, all after its warm-up."""

    platform: str
    scheme: str
    workload: str
    parameters: dict[str, Scalar]
    """What the workload was told, defaults included."""
    load: str
    """The same in a few words: `4 clients`, `poisson arrivals, 2000/s`."""
    latency: str
    """How long an invalidation takes."""
    seed: int
    duration_ms: float
    warm_up_ms: float
    unstable: str | None
    """Why the system does not keep up, in one sentence; None if it does."""
    flushes: int
    """Full flushes done, all GTs together."""
    skipped: int
    """Flushes asked for and found unnecessary."""
    skipped_by_reason: dict[str, int]
    flush_requests: FlushRequests
    requests: dict[str, int]
    """How often the driver asked each engine to drop its TLB."""
    served: dict[str, int]
    """How often each engine's unit really did."""
    releases: int
    freed_bytes: int
    release_latency_us: ReleaseLatency
    release_time_us: ReleaseTime | None
    """Where the mean release spends it; None as the latency is."""
    release_histogram: tuple[tuple[float, int], ...]
    """Upper bounds in µs, ascending, each with its releases; a bound is less than 0.8 % above the one before it."""
    spinning_us: float
    """CPU time that releases spent spinning: for units, for forcewake, for spin locks."""
    sleeping_us: float
    """Time that releases slept: in the mutex's queue, and in naps between looks at a unit."""
    queues: dict[str, QueueFigures]
    """`releases` (under way), `mutex` (waiting for it), `memory` (binding, waiting for pages)."""
    mutex_held_us: float
    """Time under the invalidation mutexes, all GTs together."""
    forcewake_wakes: int
    forcewake_sleeps: int
    forcewake_awake_us: float
    """Time that the driver kept domains awake, all domains together."""
    timeouts: int
    """Waits for an invalidation, or for the steering semaphore, that ended without it."""
    timeouts_by_register: dict[str, int]
    error_lines: int
    """Error lines that the driver would have logged, before rate limiting."""
    lost_writes: int
    """Register writes that a sleeping domain or a fault swallowed."""
    resets: int
    walks: int
    """Page walks that ended, those cancelled included."""
    walks_cancelled: int
    """By a flush, a context that started, or a reset, in their midst."""
    flush_misses: int
    """Walks that found the very translation that a full flush had dropped."""
    walk_us: float
    """Time that engines walked."""
    walk_lost_us: float
    """Part of it that is the flushes' doing: their misses, and walks cancelled."""
    engine_busy_us: float
    """Time that engines had a context, all engines together."""
    engine_reset_lost_us: float
    """Time that contexts would have run, had no reset lost them."""
    accesses: int
    """Times that an engine reached memory."""
    stale_accesses: int
    """Those of them that reached a page which had been given back."""
    stale_by_engine: dict[str, int]
    first_stale_accesses: tuple[dict[str, object], ...]
    """The first of them: time, engine, address, page, whom it was mapped for and whose it is now (0: the system's)."""
