"""A sweep's results as what charts and tables show: axes, points with intervals, distributions."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError, did_you_mean
from gputlb.simulate import is_only_max, workloads
from gputlb.simulate.statistics import interval
from gputlb.simulate.sweep import numeric_axis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gputlb.simulate.sweep import Point, Points, Value

LEVEL = 0.95
"""Of all confidence intervals that are shown."""
MAX_MEANS = "(max): so few releases in a run that this quantile is their maximum."
PARTS = {
    "release_queue_us": "waiting for the mutex",
    "release_hardware_us": "waiting for invalidation units",
    "release_forcewake_us": "waking the GPU",
    "release_other_us": "everything else",
}
"""What a release waits for, by the cost that says how long."""
_FIRST_COST = "release_p99_us"
_UNITS = {"rate": "1/s", "time": "µs"}
_SIGNS = {"us": "µs", "/s": "1/s"}
"""How the unit of a value in a sweep file is printed."""
_TITLES = {"duration_ms": "duration (ms)", "warm_up_ms": "warm-up (ms)", "latency": "hardware latency"}


class NothingToShow(GputlbError):
    """What was asked to be shown is not among the results."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter that differs between points."""

    name: str
    title: str
    values: tuple[Value, ...]
    """All that occur, ascending where they are numbers, else as they come."""
    numbers: tuple[float, ...] | None
    """What they are on a scale; None where they are words."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A cost at a point: the mean over replications, and how far the truth may lie from it."""

    mean: float
    half: float | None
    """Half the width of the confidence interval; None where a single run says nothing of it."""
    runs: int
    only_max: bool = False
    """Whether, in some run, it is a quantile of so few releases that it is their maximum."""

    @property
    def low(self) -> float | None:
        """The lower end."""
        return None if self.half is None else self.mean - self.half

    @property
    def high(self) -> float | None:
        """The upper end."""
        return None if self.half is None else self.mean + self.half


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """A point of the sweep, ready to be drawn."""

    number: int
    at: tuple[int, ...]
    """Its place on each axis, as an index into the axis's values."""
    estimates: dict[str, Estimate]
    """Costs that it has; those of an unstable point that would mean nothing are left out."""
    unstable: str | None
    """Why there is no steady state, and in how many runs."""
    distribution: tuple[tuple[float, float], ...]
    """Release latency in µs, share of releases that took no longer: ascending, ending at 1."""
    releases: int
    point: Point


@dataclass(frozen=True, slots=True)
class View:
    """A sweep's results, ready to be drawn."""

    results: Points
    axes: tuple[Axis, ...]
    points: tuple[ShownPoint, ...]
    costs: tuple[str, ...]
    """Those that some point has."""
    x: int | None
    """The axis that goes along the charts; None where nothing was varied."""
    by: int | None
    """The axis that lines are told apart by."""
    first_cost: str

    def others(self) -> tuple[int, ...]:
        """Return the axes that are neither along the charts nor told apart."""
        return tuple(index for index in range(len(self.axes)) if index not in {self.x, self.by})

    def standing(self) -> int | None:
        """Return the place on the x axis that distributions are shown of: the last where every point is stable."""
        if self.x is None:
            return None
        x = self.x
        shaky = {point.at[x] for point in self.points if point.unstable}
        steady = [place for place in range(len(self.axes[x].values)) if place not in shaky]
        return steady[-1] if steady else 0


def view(results: Points, *, x: str | None = None, by: str | None = None) -> View:
    """Put results in order; `x` and `by` name the parameters along the charts and between lines.

    A workload's own parameter may be called `clients` or `workload.clients`.

    Raises: `NothingToShow` where such a parameter does not differ between points.
    """
    axes = tuple(_axes(results))
    names = [axis.name for axis in axes]
    x, by = _column(x, "--x", names), _column(by, "--by", names)
    if x is not None and x == by:
        raise NothingToShow(f"--x and --by are both {x}; lines need another parameter than the axis")
    along = names.index(x) if x is not None else _best_x(axes, by)
    between = names.index(by) if by is not None else _best_by(axes, along)
    points = tuple(_shown(point, axes) for point in results.points)
    costs = tuple(name for name in results.costs if any(name in point.estimates for point in points))
    first = _FIRST_COST if _FIRST_COST in costs else (costs or tuple(results.costs))[0]
    return View(results, axes, points, costs, along, between, first)


def _column(asked: str | None, option: str, names: Sequence[str]) -> str | None:
    """Return the name of the parameter that an option asks for; raises `NothingToShow`."""
    short = {name.removeprefix("workload."): name for name in names}
    if asked is None or asked in names:
        return asked
    if asked not in short:
        listed = f"; the sweep varies {', '.join(short)}" if names else "; the sweep varies nothing"
        raise NothingToShow(f"{option} {asked}: no such parameter{did_you_mean(asked, short) or listed}")
    return short[asked]


def value_text(value: Value) -> str:
    """Return a parameter's value as it is read in a legend."""
    if value is None:
        return "none"
    if isinstance(value, float) and float(short := f"{value:g}") == value:
        return short
    return str(value)


def parameter_title(name: str) -> str:
    """Return what a parameter is called where there is room for words."""
    return _TITLES.get(name, name.removeprefix("workload.").replace("_", " "))


def number_text(value: float) -> str:
    """Return a figure with three digits that matter, thousands set apart."""
    size = abs(value)
    if size >= 1e15:
        return f"{value:.3g}"
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.3g}"


def estimate_text(estimate: Estimate, unit: str) -> str:
    """Return a cost with its interval and unit: `123.4 ± 5.6 µs`, and with a remark where it is a mere maximum."""
    return f"{figure_text(estimate, unit)} {unit_text(unit)}".rstrip() + max_mark(estimate)


def max_mark(estimate: Estimate) -> str:
    """Return what stands behind a quantile of too few releases."""
    return " (max)" if estimate.only_max else ""


def figure_text(estimate: Estimate, unit: str) -> str:
    """Return a cost with its interval, without its unit: two digits of the uncertainty, and the mean as far as that."""
    factor = 100 if unit == "share" else 1
    mean, half = estimate.mean * factor, (estimate.half or 0) * factor
    number = number_text(mean)
    if half > 0:
        places = min(max(1 - floor(log10(half)), 0), 9)
        number = f"{mean:,.{places}f} ± {half:,.{places}f}"
    return number


def unit_text(unit: str) -> str:
    """Return a unit as it stands behind a figure: shares are shown in percent, plain numbers have none."""
    return {"1": "", "share": "%"}.get(unit, unit)


def cost_title(results: Points, name: str) -> str:
    """Return a cost's title with its unit."""
    cost = results.costs[name]
    unit = unit_text(cost.unit)
    return f"{cost.title} ({unit})" if unit else cost.title


def _axes(results: Points) -> Iterable[Axis]:
    names = dict.fromkeys(results.varied) | dict.fromkeys(results.points[0].parameters)
    for name in names:
        values = list(dict.fromkeys(point.parameters[name] for point in results.points))
        if len(values) > 1:
            title = parameter_title(name)
            numbers, suffix = _numbers(values)
            if numbers is not None:
                pairs = sorted(zip(numbers, values, strict=True), key=lambda pair: pair[0])
                numbers, values = [number for number, _ in pairs], [value for _, value in pairs]
            unit = suffix or _declared_unit(results, name)
            named = f"{title} ({unit})" if unit and numbers else title
            yield Axis(name, named, tuple(values), None if numbers is None else tuple(numbers))


def _numbers(values: Sequence[Value]) -> tuple[list[float] | None, str]:
    """Return the values as numbers, all different, and what follows each, such as `/s`; None if they are words."""
    found = numeric_axis(values)
    if found is None:
        return None, ""
    numbers = [found.numbers[value] for value in values if value is not None]
    able = len(set(numbers)) == len(numbers) and all(isfinite(number) for number in numbers)
    return (numbers, _SIGNS.get(found.unit, found.unit)) if able else (None, "")


def _declared_unit(results: Points, name: str) -> str:
    """Return the unit of a workload's parameter that is given as plain numbers."""
    used = {str(results.setup_of(point).get("workload")) for point in results.points}
    known = workloads()
    declared = [each for one in used if one in known for each in known[one].parameters()]
    kinds = {each.kind for each in declared if f"workload.{each.name}" == name}
    return _UNITS.get(kinds.pop(), "") if len(kinds) == 1 else ""


def _best_x(axes: Sequence[Axis], by: str | None) -> int | None:
    """Choose the axis of numbers with the most values, else that of words."""
    free = [index for index, axis in enumerate(axes) if axis.name != by]
    if not free:
        return None
    return max(free, key=lambda index: (axes[index].numbers is not None, len(axes[index].values), -index))


def _best_by(axes: Sequence[Axis], x: int | None) -> int | None:
    """Choose the scheme, which is what results are about, else the axis with the fewest values."""
    free = [index for index in range(len(axes)) if index != x]
    if not free:
        return None
    return min(free, key=lambda index: (axes[index].name != "scheme", len(axes[index].values), index))


def _shown(point: Point, axes: Sequence[Axis]) -> ShownPoint:
    estimates = {}
    for name, values in point.values.items():
        known = [value for value in values if value is not None]
        # Where a run has no steady state the others, which got away with it, say too little.
        if known and not (point.unstable and len(known) < len(values)):
            found = interval(known, LEVEL)
            half = found.half_width if isfinite(found.half_width) else None
            few = any(is_only_max(name, releases) for releases in point.releases)
            estimates[name] = Estimate(found.mean, half, len(known), few)
    at = tuple(axis.values.index(point.parameters[axis.name]) for axis in axes)
    releases = sum(count for _, count in point.histogram)
    unstable = None
    if point.unstable:
        runs = len(point.seeds)
        part = "" if len(point.unstable) == runs else f" (in {len(point.unstable)} of {runs} runs)"
        unstable = f"{point.unstable[0]}{part}"
    distribution = () if unstable else tuple(_cumulative(point.histogram, releases))
    return ShownPoint(point.number, at, estimates, unstable, distribution, releases, point)


def _cumulative(histogram: Sequence[tuple[float, int]], releases: int) -> Iterable[tuple[float, float]]:
    so_far = 0
    for upper_us, count in histogram:
        so_far += count
        yield upper_us, so_far / releases
