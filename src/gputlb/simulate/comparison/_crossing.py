"""Where two curves change places along a parameter."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gputlb.simulate.statistics import Interval, interval, paired

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.simulate.statistics import PairedDifference


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two neighbouring points, or nearly so, between which the sign of B - A changes for certain."""

    cost: str
    column: str
    """The parameter along which they cross."""
    unit: str
    """Of the parameter, as its values have it."""
    held: dict[str, Any]
    """The other parameters."""
    low: float
    """The last point at which the one side is shown to cost less."""
    high: float
    """The first point at which the other is."""
    at: float
    """Where the difference is 0, interpolated linearly between the points."""
    at_interval: Interval | None
    """Of the places where each replication by itself crosses; None where not every one does so once."""
    b_lower_before: bool
    """Whether it is B that costs less up to `low`."""


@dataclass(slots=True)
class _Place:
    x: float
    difference: PairedDifference
    by_seed: dict[int, float]


@dataclass(slots=True)
class Curve:
    """B - A along a parameter, in ascending order of it."""

    cost: str
    column: str
    unit: str
    held: dict[str, Any]
    level: float
    stretches: list[list[_Place]] = field(default_factory=lambda: [[]])
    """Parts without a gap."""

    def add(self, x: float, seeds: Sequence[int], a: Sequence[float], b: Sequence[float]) -> None:
        """Add a point, with the cost of each replication on both sides."""
        by_seed = {seed: later - earlier for seed, earlier, later in zip(seeds, a, b, strict=True)}
        self.stretches[-1].append(_Place(x, paired(a, b, self.level), by_seed))

    def interrupt(self) -> None:
        """Say that there is a point without a figure, across which nothing can be said."""
        self.stretches.append([])


def crossings(curve: Curve) -> list[Crossing]:
    """Return where the sign of the difference changes from one certain point to the next certain one.

    Points whose interval covers 0 are certain of nothing: the crossing lies somewhere about them.
    """
    found = []
    for stretch in curve.stretches:
        certain = [index for index, place in enumerate(stretch) if place.difference.distinguishable]
        for low, high in pairwise(certain):
            before, after = (stretch[index].difference.difference.mean for index in (low, high))
            if (before < 0) != (after < 0):
                found.append(_crossing(curve, stretch[low : high + 1]))
    return found


def _crossing(curve: Curve, between: Sequence[_Place]) -> Crossing:
    means = [(place.x, place.difference.difference.mean) for place in between]
    seeds = set.intersection(*(set(place.by_seed) for place in between))
    each = [_zeros([(place.x, place.by_seed[seed]) for place in between]) for seed in sorted(seeds)]
    sure = len(each) > 1 and all(len(zeros) == 1 for zeros in each)
    return Crossing(
        curve.cost,
        curve.column,
        curve.unit,
        curve.held,
        between[0].x,
        between[-1].x,
        _zeros(means)[0],
        interval([zeros[0] for zeros in each], curve.level) if sure else None,
        means[0][1] < 0,
    )


def _zeros(points: Sequence[tuple[float, float]]) -> list[float]:
    """Return where a line through the points changes its sign."""
    found = []
    for (x, y), (next_x, next_y) in pairwise(points):
        if (y < 0) != (next_y < 0):
            found.append(x + (next_x - x) * y / (y - next_y))
    return found
