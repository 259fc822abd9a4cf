"""How much B costs more or less than A at each point, and where the two change places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gputlb.errors import did_you_mean
from gputlb.simulate.comparison._crossing import Crossing, Curve, crossings
from gputlb.simulate.comparison._sides import CannotCompare
from gputlb.simulate.costs import is_only_max
from gputlb.simulate.statistics import PairedDifference, paired
from gputlb.simulate.sweep import canonical, numeric_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.simulate.comparison._sides import Match, Sides

DEFAULT_COSTS = ("release_p99_us",)


@dataclass(frozen=True, slots=True)
class PointDifference:
    """One cost at one point, on both sides."""

    cost: str
    parameters: dict[str, Any]
    """Those that tell the points apart."""
    pairs: int
    """Replications that both sides have."""
    paired: PairedDifference | None
    """B against A; None where there is no figure."""
    why_none: str | None
    """Why there is no figure: a side is unstable, or its runs say nothing. Never averaged away."""
    only_max: bool = False
    """Whether the cost is a quantile of so few releases, in a run of either side, that it is their maximum."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences between two sides."""

    sides: Sides
    level: float
    """Of the intervals, 0 to 1."""
    points: tuple[PointDifference, ...]
    crossings: tuple[Crossing, ...]


def compare(sides: Sides, costs: Sequence[str] = DEFAULT_COSTS, *, level: float = 0.95) -> Comparison:
    """Compare the costs named, point by point; `sides` says which point stands against which.

    Replications are paired by seed, so that what chance did to both cancels. A point at which any replication of a
    side is unstable has no figure.

    Raises: `CannotCompare` for a cost that the results do not have.
    """
    for cost in costs:
        if cost not in sides.costs:
            raise CannotCompare(
                f"cost {cost!r} is unknown{did_you_mean(cost, sides.costs)}; there are {', '.join(sides.costs)}"
            )
    points = tuple(_difference(sides, match, cost, level) for cost in costs for match in sides.matches)
    return Comparison(
        sides, level, points, tuple(crossing for cost in costs for crossing in _crossings(sides, cost, level))
    )


def _difference(sides: Sides, match: Match, cost: str, level: float) -> PointDifference:
    parameters = {column: match.parameters.get(column) for column in sides.varied}
    why_none = _why_none(sides, match, cost)
    found = None if why_none else paired([row[cost] for row in match.a], [row[cost] for row in match.b], level)
    few = found is not None and any(is_only_max(cost, row["measured_releases"]) for row in (*match.a, *match.b))
    return PointDifference(cost, parameters, len(match.a), found, why_none, few)


def _why_none(sides: Sides, match: Match, cost: str) -> str | None:
    for label, rows in ((sides.a, match.a), (sides.b, match.b)):
        unstable = [row["unstable"] for row in rows if row["unstable"] is not None]
        if unstable:
            return f"{label} is unstable in {len(unstable)} of {len(rows)} runs: {unstable[0]}"
        silent = [row for row in rows if row[cost] is None]
        if silent:
            return f"{label} has no figure in {len(silent)} of {len(rows)} runs"
    return None


def _crossings(sides: Sides, cost: str, level: float) -> list[Crossing]:
    """Search along each parameter that is a number, for each combination of the others."""
    found: list[Crossing] = []
    for column in sides.varied:
        axis = numeric_axis([match.parameters.get(column) for match in sides.matches])
        if axis is None:
            continue
        rest = [other for other in sides.varied if other != column]
        groups: dict[tuple[str, ...], list[Match]] = {}
        for match in sides.matches:
            groups.setdefault(tuple(canonical(match.parameters.get(other)) for other in rest), []).append(match)
        for matches in groups.values():
            held = {other: matches[0].parameters.get(other) for other in rest}
            curve = Curve(cost, column, axis.unit, held, level)
            for match in sorted(matches, key=lambda match: axis.numbers[match.parameters[column]]):
                if _why_none(sides, match, cost) is None:
                    curve.add(
                        axis.numbers[match.parameters[column]],
                        [row["seed"] for row in match.a],
                        [row[cost] for row in match.a],
                        [row[cost] for row in match.b],
                    )
                else:
                    curve.interrupt()
            found += crossings(curve)
    return found
