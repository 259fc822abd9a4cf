"""One run's result, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from gputlb.report.aligned import aligned

if TYPE_CHECKING:
    from gputlb.simulate import ReleaseLatency, RunResult

_SHOWN_STALE = 3
_REASONS = {
    "asleep": "GT asleep",
    "passed": "passed already",
    "wedged": "GT wedged",
}


def run_json(result: RunResult) -> str:
    """Return the result as one JSON document; times are µs unless the name says otherwise."""
    return json.dumps(asdict(result), indent=1)


def run_text(result: RunResult) -> str:
    """Return the result as lines for people, the verdict last."""
    warm_up = f" after {result.warm_up_ms:g} ms of warm-up" if result.warm_up_ms else ""
    title = (
        f"{result.workload} on {result.platform}, scheme {result.scheme}: {result.load}, "
        f"{result.duration_ms:g} ms of virtual time{warm_up}, seed {result.seed}"
    )
    parts = [[title], aligned(_counts(result), "<><"), aligned(_engines(result), "<>>><"), _stale(result)]
    return "\n\n".join("\n".join(lines) for lines in [*parts, _verdict(result)] if lines)


def _counts(result: RunResult) -> list[tuple[str, str, str]]:
    latency = result.release_latency_us
    share = result.mutex_held_us / (result.duration_ms * 10)
    transitions = result.forcewake_wakes + result.forcewake_sleeps
    rows = [
        ("releases", f"{result.releases}", "times that an object's pages went back"),
        ("flushes done", f"{result.flushes}", ""),
        ("flushes skipped", f"{result.skipped}", _listed(result.skipped_by_reason)),
    ]
    if latency.p50 is not None:
        rows.append(("release latency", f"{latency.mean:.1f} µs", f"mean; {_spread(latency)}"))
    time = result.release_time_us
    if time is not None:
        parts = f"{time.queue:.1f} queued, {time.hardware:.1f} for units, {time.forcewake:.1f} for forcewake"
        rows.append(("where it goes", "", f"{parts}, {time.other:.1f} other"))
    awake = result.forcewake_awake_us / (result.duration_ms * 1000)
    rows += [
        ("freed", _throughput(result.freed_bytes * 1000 / result.duration_ms), ""),
        ("under the mutex", f"{result.mutex_held_us:.0f} µs", f"{share:.1f} % of the time"),
        ("CPU spinning", f"{result.spinning_us:.0f} µs", f"in releases, which slept {result.sleeping_us:.0f} µs"),
        (
            "forcewake transitions",
            f"{transitions}",
            f"{result.forcewake_wakes} awake, {result.forcewake_sleeps} asleep; {awake:.2f} domains awake on average",
        ),
        ("TLB misses by flushes", f"{result.flush_misses}", _walks(result)),
        ("timeouts", f"{result.timeouts}", _listed(result.timeouts_by_register)),
    ]
    if result.resets:
        lost = result.engine_reset_lost_us
        rows.append(("resets", f"{result.resets}", f"which cost contexts {lost:.0f} µs on engines"))
    if result.lost_writes:
        rows.append(("lost register writes", f"{result.lost_writes}", ""))
    rows.append(("stale accesses", f"{result.stale_accesses}", f"of {result.accesses} accesses to memory"))
    return rows


def _throughput(bytes_per_s: float) -> str:
    for unit in ("B", "kB", "MB"):
        if bytes_per_s < 1000:
            return f"{bytes_per_s:.3g} {unit}/s"
        bytes_per_s /= 1000
    return f"{bytes_per_s:.3g} GB/s"


def _walks(result: RunResult) -> str:
    if not result.engine_busy_us:
        return ""
    return f"{100 * result.walk_lost_us / result.engine_busy_us:.2f} % of the engines' time walking again"


def _listed(counts: dict[str, int]) -> str:
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {_REASONS.get(what, what)}" for what, count in most_first)


def _spread(latency: ReleaseLatency) -> str:
    known = {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99}
    said = [f"{name} {value:.1f}" for name, value in known.items() if name not in latency.only_max]
    # Of too few releases a quantile is their maximum.
    names = [name for name in known if name in latency.only_max] + ["max"]
    listed = f"{', '.join(names[:-1])} and max" if len(names) > 1 else "max"
    return ", ".join([*said, f"{listed} {latency.max:.1f}"])


def _engines(result: RunResult) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("engine", "asked to drop", "dropped", "stale accesses", "")]
    for engine, asked in result.requests.items():
        dropped = result.served[engine]
        remark = ""
        if asked and not dropped:
            remark = "no request took effect"
        elif dropped > asked:
            remark = "dropped at another engine's request, too"
        rows.append((engine, str(asked), str(dropped), str(result.stale_by_engine.get(engine, 0)), remark))
    return rows


def _stale(result: RunResult) -> list[str]:
    shown = result.first_stale_accesses[:_SHOWN_STALE]
    lines = [f"at {access['time_us']} µs, address {access['address']:#x}: {access['text']}" for access in shown]
    if result.stale_accesses > len(shown):
        lines.append(f"… and {result.stale_accesses - len(shown)} more")
    return lines


def _verdict(result: RunResult) -> list[str]:
    lines = [f"UNSTABLE: {result.unstable}"] if result.unstable else []
    if result.stale_accesses:
        engines = ", ".join(engine for engine in result.requests if engine in result.stale_by_engine)
        reached = f"{engines} reached pages after they had been given back, {result.stale_accesses} times"
        return [*lines, f"UNSAFE: {reached}"]
    if not result.releases:
        return [*lines, "nothing was released, so nothing is shown; give it more time with --duration-ms"]
    if not result.accesses:
        return [*lines, "no engine reached for any page, so nothing is shown of safety"]
    return [*lines, "no page was reached after it had been given back"]
