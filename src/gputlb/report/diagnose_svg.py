"""Drawings for the HTML report: timelines, scatter plots and histograms as inline SVG."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 920
LEFT = 150
RIGHT = 20
LANE_PIXELS = 34


class Mark(NamedTuple):
    """One event on a timeline."""

    lane: str
    time: float
    style: str
    """A CSS class: tlb, firmware, hang, reset, good, effect."""
    title: str


class Dot(NamedTuple):
    """One value in a scatter plot."""

    x: float
    y: float
    style: str
    title: str


def timeline(marks: Sequence[Mark], unit: str) -> str:
    """Return one lane for each device, with a mark for each event."""
    lanes = list(dict.fromkeys(mark.lane for mark in marks))
    start, end = min(mark.time for mark in marks), max(mark.time for mark in marks)
    span = (end - start) or 1.0
    height = len(lanes) * LANE_PIXELS + 46
    parts = [_open(height, "Timeline of events by device")]
    for row, lane in enumerate(lanes):
        y = 14 + row * LANE_PIXELS + LANE_PIXELS // 2
        parts.append(f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(lane)}</text>')
        parts.append(f'<line class="lane" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
    for mark in marks:
        x = _across(mark.time, start, span)
        y = 14 + lanes.index(mark.lane) * LANE_PIXELS + LANE_PIXELS // 2
        parts.append(
            f'<rect class="{mark.style}" x="{x - 1.5:.1f}" y="{y - 10}" width="3" height="20">'
            f"<title>{escape(mark.title)}</title></rect>"
        )
    parts += _time_axis(start, span, height - 30, unit)
    parts.append("</svg></div>")
    return "".join(parts)


def scatter(dots: Sequence[Dot], *, x_label: str, y_label: str, guides: Sequence[tuple[float, str]] = ()) -> str:
    """Return values over time on a logarithmic scale, with guide lines at known values."""
    height, top, bottom = 300, 16, 44
    values = [max(dot.y, 1e-9) for dot in dots] + [value for value, _ in guides]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    high = max(high, low + 1)
    start, end = min(dot.x for dot in dots), max(dot.x for dot in dots)
    span = (end - start) or 1.0

    def down(value: float) -> float:
        share = (log10(max(value, 1e-9)) - low) / (high - low)
        return height - bottom - share * (height - bottom - top)

    parts = [_open(height, y_label)]
    for decade in range(low, high + 1):
        y = down(10.0**decade)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{10.0**decade:g}</text>')
    for value, label in guides:
        y = down(value)
        parts.append(f'<line class="guide" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="note" x="{WIDTH - RIGHT}" y="{y - 4:.1f}" text-anchor="end">{escape(label)}</text>')
    for dot in dots:
        parts.append(
            f'<circle class="{dot.style}" cx="{_across(dot.x, start, span):.1f}" cy="{down(dot.y):.1f}" '
            'r="3.5">'
            f"<title>{escape(dot.title)}</title></circle>"
        )
    parts += _time_axis(start, span, height - bottom + 14, x_label)
    parts.append(
        f'<text class="note" transform="translate(16 {height // 2}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>'
    )
    parts.append("</svg></div>")
    return "".join(parts)


def histogram(buckets: Sequence[tuple[str, int]], label: str) -> str:
    """Return one bar for each bucket, its count beside it."""
    most = max(count for _, count in buckets)
    height = len(buckets) * 24 + 20
    parts = [_open(height, label)]
    for row, (name, count) in enumerate(buckets):
        y = 8 + row * 24
        width = max(1.0, count / most * (WIDTH - LEFT - RIGHT - 90))
        parts.append(f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="bar" x="{LEFT}" y="{y}" width="{width:.1f}" height="18"/>')
        parts.append(f'<text x="{LEFT + width + 8:.1f}" y="{y + 14}">{count}</text>')
    parts.append("</svg></div>")
    return "".join(parts)


def _open(height: int, label: str) -> str:
    # On a narrow page a drawing scrolls in its frame: shrunk to fit, its words could not be read.
    return f'<div class="drawing"><svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'


def _across(value: float, start: float, span: float) -> float:
    return LEFT + (value - start) / span * (WIDTH - LEFT - RIGHT)


def _time_axis(start: float, span: float, y: int, unit: str) -> list[str]:
    step = 10.0 ** floor(log10(span / 4)) if span > 0 else 1.0
    step *= next((factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 8), 10)
    parts = []
    tick = 0.0
    while tick <= span * 1.0001:
        x = _across(start + tick, start, span)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 10}" y2="{y - 4}"/>')
        parts.append(f'<text class="note" x="{x:.1f}" y="{y + 8}" text-anchor="middle">{tick:g}</text>')
        tick += step
    parts.append(f'<text class="note" x="{WIDTH - RIGHT}" y="{y + 24}" text-anchor="end">{escape(unit)}</text>')
    return parts
