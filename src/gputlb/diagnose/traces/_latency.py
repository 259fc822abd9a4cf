"""A distribution of latencies in constant memory."""

from __future__ import annotations

from array import array
from collections import Counter
from itertools import chain
from math import ceil, floor, log

import msgspec

_EXACT = 100_000
_AT_ONCE = 4_096
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
        self._doubling: Counter[int] = Counter()
        self._waiting: list[float] = []
        self._count = 0
        self._sum = 0.0
        self._min = float("inf")
        self._max = 0.0

    def add(self, latency_us: float) -> None:
        """Take one latency."""
        self._waiting.append(latency_us)
        if len(self._waiting) >= _AT_ONCE:
            self._take_in()

    def _take_in(self) -> None:
        new, self._waiting = self._waiting, []
        if not new:
            return
        self._count += len(new)
        self._sum += sum(new)
        self._min = min(self._min, *new)
        self._max = max(self._max, *new)
        self._doubling.update(map(_doublings, new))
        if self._count <= _EXACT:
            self._exact.extend(new)
            return
        # From here on only the share of each fine bucket is known.
        self._fine.update(map(_fine_bucket, chain(self._exact, new)))
        self._exact = array("d")

    def summary(self) -> LatencySummary | None:
        """Return the distribution, or None where there is nothing."""
        self._take_in()
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
            histogram=[(float(1 << doublings), count) for doublings, count in sorted(self._doubling.items())],
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


def _doublings(latency_us: float) -> int:
    return (max(1, ceil(latency_us)) - 1).bit_length()


def _fine_bucket(latency_us: float) -> int:
    return floor(log(max(latency_us, 1e-3)) / _LOG_GROWTH)
