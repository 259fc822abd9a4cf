"""The charts of a cost report as pictures for papers: SVG and PNG, the same bytes for the same results."""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gputlb.errors import GputlbError, did_you_mean
from gputlb.report import cost_charts, cost_rows
from gputlb.report.chart_theme import PAPER, Spec
from gputlb.report.cost_points import NothingToShow
from gputlb.report.cost_timeline import timeline_slots

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gputlb.report.cost_points import ShownPoint, View
    from gputlb.report.cost_timeline import RunTimeline

WIDTH, HEIGHT = 560, 320
MOST_PICTURES = 300
_PNG_SCALE = 2.0


class NoCharts(GputlbError):
    """The package that draws charts is not installed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart for a paper."""

    name: str
    """Of its file, without a suffix; the same for every sweep with these costs and parameters."""
    spec: Spec


def pictures(view: View, timelines: Sequence[RunTimeline] = (), *, costs: Sequence[str] = ()) -> list[Picture]:
    """Return the pictures of a sweep's results: of all costs, or of those that are named.

    Where more was varied than a chart shows, each combination has pictures of its own.

    Raises: `NothingToShow` for a cost that the results do not have, and for too many pictures.
    """
    check_costs(view, costs)
    groups = _groups(view)
    count = len(groups) * (len(costs or view.costs) + 3) + len(timelines)
    if count > MOST_PICTURES:
        raise NothingToShow(f"that would be {count:,} pictures; choose costs with --cost, or axes with --x and --by")
    found = [picture for points in groups for picture in _of(view, points, costs or view.costs)]
    return list(_distinct([*found, *(_timeline(each) for each in timelines)]))


def check_costs(view: View, costs: Sequence[str]) -> None:
    """Raise `NothingToShow` for a cost that the results do not have."""
    unknown = [name for name in costs if name not in view.costs]
    if unknown:
        listed = did_you_mean(unknown[0], view.costs) or f"; they have {', '.join(view.costs)}"
        raise NothingToShow(f"the results have no cost {unknown[0]}{listed}")


def svg_bytes(picture: Picture) -> bytes:
    """Return a picture as SVG.

    Raises: `NoCharts`.
    """
    return f"{_converter().vegalite_to_svg(picture.spec, allowed_base_urls=[])}\n".encode()


def png_bytes(picture: Picture) -> bytes:
    """Return a picture as PNG, two dots for each of the SVG's units.

    Raises: `NoCharts`.
    """
    return bytes(_converter().vegalite_to_png(picture.spec, scale=_PNG_SCALE, allowed_base_urls=[]))


@functools.cache
def javascript() -> str:
    """Return the program that draws charts in a page.

    Raises: `NoCharts`.
    """
    return str(_converter().javascript_bundle())


def _converter() -> Any:
    try:
        import vl_convert  # noqa: PLC0415 - it costs more to import than a table in the terminal takes in all
    except ImportError:
        raise NoCharts(
            'charts are drawn with vl-convert-python, which is missing: pip install "gputlb[sweep]"'
        ) from None
    return vl_convert


def _groups(view: View) -> list[list[ShownPoint]]:
    """Return the points, those together that agree in what no chart shows."""
    groups: dict[tuple[int, ...], list[ShownPoint]] = {}
    for point in view.points:
        groups.setdefault(tuple(point.at[index] for index in view.others()), []).append(point)
    return list(groups.values())


def _of(view: View, points: list[ShownPoint], costs: Sequence[str]) -> Iterator[Picture]:
    suffix = _suffix(view, points[0])
    for cost in costs:
        slots = cost_rows.curve_slots(view, points, cost, PAPER, WIDTH, HEIGHT)
        if slots["rows"]:
            yield Picture(f"load-{_file_name(cost)}{suffix}", cost_charts.filled(cost_charts.load_curve(PAPER), slots))
    standing = view.standing()
    there = [point for point in points if view.x is None or point.at[view.x] == standing]
    if any(point.distribution for point in there):
        template = cost_charts.distribution(PAPER)
        for name, tail in (("latency", False), ("latency-tail", True)):
            slots = cost_rows.distribution_slots(view, there, PAPER, WIDTH, HEIGHT, tail=tail)
            yield Picture(f"{name}{suffix}", cost_charts.filled(template, slots))
    if cost_rows.has_breakdown(points):
        columns = min(3, len({cost_rows.series_of(view, point) for point in points}))
        slots = cost_rows.breakdown_slots(view, points, width=WIDTH // columns - 24, height=220, columns=columns)
        yield Picture(f"breakdown{suffix}", cost_charts.filled(cost_charts.breakdown(PAPER), slots))


def _timeline(timeline: RunTimeline) -> Picture:
    slots = timeline_slots(timeline, PAPER, width=WIDTH + 160)
    name = f"timeline-{_file_name(timeline.name)}" if timeline.name else "timeline"
    return Picture(name, cost_charts.filled(cost_charts.timeline(PAPER), slots))


def _distinct(found: list[Picture]) -> Iterator[Picture]:
    """Yield the pictures, numbered where two would have one name."""
    taken: Counter[str] = Counter()
    for picture in found:
        taken[picture.name] += 1
        count = taken[picture.name]
        yield picture if count == 1 else Picture(f"{picture.name}-{count}", picture.spec)


def _suffix(view: View, point: ShownPoint) -> str:
    text = cost_rows.combination_text(view, point)
    return f"-{_file_name(text)}" if text else ""


def _file_name(text: str) -> str:
    """Return a text as part of a file's name: no separators, no blanks, nothing that a shell would read."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")[:80] or "unnamed"
