"""One run's result, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gputlb.simulate import RunResult

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
    title = (
        f"{result.workload} on {result.platform}, scheme {result.scheme}: "
        f"{result.load}, "
        f"{result.duration_ms:g} ms of virtual time, seed {result.seed}"
    )
    parts = [[title], _aligned(_counts(result), "<><"), _aligned(_engines(result), "<>>><"), _stale(result)]
    return "\n\n".join("\n".join(lines) for lines in [*parts, [_verdict(result)]] if lines)


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
        spread = f"p50 {latency.p50:.1f}, p95 {latency.p95:.1f}, p99 {latency.p99:.1f}, max {latency.max:.1f}"
        rows.append(("release latency", f"{latency.mean:.1f} µs", f"mean; {spread}"))
    rows += [
        ("under the mutex", f"{result.mutex_held_us:.0f} µs", f"{share:.1f} % of the time"),
        (
            "forcewake transitions",
            f"{transitions}",
            f"{result.forcewake_wakes} awake, {result.forcewake_sleeps} asleep",
        ),
        ("timeouts", f"{result.timeouts}", _listed(result.timeouts_by_register)),
    ]
    if result.lost_writes:
        rows.append(("lost register writes", f"{result.lost_writes}", ""))
    rows.append(("stale accesses", f"{result.stale_accesses}", f"of {result.accesses} accesses to memory"))
    return rows


def _listed(counts: dict[str, int]) -> str:
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {_REASONS.get(what, what)}" for what, count in most_first)


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


def _verdict(result: RunResult) -> str:
    if result.stale_accesses:
        engines = ", ".join(engine for engine in result.requests if engine in result.stale_by_engine)
        return f"UNSAFE: {engines} reached pages after they had been given back, {result.stale_accesses} times"
    if not result.releases:
        return "nothing was released, so nothing is shown; give it more time with --duration-ms"
    return "no page was reached after it had been given back"


def _aligned(rows: Iterable[Sequence[str]], sides: str) -> list[str]:
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(sides))]
    return [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in table
    ]
