"""A distribution of latencies in constant memory."""

from __future__ import annotations

from array import array
from collections import Counter
from math import floor, log

import msgspec

_EXACT = 100_000
_GROWTH = 1.01
_LOG_GROWTH = log(_GROWTH)


class LatencySummary(msgspec.Struct, frozen=True):
    """Latencies in microseconds."""

    count: int
    min_us: float
    mean_us: float
    p50_us: float
    p95_us: float
    p99_us: float
    max_us: float
    histogram: list[tuple[float, int]]
    """Upper bounds, doubling from 1 us, with counts; only buckets that are not empty."""


class Latencies:
    """Collects latencies; quantiles are exact up to 100 000 values and within 1 % beyond."""

    def __init__(self) -> None:
        self._exact = array("d")
        self._fine: Counter[int] = Counter()
        self._doubling: Counter[float] = Counter()
        self._count = 0
        self._sum = 0.0
        self._min = float("inf")
        self._max = 0.0

    def add(self, latency_us: float) -> None:
        """Take one latency."""
        self._count += 1
        self._sum += latency_us
        self._min = min(self._min, latency_us)
        self._max = max(self._max, latency_us)
        if self._count <= _EXACT:
            self._exact.append(latency_us)
        self._fine[floor(log(max(latency_us, 1e-3)) / _LOG_GROWTH)] += 1
        bound = 1.0
        while bound < latency_us:
            bound *= 2
        self._doubling[bound] += 1

    def summary(self) -> LatencySummary | None:
        """Return the distribution, or None where there is nothing."""
        if not self._count:
            return None
        ordered = sorted(self._exact) if self._count <= _EXACT else None
        return LatencySummary(
            count=self._count,
            min_us=round(self._min, 3),
            mean_us=round(self._sum / self._count, 3),
            p50_us=self._quantile(0.50, ordered),
            p95_us=self._quantile(0.95, ordered),
            p99_us=self._quantile(0.99, ordered),
            max_us=round(self._max, 3),
            histogram=sorted(self._doubling.items()),
        )

    def _quantile(self, share: float, ordered: list[float] | None) -> float:
        rank = min(self._count - 1, int(share * self._count))
        if ordered is not None:
            return round(ordered[rank], 3)
        seen = 0
        for bucket in sorted(self._fine):
            seen += self._fine[bucket]
            if seen > rank:
                return round(min(self._max, max(self._min, _GROWTH ** (bucket + 1))), 3)
        return round(self._max, 3)
