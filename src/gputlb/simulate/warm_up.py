"""How long a run must go before its figures no longer know how it began."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gputlb.simulate.seeds import pilot_seed
from gputlb.simulate.setup import run_setup
from gputlb.simulate.statistics import mser5

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.runtime import Event, SimulatedRuntime
    from gputlb.simulate.machine import Machine
    from gputlb.simulate.setup import Setup

PILOT_RUNS = 5
_BINS = 200


@dataclass(frozen=True, slots=True)
class FoundWarmUp:
    """What pilot runs say about the beginning of a run."""

    warm_up_ms: float
    """Virtual time not to count."""
    settled: bool
    """False where what is left of the pilots still drifts, or they release too little to tell."""


def find_warm_up(setup: Setup, seed: int, *, progress: Callable[[float], object] | None = None) -> FoundWarmUp:
    """Run `setup` 5 times from its very beginning, with seeds of their own, and return when release latency settles.

    The latencies of all runs are averaged by when they ended, in 200 spans of time (Welch 1983), and the start is cut
    by the rule MSER-5. At most half of `setup.duration_ms` is cut. Raises: as `run_setup`.
    """
    pilot = replace(setup, warm_up_ms=0.0)
    series = _Series(setup.duration_ms)
    for number in range(PILOT_RUNS):
        run_setup(
            pilot,
            pilot_seed(seed, number),
            listen=series.listen,
            progress=_part(progress, number) if progress else None,
        )
    ends_ms, means = series.means()
    found = mser5(means)
    return FoundWarmUp(ends_ms[found.values - 1] if found.values else 0.0, found.settled)


def _part(progress: Callable[[float], object], number: int) -> Callable[[float], object]:
    return lambda part: progress((number + part) / PILOT_RUNS)


class _Series:
    """Release latency over time, summed over runs, in bounded memory."""

    def __init__(self, duration_ms: float) -> None:
        self._span_ns = duration_ms * 1e6 / _BINS
        self._sums = [0] * _BINS
        self._counts = [0] * _BINS

    def listen(self, runtime: SimulatedRuntime, _machine: Machine) -> None:
        runtime.events.listen(self._notice)

    def _notice(self, event: Event) -> None:
        if event.kind == "release":
            took_ns = event.values[0]
            assert isinstance(took_ns, int)
            number = min(int(event.time_ns / self._span_ns), _BINS - 1)
            self._sums[number] += took_ns
            self._counts[number] += 1

    def means(self) -> tuple[list[float], list[float]]:
        """Return when each span with releases ends, in ms, and their mean latency, in ns."""
        there = [number for number in range(_BINS) if self._counts[number]]
        ends_ms = [(number + 1) * self._span_ns / 1e6 for number in there]
        return ends_ms, [self._sums[number] / self._counts[number] for number in there]
