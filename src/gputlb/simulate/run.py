"""One run: a platform, a scheme, a workload, a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError
from gputlb.runtime import SimulatedRuntime
from gputlb.simulate.machine import Machine
from gputlb.simulate.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gputlb.device import Behaviour, Fault
    from gputlb.driver import Scheme
    from gputlb.facts import Platform
    from gputlb.simulate.workloads import Workload

_STEPS = 100


class NothingToRun(GputlbError):
    """A number that a run was asked with leaves nothing to do."""


@dataclass(frozen=True, slots=True)
class ReleaseLatency:
    """How long a client waits for its pages to go back, in virtual µs; None where nothing was released."""

    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None
    mean: float | None


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run cost, and what it let through."""

    platform: str
    scheme: str
    workload: str
    clients: int
    seed: int
    duration_ms: float
    flushes: int
    """Full flushes done, all GTs together."""
    skipped: int
    """Flushes asked for and found unnecessary."""
    skipped_by_reason: dict[str, int]
    requests: dict[str, int]
    """How often the driver asked each engine to drop its TLB."""
    served: dict[str, int]
    """How often each engine's unit really did."""
    releases: int
    release_latency_us: ReleaseLatency
    mutex_held_us: float
    """Time under the invalidation mutexes, all GTs together."""
    forcewake_wakes: int
    forcewake_sleeps: int
    timeouts: int
    """Waits for an invalidation, or for the steering semaphore, that ended without it."""
    timeouts_by_register: dict[str, int]
    error_lines: int
    """Error lines that the driver would have logged, before rate limiting."""
    lost_writes: int
    """Register writes that a sleeping domain or a fault swallowed."""
    accesses: int
    """Times that an engine reached memory."""
    stale_accesses: int
    """Those of them that reached a page which had been given back."""
    stale_by_engine: dict[str, int]
    first_stale_accesses: tuple[dict[str, object], ...]
    """The first of them: time, engine, address, page, whom it was mapped for and whose it is now (0: the system's)."""


def simulate(
    platform: Platform,
    scheme: type[Scheme],
    workload: Workload,
    *,
    seed: int,
    duration_ms: float,
    faults: Iterable[Fault] = (),
    behaviour: Behaviour | None = None,
    listen: Callable[[SimulatedRuntime, Machine], object] | None = None,
    progress: Callable[[float], object] | None = None,
) -> RunResult:
    """Run `workload` on a virtual GPU for `duration_ms` of virtual time and return what it cost.

    The same arguments give the same result. `listen` may attach listeners before anything happens; `progress`
    is called with the part done, 0 to 1.

    Raises: `ProbeFailed` where the scheme does not load on the platform; `UnknownFault`; `NothingToRun` for a
    duration that is not positive; what the scheme's own code raises.
    """
    if not 0 < duration_ms < float("inf"):
        raise NothingToRun(f"the duration must be more than 0 ms, not {duration_ms:g}; 100 is usual")
    runtime = SimulatedRuntime(seed, stop_at_violation=False)
    machine = Machine(
        runtime,
        platform,
        scheme,
        virtual_pages=workload.virtual_pages,
        physical_pages=workload.physical_pages,
        behaviour=behaviour,
        faults=faults,
        pace=workload.pace,
    )
    metrics = Metrics(runtime, machine)
    if listen is not None:
        listen(runtime, machine)
    machine.start()
    workload.start(machine)
    for step in range(1, _STEPS + 1):
        machine.run(duration_ms * 1000 * step / _STEPS)
        if progress is not None:
            progress(step / _STEPS)
    metrics.finish(runtime.now_ns)
    return RunResult(
        platform=platform.kernel,
        scheme=scheme.name or f"{scheme.__module__}:{scheme.__qualname__}",
        workload=workload.name,
        clients=workload.clients,
        seed=seed,
        duration_ms=duration_ms,
        flushes=metrics.flushes,
        skipped=metrics.skipped.total(),
        skipped_by_reason=dict(sorted(metrics.skipped.items())),
        requests={engine.name: metrics.requests[engine.name] for gt in machine.gts for engine in gt.engines},
        served={engine.name: metrics.served[engine.name] for gt in machine.gts for engine in gt.engines},
        releases=len(metrics.release_ns),
        release_latency_us=_latency(metrics.release_ns),
        mutex_held_us=metrics.mutex_held_ns / 1000,
        forcewake_wakes=metrics.forcewake_wakes,
        forcewake_sleeps=metrics.forcewake_sleeps,
        timeouts=metrics.timeouts.total(),
        timeouts_by_register=dict(sorted(metrics.timeouts.items())),
        error_lines=metrics.errors,
        lost_writes=metrics.lost_writes,
        accesses=metrics.accesses,
        stale_accesses=metrics.stale_by_engine.total(),
        stale_by_engine=dict(sorted(metrics.stale_by_engine.items())),
        first_stale_accesses=tuple(metrics.stale),
    )


def _latency(release_ns: list[int]) -> ReleaseLatency:
    if not release_ns:
        return ReleaseLatency(None, None, None, None, None)
    ordered = sorted(release_ns)
    return ReleaseLatency(
        p50=percentile(ordered, 50) / 1000,
        p95=percentile(ordered, 95) / 1000,
        p99=percentile(ordered, 99) / 1000,
        max=ordered[-1] / 1000,
        mean=sum(ordered) / len(ordered) / 1000,
    )


def percentile(ordered: Sequence[int], percent: int) -> int:
    """Return the smallest of the values, given in order, that at least `percent` % of them do not exceed."""
    rank = -(-percent * len(ordered) // 100)  # rounded up: the nearest-rank method, in whole numbers
    return ordered[max(rank, 1) - 1]
