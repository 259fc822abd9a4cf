"""A sweep's results as an interactive page of its own: it loads nothing, and escapes everything that it was given."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from gputlb import __version__
from gputlb.report import cost_charts
from gputlb.report.chart_theme import PAGE, SHAPES
from gputlb.report.cost_command import run_command
from gputlb.report.cost_pictures import javascript
from gputlb.report.cost_points import (
    LEVEL,
    MAX_MEANS,
    PARTS,
    cost_title,
    figure_text,
    max_mark,
    number_text,
    unit_text,
    value_text,
)
from gputlb.report.cost_rows import DASHES, PERCENT_LABELS, SHARE_LABELS, TAIL_LABELS, has_breakdown
from gputlb.report.cost_timeline import timeline_slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gputlb.report.cost_points import ShownPoint, View
    from gputlb.report.cost_timeline import RunTimeline
    from gputlb.simulate.sweep import Value

MOST_ROWS = 2_000
"""Of the table of points."""
MOST_STEPS = 240
"""Of a distribution; a finer one is thinned out, its first and last steps kept."""
_TABLE_COSTS = 6


def cost_page(view: View, timelines: Sequence[RunTimeline]) -> str:
    """Return the page.

    Raises: `NoCharts` where the package that holds the charts' program is missing.
    """
    library, script = javascript(), _packaged("cost_page.js")
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        f"script-src {_fingerprint(library)} {_fingerprint(script)}"
    )
    name = escape(view.results.name or "sweep")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: what waiting costs</title>
<style>
{_packaged("cost_page.css")}</style>
</head>
<body>
<main>
<header><div><h1>{name}</h1><p class="quiet">{escape(_summary(view))}</p></div>
<div class="controls" hidden style="flex: 0 0 auto"><label>Colours
<select id="theme"><option value="auto">as the system</option><option value="light">light</option>\
<option value="dark">dark</option></select></label></div></header>
<noscript><p class="remark">The charts need JavaScript; the table of all points below does not.</p></noscript>
{_unstable_remark(view)}{_curve()}{_distribution()}{_breakdown(view)}{_timeline(timelines)}{_points(view)}{_origin(view)}
<footer>Made by gputlb {escape(__version__)} from results of gputlb {escape(view.results.version)}.</footer>
</main>
<script type="application/json" id="results">{_embedded(_data(view, timelines))}</script>
<script>{library}</script>
<script>{script}</script>
</body>
</html>
"""


def _summary(view: View) -> str:
    results = view.results
    runs = sorted({len(point.seeds) for point in results.points})
    count = len(view.points)
    each = " each" if count > 1 else ""
    times = f"{runs[0]} to {runs[-1]} runs{each}"
    if len(runs) == 1:
        times = f"1 run{each}" if runs[0] == 1 else f"{runs[0]} runs{each}"
    varied = "; ".join(f"{axis.title}: {_listed(axis.values)}" for axis in view.axes)
    return f"{count:,} {'point' if count == 1 else 'points'}, {times}. {f'Varied: {varied}.' if varied else ''}"


def _listed(values: Sequence[Value]) -> str:
    texts = [value_text(value) for value in values]
    return ", ".join(texts) if len(texts) <= 8 else f"{texts[0]} … {texts[-1]} ({len(texts)} values)"


def _unstable_remark(view: View) -> str:
    shaky = [point for point in view.points if point.unstable]
    if not shaky:
        return ""
    count = len(shaky)
    text = (
        f"{count} of {len(view.points)} points {'has' if count == 1 else 'have'} no steady state: more comes in than "
        f"is served, so waiting grows for as long as one looks, and a figure for it would mean nothing. "
        f"{'It is' if count == 1 else 'They are'} drawn hollow, and the table says unstable."
    )
    return f'<p class="remark" style="margin-top:16px">{escape(text)}</p>\n'


def _select(name: str, label: str) -> str:
    return f'<label>{escape(label)}<select id="{name}"></select></label>'


def _figure(name: str, label: str) -> str:
    return (
        f'<figure><div class="chart" id="{name}" role="img" aria-label="{escape(label)}"></div>'
        f'<figcaption id="{name}-said"></figcaption></figure>\n'
        f'<details class="figures"><summary>The figures as a table</summary><div class="scroll" id="{name}-table" '
        f'tabindex="0" role="region" aria-label="{escape(label)}, as a table"></div></details>\n'
    )


def _curve() -> str:
    return f"""<section id="choices" hidden><h2>What is compared</h2>
<div class="controls" hidden>{_select("x", "Along the charts")}{_select("by", "Between the lines")}
<span id="places" style="display:contents"></span></div>
<p class="quiet">This choice is for the three charts that follow.</p></section>
<section><h2>Cost and load</h2>
<div class="controls" hidden>{_select("cost", "Cost")}
<label class="tick"><input type="checkbox" id="log">logarithmic</label></div>
{_figure("curve", "Cost and load")}</section>
"""


def _distribution() -> str:
    return f"""<section><h2>How long releases take</h2>
<div class="controls" hidden>{_select("place", "At")}<label>Shown is<select id="shape">\
<option value="tail">who took longer (the tail)</option><option value="share">who took no longer</option>\
</select></label></div>
{_figure("distribution", "Distribution of release latency")}</section>
"""


def _breakdown(view: View) -> str:
    if not has_breakdown(view.points):
        return ""
    return f"""<section><h2>Where the time goes</h2>
<div class="controls" hidden><label class="tick"><input type="checkbox" id="shares">as shares</label></div>
{_figure("breakdown", "Where the time goes")}</section>
"""


def _timeline(timelines: Sequence[RunTimeline]) -> str:
    if not timelines:
        return ""
    named = (("left", "←", "Earlier"), ("right", "→", "Later"), ("out", "&minus;", "Zoom out"), ("in", "+", "Zoom in"))
    buttons = "".join(
        f'<button type="button" data-zoom="{name}" aria-label="{label}">{sign}</button>' for name, sign, label in named
    )
    return f"""<section><h2>The first moments of a run</h2>
<div class="controls" hidden>{_select("run", "Run of")}<div class="buttons">{buttons}
<button type="button" data-zoom="all">all</button></div></div>
<p class="remark" id="timeline-remark"></p>
{_figure("timeline", "The first moments of a run")}</section>
"""


def _points(view: View) -> str:
    costs = _table_costs(view)
    heads = [*(axis.title for axis in view.axes), *(cost_title(view.results, cost) for cost in costs)]
    numbers = [axis.numbers is not None for axis in view.axes] + [True] * len(costs)
    head = "".join(
        f'<th scope="col"{_class(number)}><button type="button">{escape(text)}</button></th>'
        for text, number in zip(heads, numbers, strict=True)
    )
    rows = "".join(_row(view, index, point, costs) for index, point in enumerate(view.points[:MOST_ROWS]))
    left_out = len(view.points) - MOST_ROWS
    few = f" {MAX_MEANS}" if any(each.only_max for point in view.points for each in point.estimates.values()) else ""
    remark = f'<p class="quiet">… and {left_out:,} more points.</p>' if left_out > 0 else ""
    return f"""<section id="points"><h2>All points</h2>
<p class="quiet">Means over the runs with {LEVEL:.0%} confidence intervals. A point's details have its other costs and \
the command that reproduces its first run. A heading sorts.{few}</p>
<div class="scroll" tabindex="0" role="region" aria-label="All points"><table>
<thead><tr>{head}<th scope="col">details</th></tr></thead>
<tbody>
{rows}</tbody></table></div>{remark}</section>
"""


def _row(view: View, index: int, point: ShownPoint, costs: Sequence[str]) -> str:
    cells = []
    results = view.results
    for axis, place in zip(view.axes, point.at, strict=True):
        number = axis.numbers[place] if axis.numbers else place
        cells.append(f'<td{_class(axis.numbers is not None)} data-value="{number:g}">'
                     f"{escape(value_text(axis.values[place]))}</td>")  # fmt: skip
    for cost in costs:
        estimate = point.estimates.get(cost)
        if estimate:
            text = figure_text(estimate, results.costs[cost].unit) + max_mark(estimate)
            text += " (unstable)" if point.unstable else ""
            shaky = " unstable" if point.unstable else ""
            cells.append(f'<td class="number{shaky}" data-value="{estimate.mean!r}">{escape(text)}</td>')
        elif point.unstable:
            cells.append('<td class="number unstable">unstable</td>')
        else:
            cells.append('<td class="number">no figure</td>')
    unstable = f"<p>Unstable: {escape(point.unstable)}.</p>" if point.unstable else ""
    seeds = ", ".join(str(seed) for seed in point.point.seeds[:20]) + (" …" if len(point.point.seeds) > 20 else "")
    command = run_command(view.results.setup_of(point.point), point.point.seeds[0])
    return (
        f'<tr data-row="{index}">{"".join(cells)}<td class="words"><details><summary>point {point.number}</summary>'
        f"{unstable}<p>Seeds: {seeds}</p><code>{escape(command)}</code>"
        f"<dl></dl></details></td></tr>\n"
    )


def _table_costs(view: View) -> list[str]:
    wanted = [view.first_cost, "release_mean_us", "release_p50_us", "release_p99_us", "flushes_per_s", *view.costs]
    parts = set(PARTS)
    ordered = dict.fromkeys(cost for cost in wanted if cost in view.results.costs and cost not in parts)
    chosen = list(ordered)[:_TABLE_COSTS]
    return [cost for cost in view.results.costs if cost in chosen]


def _origin(view: View) -> str:
    results = view.results
    facts = [
        ("gputlb", results.version),
        ("facts", results.facts_version),
        ("seed of the sweep", "" if results.seed is None else str(results.seed)),
        ("runs", f"{sum(len(point.seeds) for point in results.points):,}"),
        ("releases in the histograms", number_text(sum(point.releases for point in view.points))),
        *((name, value_text(value)) for name, value in results.fixed.items()),
    ]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts if text)
    file = results.sweep_file
    shown = f"<details open><summary>The sweep's file</summary><pre>{escape(file)}</pre></details>" if file else ""
    return f"<section><h2>Where this comes from</h2>\n<dl>{rows}</dl>\n{shown}</section>\n"


def _data(view: View, timelines: Sequence[RunTimeline]) -> dict[str, Any]:
    results = view.results
    costs = [
        {
            "name": name,
            "title": results.costs[name].title,
            "unit": unit_text(results.costs[name].unit),
            "percent": results.costs[name].unit == "share",
            "full": cost_title(results, name),
            "lower": results.costs[name].lower_is_better,
        }
        for name in view.costs or tuple(results.costs)[:1]
    ]
    axes = [
        {"title": axis.title, "values": [value_text(value) for value in axis.values], "numbers": axis.numbers}
        for axis in view.axes
    ]
    return {
        "level": LEVEL,
        "costs": costs,
        "cost": [cost["name"] for cost in costs].index(view.first_cost),
        "axes": axes,
        "x": view.x,
        "by": view.by,
        "points": [_point(point) for point in view.points],
        "parts": list(PARTS.items()),
        "timelines": [_run(each) for each in timelines],
        "templates": {
            "curve": cost_charts.load_curve(PAGE),
            "distribution": cost_charts.distribution(PAGE),
            "breakdown": cost_charts.breakdown(PAGE),
            "timeline": cost_charts.timeline(PAGE),
        },
        "colours": PAGE.series,
        "shapes": SHAPES,
        "dashes": DASHES,
        "legend": cost_charts.legend(""),
        "strip_row": cost_charts.STRIP_ROW,
        "linear_up_to": cost_charts.LINEAR_UP_TO_US,
        "title_y": cost_charts.title_y(),
        "labels": {
            "tail": TAIL_LABELS,
            "share": SHARE_LABELS,
            "percent": PERCENT_LABELS,
            "figures": cost_charts.SMALL_FIGURES,
        },
    }


def _point(point: ShownPoint) -> dict[str, Any]:
    steps = list(_thinned(point.distribution))
    return {
        "at": point.at,
        "costs": {
            name: [_short(each.mean), None if each.half is None else _short(each.half), each.runs, each.only_max]
            for name, each in point.estimates.items()
        },
        "unstable": point.unstable,
        "runs": len(point.point.seeds),
        "latency": [_short(latency) for latency, _ in steps],
        "share": [round(share, 9) for _, share in steps],
        "releases": point.releases,
    }


def _run(timeline: RunTimeline) -> dict[str, Any]:
    slots = timeline_slots(timeline, PAGE, width=0)
    said = f"Point {timeline.point}, seed {timeline.seed}, simulated again from the beginning."
    return {
        "name": timeline.name or f"point {timeline.point}",
        "remark": timeline.remark,
        "until": timeline.until_us,
        "said": said if timeline.slices else "",
        "slots": slots,
    }


def _thinned(steps: Sequence[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """Return few steps of a distribution: all at its ends, every so many in between."""
    if len(steps) <= MOST_STEPS:
        return steps
    edge = MOST_STEPS // 4
    stride = -(-(len(steps) - 2 * edge) // (2 * edge))
    return [*steps[:edge], *steps[edge:-edge:stride], *steps[-edge:]]


def _short(figure: float) -> float:
    return float(f"{figure:.7g}")


def _class(number: bool) -> str:
    return ' class="number"' if number else ""


def _embedded(data: dict[str, Any]) -> str:
    """Return JSON that no parser of HTML can take for markup."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _fingerprint(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def _packaged(name: str) -> str:
    return (files("gputlb.report") / name).read_text(encoding="utf-8")
