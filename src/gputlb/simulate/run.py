"""One run: a platform, a scheme, a workload, a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.device import Behaviour
from gputlb.driver.schemes import shown_name
from gputlb.errors import GputlbError
from gputlb.runtime import SimulatedRuntime
from gputlb.simulate.durations import duration_text
from gputlb.simulate.machine import Machine
from gputlb.simulate.metrics import Metrics
from gputlb.simulate.results import RELEASES_FOR, ReleaseLatency, RunResult
from gputlb.simulate.stability import load_of, why_unstable
from gputlb.simulate.workloads import OpenWorkload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gputlb.device import Fault
    from gputlb.driver import Scheme
    from gputlb.facts import Platform
    from gputlb.simulate.histogram import LatencyHistogram
    from gputlb.simulate.workloads import Workload

_STEPS = 100


class NothingToRun(GputlbError):
    """A number that a run was asked with leaves nothing to do."""


def simulate(
    platform: Platform,
    scheme: type[Scheme],
    workload: Workload,
    *,
    seed: int,
    duration_ms: float,
    warm_up_ms: float = 0.0,
    faults: Iterable[Fault] = (),
    behaviour: Behaviour | None = None,
    listen: Callable[[SimulatedRuntime, Machine], object] | None = None,
    progress: Callable[[float], object] | None = None,
) -> RunResult:
    """Run `workload` on a virtual GPU and return what `duration_ms` of virtual time cost, after `warm_up_ms` of it.

    The same arguments give the same result. `listen` may attach listeners before anything happens; `progress`
    is called with the part done, 0 to 1. What is kept does not grow with the duration.

    Raises: `ProbeFailed` where the scheme does not load on the platform; `UnknownFault`; `NothingToRun` for a
    duration that is not positive or a warm-up below 0; `TooFewEngines`; `UnfitScheme` where the scheme's own code
    raises.
    """
    if not 0 < duration_ms < float("inf"):
        raise NothingToRun(f"the duration must be more than 0 ms, not {duration_ms:g}; 100 is usual")
    if not 0 <= warm_up_ms < float("inf"):
        raise NothingToRun(f"the warm-up must be 0 ms or more, not {warm_up_ms:g}; 0 counts from the start")
    behaviour = behaviour or Behaviour()
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
        power=workload.power,
        tlb_slots=workload.tlb_slots,
        functions=workload.functions,
    )
    metrics = Metrics(runtime, machine)
    if listen is not None:
        listen(runtime, machine)
    machine.start()
    workload.start(machine)
    warm_us, counted_us = warm_up_ms * 1000, duration_ms * 1000
    if warm_us:
        for step in range(1, _STEPS + 1):
            machine.run(warm_us * step / _STEPS)
            if progress is not None:
                progress(warm_us * step / _STEPS / (warm_us + counted_us))
        metrics.begin(runtime.now_ns)
    pending = metrics.releases.pending
    means, fewest, before_ns = [], [], 0
    for step in range(1, _STEPS + 1):
        machine.run(warm_us + counted_us * step / _STEPS)
        area_ns = pending.area_ns(runtime.now_ns)
        means.append((area_ns - before_ns) * _STEPS / (counted_us * 1000))
        fewest.append(pending.mark())
        before_ns = area_ns
        if progress is not None:
            progress((warm_us + counted_us * step / _STEPS) / (warm_us + counted_us))
    metrics.finish(runtime.now_ns)
    unstable = None
    if isinstance(workload, OpenWorkload):
        held_us = metrics.mutex_held_ns / 1000
        unstable = why_unstable(
            pending.figures(runtime.now_ns),
            means,
            fewest,
            duration_ms,
            metrics.turned_away,
            full=metrics.has_turned_away,
            flush_us=held_us * len(machine.gts) / metrics.flushes if metrics.flushes else 0.0,
            load=load_of(workload.releases_per_s, metrics.releases.requests(), metrics.mutex_held_ns),
        )
    return _result(platform, scheme, workload, behaviour, machine, metrics, seed, duration_ms, warm_up_ms, unstable)


def _result(
    platform: Platform,
    scheme: type[Scheme],
    workload: Workload,
    behaviour: Behaviour,
    machine: Machine,
    metrics: Metrics,
    seed: int,
    duration_ms: float,
    warm_up_ms: float,
    unstable: str | None,
) -> RunResult:
    now_ns = machine.runtime.now_ns
    seen, engines = metrics.releases, metrics.engines
    return RunResult(
        platform=platform.kernel,
        scheme=shown_name(scheme),
        workload=workload.name,
        parameters=workload.told(),
        load=workload.load,
        latency=duration_text(behaviour.invalidation_latency),
        seed=seed,
        duration_ms=duration_ms,
        warm_up_ms=warm_up_ms,
        unstable=unstable,
        flushes=metrics.flushes,
        skipped=metrics.skipped.total(),
        skipped_by_reason=dict(sorted(metrics.skipped.items())),
        flush_requests=seen.requests(),
        requests={engine.name: metrics.requests[engine.name] for gt in machine.gts for engine in gt.engines},
        served={engine.name: metrics.served[engine.name] for gt in machine.gts for engine in gt.engines},
        releases=seen.latency.count,
        freed_bytes=seen.freed_bytes,
        release_latency_us=ReleaseLatency() if unstable else _latency(seen.latency),
        release_time_us=None if unstable else seen.mean_time(),
        release_histogram=seen.latency.coarse(),
        spinning_us=seen.spinning_ns / 1000,
        sleeping_us=seen.sleeping_ns / 1000,
        queues={
            "releases": seen.pending.figures(now_ns),
            "mutex": seen.mutex_queue.figures(now_ns),
            "memory": metrics.memory_queue.figures(now_ns),
        },
        mutex_held_us=metrics.mutex_held_ns / 1000,
        forcewake_wakes=metrics.forcewake_wakes,
        forcewake_sleeps=metrics.forcewake_sleeps,
        forcewake_awake_us=metrics.forcewake_awake_ns / 1000,
        timeouts=metrics.timeouts.total(),
        timeouts_by_register=dict(sorted(metrics.timeouts.items())),
        error_lines=metrics.errors,
        lost_writes=metrics.lost_writes,
        resets=engines.resets,
        walks=engines.walks,
        walks_cancelled=engines.walks_cancelled,
        flush_misses=engines.misses_by_flush,
        walk_us=engines.walk_ns / 1000,
        walk_lost_us=engines.walk_lost_ns / 1000,
        engine_busy_us=engines.busy_ns / 1000,
        engine_reset_lost_us=engines.reset_lost_ns / 1000,
        accesses=metrics.accesses,
        stale_accesses=metrics.stale_by_engine.total(),
        stale_by_engine=dict(sorted(metrics.stale_by_engine.items())),
        first_stale_accesses=tuple(metrics.stale),
    )


def _latency(histogram: LatencyHistogram) -> ReleaseLatency:
    quantile = histogram.quantile_us
    return ReleaseLatency(
        p50=quantile(500),
        p90=quantile(900),
        p95=quantile(950),
        p99=quantile(990),
        p999=quantile(999),
        max=histogram.largest_ns / 1000 if histogram.count else None,
        mean=histogram.mean_us(),
        only_max=tuple(name for name, least in RELEASES_FOR.items() if 0 < histogram.count < least),
    )
