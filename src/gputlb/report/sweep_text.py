"""What a sweep will do, and what it has done, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.file_names import shown_name
from gputlb.report.sweep_progress import span

if TYPE_CHECKING:
    from gputlb.simulate.sweep import Plan, Sweep

_MOST_SHOWN = 8


def planned(sweep: Sweep, seconds: float, where: str) -> str:
    """Return what a sweep would run, and that it would take about `seconds` on `where`, e.g. `2 workers`."""
    plan = sweep.plan
    lines = [f"{plan.name}: {_size(plan)}, {plan.run_count:,} runs"]
    for column in plan.varied:
        values = list(dict.fromkeys(_plain(row.get(column)) for row in plan.rows()))
        shown = ", ".join(values[:_MOST_SHOWN]) + (", …" if len(values) > _MOST_SHOWN else "")
        lines.append(f"  {column}: {shown}")
    same = [f"{column} {_plain(value)}" for column, value in plan.rows()[0].items() if column not in plan.varied]
    lines.append(f"  the same everywhere: {', '.join(same)}")
    missing = sweep.total - sweep.found
    if sweep.found:
        lines.append(f"{sweep.found:,} runs have finished before; {missing:,} are missing")
    lines.append(
        f"about {span(seconds)} on {where}, by a few short runs; results would go to {shown_name(sweep.output)}"
    )
    return "\n".join(lines)


def outcome(sweep: Sweep, seconds: float) -> str:
    """Return the last words of a sweep that has finished."""
    ran = sweep.total - sweep.found
    said = f"{_size(sweep.plan)}: "
    if not ran:
        return said + f"all {sweep.total:,} runs are in {shown_name(sweep.output)} already"
    said += f"{ran:,} runs in {span(seconds)}"
    if sweep.found:
        said += f", and {sweep.found:,} that had finished before"
    return f"{said}; written to {shown_name(sweep.output)}"


def unstable_points(sweep: Sweep) -> str | None:
    """Return a remark on the points at which the system cannot keep up, if there are any."""
    points = sweep.unstable_points()
    if not points:
        return None
    number = "1 point is unstable and has" if len(points) == 1 else f"{len(points):,} points are unstable and have"
    return f"{number} no latency; the first is point {points[0][0]}: {points[0][1]}"


def _size(plan: Plan) -> str:
    points = "1 point" if len(plan.points) == 1 else f"{len(plan.points):,} points"
    replications = "1 replication" if plan.replications == 1 else f"{plan.replications:,} replications"
    return f"{points} x {replications}, seed {plan.seed}"


def _plain(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
