"""What goes into the slots of the charts for one choice of cost, axes and place.

The script of the page does the same for the choices that are made there; the names of slots and columns are those of
`cost_charts`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gputlb.report.chart_theme import SHAPES
from gputlb.report.cost_charts import LINEAR_UP_TO_US, SMALL_FIGURES, legend, title_y
from gputlb.report.cost_points import PARTS, cost_title, estimate_text, parameter_title, value_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gputlb.report.chart_theme import Theme
    from gputlb.report.cost_points import ShownPoint, View

DASHES = ([1, 0], [6, 3], [2, 3], [9, 3, 2, 3], [12, 4], [1, 2])
NO_STEADY_STATE = "hollow: no steady state"
_MOST_TICKS = 12
_WIDE = 30
"""From this ratio of figures on, a scale is logarithmic."""
TAIL_LABELS = "datum.value >= 1 ? 'all' : format(datum.value, '.3~%')"
PERCENT_LABELS = "format(datum.value * 100, '.3~r')"
SHARE_LABELS = "format(datum.value, '.0%')"

Slots = dict[str, Any]


def series_of(view: View, point: ShownPoint) -> str:
    """Return which line a point belongs to."""
    return "all" if view.by is None else value_text(view.axes[view.by].values[point.at[view.by]])


def series_slots(view: View, points: Sequence[ShownPoint], theme: Theme) -> Slots:
    """Return the slots of lines: their names, and what they are told apart by."""
    if view.by is None:
        names = ["all"]
        places = [0]
    else:
        present = {point.at[view.by] for point in points}
        places = [place for place in range(len(view.axes[view.by].values)) if place in present]
        names = [value_text(view.axes[view.by].values[place]) for place in places]
    title = "" if view.by is None else view.axes[view.by].title
    return {
        "series": names,
        "colours": [theme.series[place % len(theme.series)] for place in places],
        "shapes": [SHAPES[place % len(SHAPES)] for place in places],
        "dashes": [DASHES[place % len(DASHES)] for place in places],
        "legend": legend(title) if len(names) > 1 else None,
        "title_y": title_y(),
    }


def curve_slots(view: View, points: Sequence[ShownPoint], cost: str, theme: Theme, width: int, height: int) -> Slots:
    """Return the slots of a load curve of `cost`."""
    lines = series_slots(view, points, theme)
    off = [series_of(view, point) for point in points if point.unstable and cost not in point.estimates]
    strip = [name for name in lines["series"] if name in off]
    if lines["legend"]:
        lines["legend"] = legend(lines["legend"]["title"] or "", len(strip))
    unit = view.results.costs[cost].unit
    rows = []
    for point in points:
        name = series_of(view, point)
        estimate = point.estimates.get(cost)
        row = {
            "x": _x(view, point),
            "place": place_text(view, point),
            "series": name,
            "unstable": point.unstable is not None,
            "lane": strip.index(name) if name in strip else 0,
            "mean": estimate and estimate.mean,
            "low": estimate and estimate.low,
            "high": estimate and estimate.high,
            "line": estimate.mean if estimate and not point.unstable else None,
            "said": estimate_text(estimate, unit) if estimate else "",
        }
        if estimate or point.unstable:
            rows.append(row)
    hollow = any(row["unstable"] for row in rows)
    scale = _y_scale(rows)
    title = cost_title(view.results, cost)
    return {
        **lines,
        **_x_slots(view),
        "rows": rows,
        "y_title": title,
        "y_labels": PERCENT_LABELS if unit == "share" else SMALL_FIGURES,
        "y_scale": scale,
        "y_ticks": log_ticks(*scale["domain"]) if "domain" in scale else None,
        "title_y": title_y(len(strip)),
        "note": NO_STEADY_STATE if hollow else "",
        "description": f"{title} along {x_title(view)}",
        "width": width,
        "height": height,
    }


def distribution_slots(view: View, points: Sequence[ShownPoint], theme: Theme, width: int, height: int, *,
                       tail: bool) -> Slots:  # fmt: skip
    """Return the slots of latency distributions: shares of releases that took no longer, or longer with `tail`."""
    rows: list[Slots] = []
    for point in points:
        name = series_of(view, point)
        shares = tail_shares(point) if tail else cumulative_shares(point)
        rows += [{"x": x, "share": share, "series": name} for x, share in shares]
    title = "releases that took longer" if tail else "releases that took no longer"
    lowest = min((row["share"] for row in rows), default=1)
    powers = [10.0**-power for power in range(8) if 10.0**-power >= lowest * 0.999]
    return {
        **series_slots(view, [point for point in points if point.distribution], theme),
        "rows": rows,
        "y_title": title,
        "y_scale": {"type": "log", "nice": False} if tail else {"domain": [0, 1]},
        "y_ticks": powers if tail else [0, 0.25, 0.5, 0.75, 1],
        **_latency_axis([row["x"] for row in rows]),
        "y_labels": TAIL_LABELS if tail else SHARE_LABELS,
        "note": place_note(view, points),
        "description": f"Distribution of release latency in µs: {title}",
        "width": width,
        "height": height,
    }


def breakdown_slots(view: View, points: Sequence[ShownPoint], *, width: int, height: int, columns: int) -> Slots:
    """Return the slots of the stacks of where time goes."""
    rows: list[Slots] = []
    for point in points:
        line = 0 if view.by is None else point.at[view.by]
        common = {"x": place_text(view, point), "series": series_of(view, point), "line": line}
        if point.unstable:
            rows.append({**common, "unstable": True, "mean": None})
            continue
        for order, (cost, title) in enumerate(PARTS.items()):
            estimate = point.estimates.get(cost)
            if estimate:
                said = estimate_text(estimate, "µs")
                rows.append({**common, "part": title, "order": order, "mean": estimate.mean, "said": said})
    places = [""] if view.x is None else [value_text(value) for value in view.axes[view.x].values]
    return {
        "rows": rows,
        "places": places,
        "x_title": x_title(view),
        "parts": list(PARTS.values()),
        "stack": "zero",
        "y_title": "mean release latency (µs)",
        "y_labels": SMALL_FIGURES,
        "columns": columns,
        "legend_columns": len(PARTS),
        "foot": height - 6,
        "description": f"Mean release latency in µs along {x_title(view)}, by what is waited for",
        "width": width,
        "height": height,
    }


def timeline_points(view: View) -> list[ShownPoint]:
    """Return a stable point for each line, of the first combination of what no chart shows.

    All at the same place if they can: the last where every line is stable.
    """
    others = view.others()
    found: dict[str, ShownPoint] = {}
    standing = view.standing()
    for point in view.points:
        if any(point.at[index] for index in others):
            continue
        here = view.x is None or point.at[view.x] == standing
        if here or series_of(view, point) not in found:
            found[series_of(view, point)] = point
    return list(found.values())


def has_breakdown(points: Iterable[ShownPoint]) -> bool:
    """Tell whether the results say where time goes."""
    return any(cost in point.estimates for point in points for cost in PARTS)


def cumulative_shares(point: ShownPoint) -> list[tuple[float, float]]:
    """Return latency and the share of releases that took no longer, from 0 on."""
    return [(point.distribution[0][0], 0.0), *point.distribution] if point.distribution else []


def tail_shares(point: ShownPoint) -> list[tuple[float, float]]:
    """Return latency and the share of releases that took longer; the last stands for one release."""
    if not point.distribution:
        return []
    shares = [(point.distribution[0][0], 1.0)]
    shares += [(x, 1 - share) for x, share in point.distribution[:-1]]
    return [*shares, (point.distribution[-1][0], shares[-1][1])]


def place_text(view: View, point: ShownPoint) -> str:
    """Return where along the x axis a point stands."""
    return "" if view.x is None else value_text(view.axes[view.x].values[point.at[view.x]])


def place_note(view: View, points: Sequence[ShownPoint]) -> str:
    """Return what all points have in common along the x axis: `clients: 8`."""
    places = {place_text(view, point) for point in points}
    return f"{x_title(view)}: {places.pop()}" if view.x is not None and len(places) == 1 else ""


def x_title(view: View) -> str:
    """Return the x axis's title."""
    return "" if view.x is None else view.axes[view.x].title


def combination_text(view: View, point: ShownPoint) -> str:
    """Return the values on the axes that a chart does not show: `platform icelake, latency heavy tail`."""
    parts = ((view.axes[index], point.at[index]) for index in view.others())
    return ", ".join(f"{parameter_title(axis.name)} {value_text(axis.values[place])}" for axis, place in parts)


def _x(view: View, point: ShownPoint) -> float | str:
    if view.x is None:
        return ""
    numbers = view.axes[view.x].numbers
    return numbers[point.at[view.x]] if numbers else place_text(view, point)


def _x_slots(view: View) -> Slots:
    numbers = None if view.x is None else view.axes[view.x].numbers
    if numbers is None:
        places = [""] if view.x is None else [value_text(value) for value in view.axes[view.x].values]
        scale: Slots = {"type": "point", "padding": 0.5, "domain": places}
        return {"x_type": "ordinal", "x_title": x_title(view), "x_scale": scale, "x_ticks": None}
    scale = {"type": "log"} if spread_out(numbers) else {"type": "linear", "zero": False}
    scale |= {"nice": False, "padding": 14}
    ticks = list(numbers) if len(numbers) <= _MOST_TICKS else None
    return {"x_type": "quantitative", "x_title": x_title(view), "x_scale": scale, "x_ticks": ticks}


def _y_scale(rows: Sequence[Slots]) -> Slots:
    """Return a scale from 0, or a logarithmic one where the least figure would be lost below the greatest.

    An interval that reaches 0 has no lower end on a logarithmic scale; the rows then end it below all means.
    """
    means = [row["mean"] for row in rows if row["mean"] is not None]
    if not means or min(means) <= 0 or max(means) < _WIDE * min(means):
        return {"zero": True}
    for row in rows:
        if row["low"] is not None:
            row["low"] = max(row["low"], min(means) / 2)
    ends = _extent(row[end] for row in rows for end in ("mean", "low", "high"))
    return {"type": "log", "nice": False, "domain": log_bounds(*ends)}


def _latency_axis(latencies: Sequence[float]) -> Slots:
    """Return where the axis of a distribution begins, ends and has ticks."""
    lowest, highest = _extent(latencies)
    lowest = 0 if lowest < 1 else lowest
    highest = max(highest, lowest + 1)
    ticks = None if highest < 2 * LINEAR_UP_TO_US else log_ticks(max(lowest, LINEAR_UP_TO_US), highest)
    return {"x_domain": [lowest, highest], "x_ticks": ticks and [*([] if lowest else [0]), *ticks]}


def _extent(figures: Iterable[float | None]) -> tuple[float, float]:
    known = [figure for figure in figures if figure is not None]
    return (min(known), max(known)) if known else (1.0, 1.0)


def log_ticks(lowest: float, highest: float) -> list[float]:
    """Return 1, 2, 5, 10, … between two figures; the powers of ten alone over more than three of them."""
    return [tick for tick in _log_steps(lowest, highest) if lowest <= tick <= highest]


def log_bounds(lowest: float, highest: float) -> list[float]:
    """Return the ticks next to two positive figures, outside of them."""
    steps = _log_steps(lowest, highest)
    return [max(step for step in steps if step <= lowest), min(step for step in steps if step >= highest)]


def _log_steps(lowest: float, highest: float) -> list[float]:
    """Return the ticks from the power of ten below two figures to the one above."""
    if lowest <= 0:
        return []
    within = (1, 2, 5) if highest < lowest * 2000 else (1,)
    powers = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    return [float(f"{step * 10.0**power:.12g}") for power in powers for step in within]


def spread_out(numbers: Sequence[float]) -> bool:
    """Tell whether ascending numbers are spaced by factors rather than by steps."""
    if len(numbers) < 3 or numbers[0] <= 0:
        return False
    return numbers[-1] - numbers[-2] > 3 * (numbers[1] - numbers[0])
