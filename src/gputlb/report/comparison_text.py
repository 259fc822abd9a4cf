"""A comparison in sentences: who is faster, by how much, how surely, and where they change places."""

from __future__ import annotations

from math import floor, isinf, log10
from typing import TYPE_CHECKING, Any

from gputlb.report.cost_points import MAX_MEANS
from gputlb.report.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gputlb.simulate.comparison import Comparison, Crossing, PointDifference
    from gputlb.simulate.statistics import Interval, PairedDifference
    from gputlb.simulate.sweep import CostMeaning


def comparison_text(comparison: Comparison) -> str:
    """Return all of it, a sentence a line, without what a terminal would obey: results may come from anywhere."""
    return "\n".join(map(harmless, _lines(comparison)))


def _lines(comparison: Comparison) -> Iterator[str]:
    sides = comparison.sides
    yield f"{sides.b} against {sides.a}, paired by seed, {100 * comparison.level:g} % intervals"
    for cost in dict.fromkeys(point.cost for point in comparison.points):
        meaning = sides.costs[cost]
        yield ""
        yield meaning.title
        for point in comparison.points:
            if point.cost == cost:
                few = " (max)" if point.only_max else ""
                yield f"  {_where(point.parameters)}{_sentence(comparison, point, meaning)}{few}"
        for crossing in comparison.crossings:
            if crossing.cost == cost:
                yield f"  {_crossing(comparison, crossing, meaning)}"
    if any(point.only_max for point in comparison.points):
        yield ""
        yield MAX_MEANS
    for label, alone in ((sides.a, sides.alone_a), (sides.b, sides.alone_b)):
        if alone:
            yield ""
            points = "point" if alone == 1 else "points"
            yield f"{alone:,} {points} of {label} left out: the other side has none like it"


def _where(parameters: Mapping[str, Any]) -> str:
    return f"{_named(parameters)}: " if parameters else ""


def _named(parameters: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{column.removeprefix('workload.')}={_plain(value)}"
        for column, value in parameters.items()
        if value is not None
    )


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sentence(comparison: Comparison, point: PointDifference, meaning: CostMeaning) -> str:
    a, b = comparison.sides.a, comparison.sides.b
    found = point.paired
    if found is None:
        return f"no figure: {point.why_none}"
    values = f"{_amount(found.mean_b, meaning.unit)} against {_amount(found.mean_a, meaning.unit)}"
    if isinf(found.difference.half_width):
        return f"a single replication shows no difference for certain: {values}"
    if found.mean_a == found.mean_b and not found.difference.half_width:
        return f"{b} and {a} are equal: {values}"
    size, spread = _size(found, meaning.unit)
    if not found.distinguishable:
        return f"no difference shown between {b} and {a}: {_signed(found, size)} ± {spread} ({values})"
    return f"{b} is {size} ± {spread} {_direction(found.difference.mean, meaning)} than {a} ({values})"


def _signed(found: PairedDifference, size: str) -> str:
    return f"{'-' if found.difference.mean < 0 else '+'}{size}"


def _size(found: PairedDifference, unit: str) -> tuple[str, str]:
    """Return the size of the difference and its half width, both to the digit that the half width is known to."""
    # A ratio is not to be trusted where its interval decides otherwise than the difference's: of 0 against something
    # that few runs had, it is "-100 % ± 0 %".
    if found.relative is None or found.relative.covers(0.0) == found.distinguishable:
        return _rounded(found.difference, 1, f" {unit}" if unit not in ("1", "share") else "")
    return _rounded(found.relative, 100, " %")


def _rounded(estimate: Interval, scale: float, unit: str) -> tuple[str, str]:
    mean, half = abs(estimate.mean) * scale, estimate.half_width * scale
    # Two digits of a half width below 10 % say all that it knows; more would be noise.
    digits = max(0, -floor(log10(half))) if half else 2
    digits = min(digits, 6)
    return f"{mean:.{digits}f}{unit}", f"{half:.{digits}f}{unit}"


def _direction(difference: float, meaning: CostMeaning) -> str:
    # Not all that is measured in time is a wait: with less spinning, nothing is faster.
    if meaning.unit == "µs" and meaning.title.startswith("release latency"):
        return "faster" if difference < 0 else "slower"
    return "lower" if difference < 0 else "higher"


def _amount(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return shown if unit in ("1", "share") else f"{shown} {unit}"


def _crossing(comparison: Comparison, crossing: Crossing, meaning: CostMeaning) -> str:
    name = crossing.column.removeprefix("workload.")
    unit = f" {crossing.unit}".replace(" /", "/") if crossing.unit else ""
    sides = comparison.sides
    first, then = (sides.b, sides.a) if crossing.b_lower_before else (sides.a, sides.b)
    at = f"{crossing.at:.3g}"
    if crossing.at_interval is not None:
        at, spread = _rounded(crossing.at_interval, 1, "")
        at = f"{at} ± {spread}"
    held = f" at {_named(crossing.held)}" if crossing.held else ""
    return (
        f"they cross{held} at {name} about {at}{unit}, between {crossing.low:g} and {crossing.high:g}: "
        f"{first} is {_direction(-1, meaning)} below, {then} above"
    )
