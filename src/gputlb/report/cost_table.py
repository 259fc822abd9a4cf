"""A sweep's results as a table in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.report.cost_points import LEVEL, MAX_MEANS, cost_title, figure_text, max_mark, value_text
from gputlb.report.plain_table import plain_console, plain_table, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.report.cost_points import ShownPoint, View

_FIRST = ("release_mean_us", "release_p50_us", "release_p99_us", "flushes_per_s")
_MOST = 4


def print_points(view: View, *, costs: Sequence[str] = ()) -> None:
    """Print each point with the means of some costs and their intervals: those that are named, else the usual ones."""
    results = view.results
    chosen = list(costs) or _usual(view)
    console = plain_console()
    runs = sum(len(point.seeds) for point in results.points)
    console.out(f"{results.name}: {len(view.points):,} points, {runs:,} runs, gputlb {results.version}")
    console.out("")
    heads = [("" if axis.numbers is None else ">") + axis.title for axis in view.axes]
    table = plain_table(*heads, *(f">{cost_title(results, cost)}" for cost in chosen))
    for point in view.points:
        places = [value_text(axis.values[place]) for axis, place in zip(view.axes, point.at, strict=True)]
        figures = [_figure(point, cost, results.costs[cost].unit) for cost in chosen]
        table.add_row(*places, *figures)
    print_table(console, table)
    console.out("")
    console.out(f"± is half of a {LEVEL:.0%} confidence interval.", highlight=False)
    shaky = sum(1 for point in view.points if point.unstable)
    if shaky:
        console.out(
            f"unstable, *: {shaky} of {len(view.points)} points {'has' if shaky == 1 else 'have'} no steady state.",
            highlight=False,
        )
    if any(point.estimates[cost].only_max for point in view.points for cost in chosen if cost in point.estimates):
        console.out(MAX_MEANS, highlight=False)
    left = [cost for cost in view.costs if cost not in chosen]
    if left and not costs:
        console.out(f"{len(left)} more costs: --cost {left[0]}, …; --html shows all.", highlight=False)


def _usual(view: View) -> list[str]:
    named = [cost for cost in _FIRST if cost in view.costs]
    return (named + [cost for cost in view.costs if cost not in named])[:_MOST]


def _figure(point: ShownPoint, cost: str, unit: str) -> str:
    estimate = point.estimates.get(cost)
    if estimate is None:
        return "unstable" if point.unstable else "no figure"
    return figure_text(estimate, unit) + max_mark(estimate) + (" *" if point.unstable else "")
