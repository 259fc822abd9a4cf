"""How long a sweep would take, from a few short runs of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from gputlb.simulate.setup import run_setup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gputlb.simulate.sweep._plan import Run

_SAMPLES = 8
_SHARE = 20
_LEAST_MS = 1.0
_MOST_S = 5.0


def estimated_s(runs: Sequence[Run], workers: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return about how many seconds `runs` take on `workers`, from shortened runs of points all over the plan.

    A run's length decides how long it takes, near enough. Measured for at most about 5 s, on one core.
    """
    if not runs:
        return 0.0
    step = max(1, len(runs) // _SAMPLES)
    each_s: list[float] = []
    begun_s = clock()
    for run in runs[step // 2 :: step]:
        whole_ms = run.setup.duration_ms
        part_ms = min(whole_ms, max(_LEAST_MS, whole_ms / _SHARE))
        before_s = clock()
        run_setup(replace(run.setup, duration_ms=part_ms), run.seed)
        each_s.append((clock() - before_s) * whole_ms / part_ms)
        if clock() - begun_s > _MOST_S:
            break
    return sum(each_s) / len(each_s) * len(runs) / workers
