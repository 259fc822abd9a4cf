"""What a sweep will do, and what it has done, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.report.sweep_progress import span

if TYPE_CHECKING:
    from gputlb.simulate.sweep import Sweep


def outcome(sweep: Sweep, seconds: float) -> str:
    """Return the last words of a sweep that has finished."""
    plan = sweep.plan
    ran = sweep.total - sweep.found
    said = f"{len(plan.points):,} points x {plan.replications:,} replications, seed {plan.seed}: "
    if not ran:
        return said + f"all {sweep.total:,} runs are in {sweep.output} already"
    said += f"{ran:,} runs in {span(seconds)}"
    if sweep.found:
        said += f", and {sweep.found:,} that had finished before"
    return f"{said}; written to {sweep.output}"
