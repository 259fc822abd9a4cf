"""A histogram of times that never grows: buckets of equal relative width."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FINE_BITS = 10
_COARSE_BITS = 7

RELATIVE_ERROR = 2.0**-_FINE_BITS
"""How far a quantile may be from the value that it stands for: 0.1 %."""
COARSE_RELATIVE_WIDTH = 2.0**-_COARSE_BITS
"""How wide a bucket of `LatencyHistogram.coarse` is at most, as a part of its values: 0.8 %."""


class LatencyHistogram:
    """Counts of whole nanoseconds: exact below 2048 ns, then 1024 buckets for each doubling.

    Ten doublings more take 10240 counts more, so that its size is bounded by the range of the values and not by
    how many there are. Count, sum and largest are exact. The layout is that of HDR histograms.
    """

    __slots__ = ("_counts", "_sums", "count", "largest_ns", "total_ns")

    def __init__(self, values_ns: Iterable[int] = ()) -> None:
        self._counts: dict[int, int] = {}
        self._sums: dict[int, int] = {}
        self.count = 0
        self.total_ns = 0
        self.largest_ns = 0
        for value_ns in values_ns:
            self.add(value_ns)

    def add(self, value_ns: int) -> None:
        """Count one value, 0 or more."""
        shift = value_ns.bit_length() - _FINE_BITS - 1
        bucket = value_ns if shift <= 0 else (shift << _FINE_BITS) + (value_ns >> shift)
        counts = self._counts
        if bucket in counts:
            counts[bucket] += 1
            self._sums[bucket] += value_ns
        else:
            counts[bucket] = 1
            self._sums[bucket] = value_ns
        self.count += 1
        self.total_ns += value_ns
        self.largest_ns = max(self.largest_ns, value_ns)

    def mean_us(self) -> float | None:
        """Return the mean in µs, exactly; None without values."""
        return self.total_ns / self.count / 1000 if self.count else None

    def quantile_us(self, per_mille: int) -> float | None:
        """Return, in µs, the smallest value that `per_mille` of 1000 do not exceed, by nearest rank; None without any.

        It is the mean of the values in that one's bucket: exact where they are equal, else off by `RELATIVE_ERROR`
        at most.
        """
        if not self.count:
            return None
        left = max(1, -(-per_mille * self.count // 1000))
        for bucket in sorted(self._counts):
            left -= self._counts[bucket]
            if left <= 0:
                return self._sums[bucket] / self._counts[bucket] / 1000
        raise AssertionError("the counts add up to less than their sum")

    def coarse(self) -> tuple[tuple[float, int], ...]:
        """Return upper bounds in µs, ascending, each with how many values there are from the bound before to it."""
        merged: dict[int, int] = {}
        for bucket in sorted(self._counts):
            last = _last(bucket)
            shift = max(0, last.bit_length() - _COARSE_BITS - 1)
            upper = (last >> shift << shift) + (1 << shift) - 1
            merged[upper] = merged.get(upper, 0) + self._counts[bucket]
        return tuple((upper / 1000, count) for upper, count in merged.items())


def _last(bucket: int) -> int:
    """Return the last value of a bucket."""
    if bucket < 2 << _FINE_BITS:
        return bucket
    shift = (bucket >> _FINE_BITS) - 1
    return ((bucket - (shift << _FINE_BITS) + 1) << shift) - 1
