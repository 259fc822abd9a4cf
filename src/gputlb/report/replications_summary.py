"""What many runs of one setup say together, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

from gputlb.report.aligned import aligned
from gputlb.simulate import COSTS, is_only_max
from gputlb.simulate.run_length import length_needed_ms

if TYPE_CHECKING:
    from gputlb.simulate import Replications, RunResult
    from gputlb.simulate.statistics import Interval, Precision

_SHOWN_SEEDS = 4


def replications_json(runs: Replications) -> str:
    """Return all costs with their intervals as one JSON document, and what it takes to run each again."""
    wanted = runs.wanted
    document = {
        "setup": asdict(runs.setup),
        "seed": runs.seed,
        "seeds": runs.seeds,
        "level": runs.level,
        "warm_up_settled": runs.warm_up.settled if runs.warm_up else None,
        "precision": None if wanted is None else _precision(runs, wanted),
        "costs": {
            cost.name: _known(runs.interval(cost.name))
            | {"unit": cost.unit, "title": cost.title, "only_max": _is_only_max(runs, cost.name)}
            for cost in COSTS
        },
        "unstable": dict(_unstable(runs)),
        "stale_accesses": sum(result.stale_accesses for result in runs.results),
    }
    return json.dumps(document, indent=1)


def replications_text(runs: Replications) -> str:
    """Return all costs with their intervals as lines for people, the verdict last."""
    first = runs.results[0]
    setup = runs.setup
    after = f" after {setup.warm_up_ms:g} ms of warm-up" if setup.warm_up_ms else ""
    title = (
        f"{first.workload} on {first.platform}, scheme {first.scheme}: {first.load}, {len(runs.results)} runs of "
        f"{setup.duration_ms:g} ms of virtual time{after}, seed {runs.seed}"
    )
    parts = [[title], _table(runs), _remarks(runs), [_verdict(runs.results)]]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _known(estimate: Interval | None) -> dict[str, object]:
    if estimate is None:
        return {"mean": None, "half_width": None}
    return {"mean": estimate.mean, "half_width": estimate.half_width}


def _is_only_max(runs: Replications, cost: str) -> bool:
    return runs.interval(cost) is not None and any(is_only_max(cost, result.releases) for result in runs.results)


def _precision(runs: Replications, wanted: Precision) -> dict[str, object]:
    estimate = runs.interval(runs.cost)
    reached = None
    if estimate is not None:
        reached = estimate.half_width if wanted.relative is None else estimate.relative_half_width
    return {
        "cost": runs.cost,
        "relative": wanted.relative,
        "absolute": wanted.absolute,
        "reached": reached if reached is not None and isfinite(reached) else None,
        "met": runs.met,
        "chosen": "length" if runs.lengths_ms else "number",
        "lengths_ms": runs.lengths_ms,
        "longest_ms": runs.longest_ms,
    }


def _unstable(runs: Replications) -> list[tuple[int, str]]:
    return [(seed, result.unstable) for seed, result in zip(runs.seeds, runs.results, strict=True) if result.unstable]


def _table(runs: Replications) -> list[str]:
    rows = [("", "mean", f"± {runs.level * 100:g} %", "of the mean", "")]
    for cost in COSTS:
        estimate = runs.interval(cost.name)
        unit = "" if cost.unit == "1" else cost.unit
        if estimate is None:
            rows.append((cost.title, "unknown", "", "", ""))
            continue
        mean, half_width = _rounded(estimate.mean, estimate.half_width)
        share = _percent(estimate.relative_half_width) if estimate.mean and estimate.half_width else ""
        remark = " (max: too few releases in a run)" if _is_only_max(runs, cost.name) else ""
        rows.append((cost.title, mean, half_width, share, unit + remark))
    return aligned(rows, "<>>><")


def _rounded(mean: float, half_width: float) -> tuple[str, str]:
    """Return both with as many places as the half width's second digit has."""
    if not half_width:
        return f"{mean:g}", "0"
    places = max(1 - floor(log10(half_width)), 0)
    return f"{mean:.{places}f}", f"{half_width:.{places}f}"


def _remarks(runs: Replications) -> list[str]:
    lines = []
    if runs.wanted is not None:
        lines.append(f"precision: {_reached(runs, runs.wanted)}")
    if runs.warm_up is not None and not runs.warm_up.settled:
        lines.append(
            "warm-up: pilot runs still drift, or release too little to tell; "
            "give more time with --duration-ms, or say --warm-up-ms"
        )
    unstable = _unstable(runs)
    if unstable:
        lines.append(
            f"unstable in {len(unstable)} of {len(runs.results)} runs; seed {unstable[0][0]}: {unstable[0][1]}"
        )
    seeds = ", ".join(map(str, runs.seeds[:_SHOWN_SEEDS]))
    more = (
        f", … and {len(runs.seeds) - _SHOWN_SEEDS} more, all made from the first"
        if len(runs.seeds) > _SHOWN_SEEDS
        else ""
    )
    lines.append(f"seeds: {seeds}{more}")
    return lines


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %" if share >= 0.1 else f"{share * 100:.2g} %"


def _reached(runs: Replications, wanted: Precision) -> str:
    estimate = runs.interval(runs.cost)
    title = next(cost.title for cost in COSTS if cost.name == runs.cost)
    if estimate is None:
        return f"{title} has no value in some run, so there is none to be precise about"
    reached = _percent(estimate.relative_half_width) if wanted.relative is not None else f"{estimate.half_width:.3g}"
    count = f"{len(runs.results)} runs"
    if not runs.lengths_ms:
        if runs.met:
            return f"{title} is known to {wanted} or better: {count} came to {reached}"
        return (
            f"{title} is NOT known to {wanted}: {count} came to {reached}; allow more with --replications, "
            "or longer ones with --duration-ms"
        )
    length = f"{count} of {runs.setup.duration_ms:g} ms"
    if runs.met:
        before = " and ".join(f"{length_ms:g}" for length_ms in runs.lengths_ms[:-1])
        return f"{title} is known to {wanted} or better: {length}, chosen after runs of {before} ms, came to {reached}"
    needed_ms = length_needed_ms(runs)
    longer = f"some {needed_ms:g} ms with --longest-ms" if needed_ms is not None else "more with --longest-ms"
    return (
        f"{title} is NOT known to {wanted}: {length}, the longest allowed, came to {reached}; "
        f"allow {longer}, or more runs with --replications"
    )


def _verdict(results: tuple[RunResult, ...]) -> str:
    stale = sum(result.stale_accesses for result in results)
    if stale:
        engines = sorted({engine for result in results for engine in result.stale_by_engine})
        return f"UNSAFE: {', '.join(engines)} reached pages after they had been given back, {stale} times"
    if not any(result.releases for result in results):
        return "nothing was released, so nothing is shown; give it more time with --duration-ms"
    if not any(result.accesses for result in results):
        return "no engine reached for any page, so nothing is shown of safety"
    return "no page was reached after it had been given back"
