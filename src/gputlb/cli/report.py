"""The verb `report`: what a sweep's results say."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gputlb.cli._main import FINE
from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.report.cost_pictures import Picture
    from gputlb.report.cost_points import View
    from gputlb.report.cost_timeline import RunTimeline
    from gputlb.report.drawing_progress import DrawingProgress

_MOST_TIMELINES = 6


class NotADirectory(GputlbError):
    """Pictures cannot be put there."""


class NothingToDraw(GputlbError):
    """An option is about charts, and none are asked for."""


def report(
    results: Path,
    /,
    *,
    html: Path | None = None,
    svg: Path | None = None,
    png: Path | None = None,
    cost: Annotated[list[str] | None, Parameter(negative="")] = None,
    x: str | None = None,
    by: str | None = None,
) -> int:
    """Show the results of a sweep: a table here, an interactive page, or pictures for a paper.

    Example: gputlb report results.parquet --html report.html

    Parameters
    ----------
    results
        What `gputlb sweep` has written.
    html
        Write a page that works from disk and loads nothing: load curves, latency distributions, where the time
        goes, the first moments of a run, and all points with the commands that repeat them.
    svg
        Write the charts as SVG into this directory.
    png
        Write the charts as PNG into this directory.
    cost
        Only this cost, in the table and among the pictures, e.g. release_p99_us; may be given several times. The page
        has all, and begins with this one.
    x
        The parameter along the charts, e.g. clients. The one with the most values if not given.
    by
        The parameter between the lines of a chart. The scheme if not given.
    """
    from gputlb.report.cost_pictures import check_costs, pictures, png_bytes, svg_bytes
    from gputlb.report.cost_points import view
    from gputlb.report.drawing_progress import DrawingProgress
    from gputlb.report.whole_file import check_outputs, whole_file
    from gputlb.simulate.sweep import read_points

    check_outputs({"--html": html}, [results])
    table_only = html is svg is png is None
    for option, value in (("--x", x), ("--by", by)):
        if value is not None and table_only:
            raise NothingToDraw(
                f"{option} {value} says how charts are drawn, and the table has none; add --html, --svg or --png"
            )
    shown = view(read_points(results), x=x, by=by)
    costs = [*dict.fromkeys(cost or ())]
    check_costs(shown, costs)
    if costs:
        shown = replace(shown, first_cost=costs[0])
    if table_only:
        from gputlb.report.cost_table import print_points

        print_points(shown, costs=costs)
        return FINE
    with DrawingProgress(sys.stderr) as progress:
        timelines = _timelines(shown, progress)
        if html is not None:
            from gputlb.report.cost_page import cost_page

            progress.show("drawing the page")
            page = cost_page(shown, timelines)
            with whole_file(html) as file:
                file.write(page.encode())
            progress.clear()
            print(f"page written to {html}", file=sys.stderr)
        if svg is not None or png is not None:
            drawn = [each for each in timelines if each.slices]
            chosen = pictures(shown, drawn, costs=costs)
            if svg is not None:
                _write(chosen, svg, "svg", svg_bytes, progress)
            if png is not None:
                _write(chosen, png, "png", png_bytes, progress)
    return FINE


def _timelines(view: View, progress: DrawingProgress) -> list[RunTimeline]:
    """Return the first moments of one run for each line of the charts, where all are still stable."""
    from gputlb.report.cost_rows import series_of, timeline_points
    from gputlb.report.cost_timeline import run_timeline

    points = timeline_points(view)[:_MOST_TIMELINES]
    timelines = []
    for number, point in enumerate(points, 1):
        progress.show(f"running the first moments of run {number} of {len(points)} again")
        timelines.append(run_timeline(view.results, point, "" if view.by is None else series_of(view, point)))
    return timelines


def _write(
    pictures: list[Picture],
    directory: Path,
    suffix: str,
    draw: Callable[[Picture], bytes],
    progress: DrawingProgress,
) -> None:
    from gputlb.report.whole_file import whole_file

    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise NotADirectory(f"{directory} cannot be a directory: {error.strerror}; name another") from None
    for number, picture in enumerate(pictures, 1):
        progress.show(f"drawing picture {number} of {len(pictures)}, {picture.name}.{suffix}")
        with whole_file(directory / f"{picture.name}.{suffix}") as file:
            file.write(draw(picture))
    progress.clear()
    print(f"{len(pictures)} pictures written to {directory}", file=sys.stderr)
