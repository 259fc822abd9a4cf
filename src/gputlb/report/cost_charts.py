"""The charts of a cost report, as Vega-Lite specifications with slots.

A slot is `{"$": name}`: what is only known when somebody has chosen a cost and an axis. `filled` puts values in, and a
page's script does the same, so that a page and a picture are drawn from one specification. Rows of data name their
columns as here, never as in a file: what a file says is text to be shown, and part of no expression. For the same
reason nothing is sorted by a list, and no tooltip has a title from a file: Vega-Lite makes expressions of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gputlb.report.chart_theme import Spec, Theme

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
SMALL_FIGURES = "datum.value >= 1e6 ? format(datum.value, '.3~s') : format(datum.value, ',.4~r')"
_SERIES = {"field": "series", "type": "nominal", "scale": {"domain": {"$": "series"}, "range": {"$": "colours"}}}
_LEGEND = {"$": "legend"}
STRIP_ROW = 13
_TITLE_Y = -9
LINEAR_UP_TO_US = 10
"""Below this, the axis of a distribution is nearly linear, above it nearly logarithmic."""
_FITTED = {"autosize": {"type": "fit-x", "contains": "padding"}}


def filled(template: Any, values: dict[str, Any]) -> Any:
    """Return a specification with every slot replaced by its value."""
    if isinstance(template, list):
        return [filled(part, values) for part in template]
    if not isinstance(template, dict):
        return template
    if set(template) == {"$"}:
        return values[template["$"]]
    return {key: filled(part, values) for key, part in template.items()}


def legend(title: str, strip_rows: int = 0) -> Spec:
    """Return the legend of lines, above a chart's title and the rows of hollow points below that."""
    offset = 26 + strip_rows * STRIP_ROW + (6 if strip_rows else 0)
    return {"title": title or None, "offset": offset, "symbolOpacity": 1, "symbolSize": 80}


def title_y(strip_rows: int = 0) -> int:
    """Return where a chart's title stands, above its rows of hollow points."""
    return _TITLE_Y - strip_rows * STRIP_ROW - (4 if strip_rows else 0)


def load_curve(theme: Theme) -> Spec:
    """Return the chart of a cost along a parameter.

    Rows: `x`, `series`; `line`, `mean`, `low` and `high` or null; `unstable`, whether there is no steady state;
    `lane`, which row of hollow points above the chart it gets if it has no figure; `said`, all of it as a text.
    """
    colour = {**_SERIES, "legend": _LEGEND}
    shape = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": {"$": "series"}, "range": {"$": "shapes"}},
        "legend": _LEGEND,
    }
    tooltip = [{"field": "series", "title": "line"}, {"field": "place", "title": "at"}]
    tooltip.append({"field": "said", "title": "cost"})
    x = {
        "field": "x",
        "type": {"$": "x_type"},
        "scale": {"$": "x_scale"},
        "sort": None,
        "axis": {"title": {"$": "x_title"}, "values": {"$": "x_ticks"}, "labelAngle": 0},
    }
    axis = {**_upright(theme, {"$": "y_title"}), "titleY": {"$": "title_y"}, "values": {"$": "y_ticks"},
            "labelExpr": {"$": "y_labels"}}  # fmt: skip
    y = {"type": "quantitative", "scale": {"$": "y_scale"}, "axis": axis}
    figure = {"field": "mean", **y}
    hollow = {"type": "point", "filled": False, "size": 70, "strokeWidth": 1.8}
    steady = [
        {"calculate": "isValid(datum.line) ? datum.low : null", "as": "from"},
        {"calculate": "isValid(datum.line) ? datum.high : null", "as": "to"},
    ]
    return {
        **_top(theme),
        **_FITTED,
        "width": {"$": "width"},
        "height": {"$": "height"},
        "data": {"values": {"$": "rows"}},
        "encoding": {"x": x, "color": colour},
        "layer": [
            {
                "transform": steady,
                "mark": {"type": "area", "opacity": 0.16, "invalid": "break-paths-filter-domains"},
                "encoding": {"y": {"field": "from", **y}, "y2": {"field": "to"}},
            },
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "rule", "strokeWidth": 1.2, "opacity": 0.75},
                "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2, "invalid": "break-paths-filter-domains"},
                "encoding": {"y": {"field": "line", **y}},
            },
            {
                "transform": [{"filter": "isValid(datum.line)"}],
                "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1},
                "encoding": {"y": figure, "shape": shape, "tooltip": tooltip},
            },
            {
                "transform": [{"filter": "datum.unstable && isValid(datum.mean)"}],
                "mark": hollow,
                "encoding": {"y": figure, "shape": shape, "tooltip": tooltip},
            },
            {
                "transform": [{"filter": "datum.unstable && !isValid(datum.mean)"}],
                "mark": {**hollow, "yOffset": {"expr": f"-{STRIP_ROW // 2 + 1} - datum.lane * {STRIP_ROW}"}},
                "encoding": {"y": {"value": 0}, "shape": shape, "tooltip": tooltip},
            },
            _note(theme),
        ],
    }


def distribution(theme: Theme) -> Spec:
    """Return the chart of how release latency is distributed. Rows: `x` in µs, `share`, `series`."""
    x = {
        "field": "x",
        "type": "quantitative",
        # Logarithmic, but down to 0: a release that needs no flush takes no time.
        "scale": {"type": "symlog", "constant": LINEAR_UP_TO_US, "nice": False, "domain": {"$": "x_domain"}},
        "axis": {"title": "release latency (µs)", "labelExpr": SMALL_FIGURES, "values": {"$": "x_ticks"}},
    }
    y = {
        "field": "share",
        "type": "quantitative",
        "scale": {"$": "y_scale"},
        "axis": {**_upright(theme, {"$": "y_title"}), "values": {"$": "y_ticks"}, "labelExpr": {"$": "y_labels"}},
    }
    return {
        **_top(theme),
        **_FITTED,
        "width": {"$": "width"},
        "height": {"$": "height"},
        "data": {"values": {"$": "rows"}},
        "layer": [
            {
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": {**_SERIES, "legend": _LEGEND},
                    "strokeDash": {
                        "field": "series",
                        "type": "nominal",
                        "scale": {"domain": {"$": "series"}, "range": {"$": "dashes"}},
                        "legend": _LEGEND,
                    },
                },
            },
            _note(theme),
        ],
    }


def breakdown(theme: Theme) -> Spec:
    """Return the chart of where a release's time goes.

    Rows: `x` as a text, `series` and its number `line`, `part`, `order`, `mean` in µs, `said`; for a point without a
    steady state one row with `unstable` and no `mean`.
    """
    x = {
        "field": "x",
        "type": "ordinal",
        "sort": None,
        "axis": {"title": {"$": "x_title"}, "labelAngle": 0, "ticks": False},
        "scale": {"domain": {"$": "places"}, "paddingInner": 0.25, "paddingOuter": 0.2},
    }
    part = {
        "field": "part",
        "type": "nominal",
        "scale": {"domain": {"$": "parts"}, "range": list(theme.parts)},
        "legend": {"title": None, "columns": {"$": "legend_columns"}, "symbolType": "square"},
    }
    bar = {
        "mark": {"type": "bar", "cornerRadius": 0},
        "transform": [{"filter": "isValid(datum.mean)"}],
        "encoding": {
            "x": x,
            "y": {
                "field": "mean",
                "type": "quantitative",
                "stack": {"$": "stack"},
                "axis": {**_upright(theme, {"$": "y_title"}), "labelExpr": {"$": "y_labels"}},
            },
            "color": part,
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": [
                {"field": "part", "title": "part"},
                {"field": "x", "title": "at"},
                {"field": "said", "title": "mean"},
            ],
        },
    }
    text = {
        "transform": [{"filter": "datum.unstable"}],
        "mark": {"type": "text", "angle": 270, "align": "left", "baseline": "middle", "color": theme.faint},
        "encoding": {"x": x, "y": {"value": {"$": "foot"}}, "text": {"value": "unstable"}},
    }
    return {
        **_top(theme),
        "data": {"values": {"$": "rows"}},
        "facet": {
            "field": "series",
            "type": "nominal",
            "sort": {"field": "line", "op": "min"},
            "header": {"labelLimit": 260, "labelPadding": 24},
        },
        "columns": {"$": "columns"},
        "spacing": {"row": 34, "column": 26},
        "resolve": {"axis": {"x": "independent"}},
        "spec": {"width": {"$": "width"}, "height": {"$": "height"}, "layer": [bar, text]},
    }


def timeline(theme: Theme) -> Spec:
    """Return the chart of a run's first moments.

    Rows: `lane`, `begin` and `end` in µs, `kind`, `depth` (slices within slices are thinner), `what`, `said`.
    """
    lane = {
        "field": "lane",
        "type": "nominal",
        "sort": None,
        "scale": {"domain": {"$": "lanes"}, "paddingInner": 0.3, "paddingOuter": 0.15},
        "axis": {"title": None, "grid": True, "gridDash": [1, 3], "labelLimit": {"$": "label_limit"}, "ticks": False,
                 "labelOverlap": False, "bandPosition": 0.5},
    }  # fmt: skip
    x = {
        "field": "begin",
        "type": "quantitative",
        "scale": {"domain": {"$": "domain"}, "nice": False, "zero": False},
        "axis": {"title": "virtual time (µs)", "labelExpr": "format(datum.value, ',.6~g')", "tickCount": 6},
    }
    kind = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": {"$": "kinds"}, "range": {"$": "kind_colours"}},
        "legend": {"title": None, "columns": {"$": "legend_columns"}, "symbolType": "square"},
    }
    encoding = {
        "x": x,
        "x2": {"field": "end"},
        "y": lane,
        "color": kind,
        "tooltip": [{"field": "what", "title": "what"}, {"field": "said", "title": "when"}],
    }
    return {
        **_top(theme),
        **_FITTED,
        "width": {"$": "width"},
        "height": {"$": "height"},
        "params": {"$": "params"},
        "data": {"values": {"$": "rows"}},
        "layer": [
            {
                "transform": [{"filter": "datum.depth == 0"}],
                "mark": {"type": "bar", "clip": {"$": "clip"}, "height": {"band": 1}, "minBandSize": 1},
                "encoding": encoding,
            },
            {
                "transform": [{"filter": "datum.depth > 0"}],
                "mark": {"type": "bar", "clip": {"$": "clip"}, "height": {"band": 0.55}},
                "encoding": encoding,
            },
        ],
    }


def _top(theme: Theme) -> Spec:
    return {
        "$schema": _SCHEMA,
        "description": {"$": "description"},
        "config": theme.config(),
        "padding": {"left": 4, "right": 8, "top": 6, "bottom": 4},
    }


def _upright(theme: Theme, title: Any) -> Spec:
    """Return a y axis whose title lies flat above it, where it is read without a turned head and takes no width."""
    return {
        "title": title,
        "titleAngle": 0,
        "titleAlign": "left",
        "titleAnchor": "end",
        "titleBaseline": "bottom",
        "titleX": 0,
        "titleY": _TITLE_Y,
        "labelOverlap": "greedy",
        "titleColor": theme.ink,
        "labelExpr": SMALL_FIGURES,
    }


def _note(theme: Theme) -> Spec:
    return {
        "data": {"values": [{}]},
        "mark": {"type": "text", "align": "right", "baseline": "bottom", "fontSize": 11},
        "encoding": {
            "x": {"value": "width"},
            "y": {"value": {"$": "title_y"}},
            "color": {"value": theme.faint},
            "text": {"value": {"$": "note"}},
        },
    }
