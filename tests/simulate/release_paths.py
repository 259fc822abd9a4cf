"""What becomes of each of a row of releases, worked out one by one, without agents, locks or virtual time."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

from gputlb.driver.seqno import after_flush, seqno_passed, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def poisson_arrivals(random: Random, rate_per_s: float, n: int) -> list[float]:
    """Return the times, in µs, at which `n` releases arrive."""
    return list(accumulate(random.expovariate(rate_per_s / 1e6) for _ in range(n)))


def each(span_us: float) -> Iterator[float]:
    """Return flushes that all take the same time."""
    while True:
        yield span_us


def drawn(random: Random, draw: Callable[[Random], float]) -> Iterator[float]:
    """Return flushes that take random times."""
    while True:
        yield draw(random)


def unbatched(arrivals: Sequence[float], flushes: Iterator[float]) -> list[float]:
    """Return the latencies if every release flushes, in the order of coming (Lindley's recursion)."""
    latencies, free = [], 0.0
    for came in arrivals:
        free = max(free, came) + next(flushes)
        latencies.append(free - came)
    return latencies


def batched(arrivals: Sequence[float], flushes: Iterator[float]) -> list[float]:
    """Return the latencies if a flush serves all who came before it began."""
    latencies: list[float] = []
    end = 0.0
    while len(latencies) < len(arrivals):
        begin = max(end, arrivals[len(latencies)])
        end = begin + next(flushes)
        served = bisect_right(arrivals, begin)
        latencies += [end - came for came in arrivals[len(latencies) : served]]
    return latencies


def numbered(arrivals: Sequence[float], flushes: Iterator[float], *, unbound_before_us: float = 0.0) -> list[float]:
    """Return the latencies by the driver's own arithmetic: a stamp at unbinding, a mutex, a look at the counter."""
    latencies: list[float] = []
    ends: list[float] = []
    counters = [0]
    free = 0.0
    for came in arrivals:
        wanted = stamp(counters[bisect_right(ends, came - unbound_before_us)])
        if seqno_passed(counters[bisect_right(ends, came)], wanted):
            latencies.append(0.0)  # passed before the mutex was asked for
            continue
        free = max(free, came)
        if not seqno_passed(counters[bisect_right(ends, free)], wanted):
            free += next(flushes)
            ends.append(free)
            counters.append(after_flush(counters[-1]))
        latencies.append(free - came)
    return latencies
