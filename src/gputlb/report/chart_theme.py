"""Colours, shapes and type of the charts: for a page, where the style sheet decides, and for paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]

SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
"""Points are told apart by shape as well as by colour; one more than there are colours, so that more lines differ."""
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""On paper. The first is part of the program that draws, so that pictures are the same on every machine."""


@dataclass(frozen=True, slots=True)
class Theme:
    """What a chart is drawn in; a colour is any that CSS knows."""

    series: tuple[str, ...]
    """Of lines: told apart by all eyes, and of 3:1 contrast at least."""
    parts: tuple[str, ...]
    """Of a stack, from the bottom."""
    lanes: dict[str, str]
    """Of a timeline, by what is going on."""
    ink: str
    faint: str
    grid: str
    paper: str
    font: str

    def config(self) -> Spec:
        """Return what all charts have in common, in Vega-Lite's words."""
        axis = {
            "labelColor": self.faint,
            "titleColor": self.ink,
            "domainColor": self.grid,
            "tickColor": self.grid,
            "gridColor": self.grid,
            "gridOpacity": 0.7,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelFont": self.font,
            "titleFont": self.font,
            "labelOverlap": True,
            "titlePadding": 8,
        }
        return {
            "background": self.paper,
            "font": self.font,
            "aria": False,  # one text for the whole chart; a name for each of thousands of marks would drown a reader
            "view": {"stroke": None},
            "axis": axis,
            "axisX": {"grid": False},
            "axisY": {"domain": False, "ticks": False, "tickCount": 5, "labelOverlap": "greedy"},
            "legend": {
                "orient": "top",
                "direction": "horizontal",
                "labelColor": self.ink,
                "titleColor": self.faint,
                "labelFont": self.font,
                "titleFont": self.font,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "titleOrient": "left",
                "symbolStrokeWidth": 2,
                "columnPadding": 14,
                "labelLimit": 220,
                "offset": 26,
            },
            "header": {
                "labelColor": self.ink,
                "labelFont": self.font,
                "labelFontSize": 12,
                "labelFontWeight": "bold",
                "title": None,
            },
            "text": {"font": self.font, "color": self.faint, "fontSize": 12},
        }


def _variables(stem: str, count: int) -> tuple[str, ...]:
    return tuple(f"var(--{stem}{index})" for index in range(count))


# Blue, vermilion, green, purple and brown, apart in lightness where eyes that lack a pigment see one hue.
_SERIES = ("#0a4aa0", "#d4500f", "#00917c", "#bf68c9", "#5a3a00")
_PARTS = ("#d55e00", "#0072b2", "#f0b429", "#9aa1ab")
LANES = ("release", "mutex", "unit", "power", "other")

PAPER = Theme(
    series=_SERIES,
    parts=_PARTS,
    lanes=dict(zip(LANES, ("#f0a868", "#d55e00", "#0072b2", "#8cc5ab", "#cdd1d7"), strict=True)),
    ink="#1d1f23",
    faint="#565c65",
    grid="#d9dbdf",
    paper="#ffffff",
    font=FONT,
)
"""Light, for papers and print."""

PAGE = Theme(
    series=_variables("s", len(_SERIES)),
    parts=_variables("p", len(_PARTS)),
    lanes={lane: f"var(--lane-{lane})" for lane in LANES},
    ink="var(--ink)",
    faint="var(--faint)",
    grid="var(--line)",
    paper="transparent",
    font="system-ui, sans-serif",
)
"""The style sheet's variables, so that a page changes between light and dark without being drawn again."""
