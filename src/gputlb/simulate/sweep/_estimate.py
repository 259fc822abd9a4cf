"""How long a sweep would take, from a few short runs of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from gputlb.simulate.setup import run_setup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gputlb.simulate.setup import Setup
    from gputlb.simulate.sweep._plan import Run

_SAMPLES = 8
_FIRST_MS = 0.25
_ENOUGH_S = 0.2
"""Of one point: then making the machine, and the start before it has filled, count for little."""
_MOST_S = 5.0


def estimated_s(
    runs: Sequence[Run],
    workers: int,
    clock: Callable[[], float] = time.perf_counter,
    *,
    tick: Callable[[int, int], object] = lambda *_: None,
) -> float:
    """Return about how many seconds `runs` take on `workers`, from shortened runs of points all over the plan.

    A run's length decides how long it takes, near enough. Each point is run ever longer, until that takes about 0.2 s;
    the whole takes about 5 s at most, on one core, whatever the runs' length. `tick` is called with how many points
    have been tried, and of how many.
    """
    if not runs:
        return 0.0
    chosen = runs[max(1, len(runs) // _SAMPLES) // 2 :: max(1, len(runs) // _SAMPLES)]
    each_s: list[float] = []
    ends_s = clock() + _MOST_S
    for run in chosen:
        tick(len(each_s), len(chosen))
        each_s.append(_one_s(run.setup, run.seed, ends_s, clock))
        if clock() >= ends_s:
            break
    return sum(each_s) / len(each_s) * len(runs) / workers


def _one_s(setup: Setup, seed: int, ends_s: float, clock: Callable[[], float]) -> float:
    """Return about how many seconds one run takes."""
    whole_ms = setup.warm_up_ms + setup.duration_ms  # both are run, and only the second is counted
    part_ms = min(_FIRST_MS, whole_ms)
    while True:
        begun_s = clock()
        run_setup(replace(setup, warm_up_ms=0.0, duration_ms=part_ms), seed)
        now_s = clock()
        if part_ms >= whole_ms or now_s - begun_s >= _ENOUGH_S / 2 or now_s >= ends_s:
            return (now_s - begun_s) * whole_ms / part_ms
        part_ms = min(2 * part_ms, whole_ms)
