"""Pictures: every slot filled, the same bytes each time, names that stay."""

from __future__ import annotations

import math
import re
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from gputlb.report import cost_charts, cost_rows
from gputlb.report.chart_theme import PAGE, PAPER
from gputlb.report.cost_pictures import pictures, png_bytes, svg_bytes
from gputlb.report.cost_points import NothingToShow, View, view
from gputlb.report.cost_timeline import run_timeline
from gputlb.simulate.sweep import read_points
from tests.report import sweep_results

HOSTILE = "\"><script>alert('x')</script>${datum}'] & \u2028"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> View:
    return view(read_points(sweep_results.write(tmp_path_factory.mktemp("results") / "results.parquet")))


def slots_in(template: Any) -> set[str]:
    if isinstance(template, list):
        return {name for part in template for name in slots_in(part)}
    if isinstance(template, dict):
        return {template["$"]} if set(template) == {"$"} else slots_in(list(template.values()))
    return set()


def test_each_chart_has_a_name_that_says_what_it_shows(shown: View):
    timeline = run_timeline(shown.results, shown.points[0], "mmio")

    assert ["load-release_p99_us", "latency", "latency-tail", "breakdown", "timeline-mmio"] == [
        picture.name for picture in pictures(shown, [timeline], costs=["release_p99_us"])
    ]


def test_no_slot_stays_open(shown: View):
    for picture in pictures(shown):
        assert set() == slots_in(picture.spec)


def test_a_slot_may_hold_anything():
    assert {"a": [1, {"x": None}]} == cost_charts.filled({"a": [1, {"$": "b"}]}, {"b": {"x": None}})


def test_the_same_results_give_the_same_bytes(shown: View):
    first, again = ([svg_bytes(picture) for picture in pictures(shown, costs=["release_p99_us"])] for _ in range(2))

    assert first == again


def test_a_picture_is_whole_and_needs_nothing_else(shown: View):
    drawn = {picture.name: svg_bytes(picture) for picture in pictures(shown, costs=["release_p99_us"])}

    for name, svg in drawn.items():
        tags = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()]
        assert not {"script", "image", "foreignObject", "a"} & set(tags), name
        assert b"var(--" not in svg
    assert b"release latency, p99 (\xc2\xb5s)" in drawn["load-release_p99_us"]
    assert b"unstable" in drawn["breakdown"]


def test_an_unstable_point_is_hollow_and_has_no_figure(shown: View):
    slots = cost_rows.curve_slots(shown, shown.points, "release_p99_us", PAPER, 500, 300)

    assert [("guc", 16.0, None)] == [(row["series"], row["x"], row["mean"]) for row in slots["rows"] if row["unstable"]]
    assert "hollow: no steady state" == slots["note"]


def test_an_unstable_point_with_a_figure_is_on_no_line(shown: View):
    slots = cost_rows.curve_slots(shown, shown.points, "flushes_per_s", PAPER, 500, 300)
    last = slots["rows"][-1]

    assert (True, None) == (last["unstable"], last["line"])
    assert last["mean"] == pytest.approx(1e6 / 70)


def test_parts_add_up_to_the_mean(shown: View):
    rows = cost_rows.breakdown_slots(shown, shown.points, width=100, height=100, columns=1)["rows"]

    first = [row["mean"] for row in rows if (row["x"], row["series"]) == ("1", "mmio")]
    assert 4 == len(first)
    assert sum(first) == pytest.approx(shown.points[0].estimates["release_mean_us"].mean)


def test_a_tail_and_what_is_below_it_add_up_to_one(shown: View):
    point = shown.points[3]
    below, above = cost_rows.cumulative_shares(point), cost_rows.tail_shares(point)

    assert [x for x, _ in below] == [x for x, _ in above]
    assert all(share + tail == pytest.approx(1) for (_, share), (_, tail) in zip(below[:-1], above[:-1], strict=True))
    assert 0 < above[-1][1] == above[-2][1]


@pytest.mark.parametrize(
    ("lowest", "highest", "ticks", "bounds"),
    [
        (3.0, 45.0, [5, 10, 20], [2, 50]),
        (1.0, 10.0, [1, 2, 5, 10], [1, 10]),
        (0.2, 9000.0, [1, 10, 100, 1000], [0.1, 10000]),
    ],
)
def test_logarithmic_axes_have_round_ticks(lowest: float, highest: float, ticks: list[float], bounds: list[float]):
    assert (ticks, bounds) == (cost_rows.log_ticks(lowest, highest), cost_rows.log_bounds(lowest, highest))


def test_each_combination_of_what_no_chart_shows_has_its_pictures(tmp_path: Path):
    runs = sweep_results.rows(clients=(1, 2), schemes=("mmio", "guc"), platforms=("tigerlake", "icelake"))
    shown = view(read_points(sweep_results.write(tmp_path / "results.parquet", runs)))

    assert ["load-flushes_per_s-platform-tigerlake", "load-flushes_per_s-platform-icelake"] == [
        picture.name for picture in pictures(shown, costs=["flushes_per_s"]) if picture.name.startswith("load")
    ]


def test_too_many_pictures_are_refused(tmp_path: Path):
    runs = [
        run | {"workload.objects": number, "point": number * 2 + run["point"]}
        for number in range(100)
        for run in sweep_results.rows(clients=(1,), schemes=("mmio", "guc"), replications=1)
    ]
    varied = ["scheme", "workload.clients", "workload.objects"]
    runs += [run | {"workload.clients": 2, "point": 200 + run["point"]} for run in runs]
    shown = view(read_points(sweep_results.write(tmp_path / "r.parquet", runs, varied=varied)), x="workload.clients")

    with pytest.raises(NothingToShow) as caught:
        pictures(shown)
    assert "that would be 1,200 pictures; choose costs with --cost, or axes with --x and --by" == str(caught.value)


def test_a_cost_that_is_not_there_is_refused(shown: View):
    with pytest.raises(NothingToShow) as caught:
        pictures(shown, costs=["release_p98_us"])
    assert "the results have no cost release_p98_us; did you mean release_p99_us" in str(caught.value)


def test_hostile_names_are_text_in_a_picture_and_harmless_in_its_name(tmp_path: Path):
    runs = [run | {"scheme": f"{HOSTILE}{run['scheme']}"} for run in sweep_results.rows(clients=(1, 2))]
    costs = {"release_p99_us": {"title": HOSTILE, "unit": HOSTILE, "lower_is_better": None}}
    shown = view(read_points(sweep_results.write(tmp_path / "results.parquet", runs, name=HOSTILE, costs=costs)))

    for picture in pictures(shown):
        assert "/" not in picture.name
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg_bytes(picture)).iter()}
        assert "script" not in tags


def test_a_png_is_twice_as_fine_as_the_svg(shown: View):
    png = png_bytes(pictures(shown, costs=["release_p99_us"])[0])

    assert b"\x89PNG\r\n" == png[:6]
    assert 1000 < int.from_bytes(png[16:20], "big") < 1300


def palettes() -> dict[str, list[str]]:
    """Return the colours of lines, and of stacks, in light and dark, as the page's style sheet has them."""
    style = (files("gputlb.report") / "cost_page.css").read_text()
    return {
        f"{stem} {mode}": [pair[place] for pair in re.findall(rf"--{stem}\d: light-dark\((#\w+), (#\w+)\)", style)]
        for stem in "sp"
        for place, mode in enumerate(("light", "dark"))
    }


def test_page_and_paper_have_the_same_colours():
    assert (list(PAPER.series), list(PAPER.parts)) == (palettes()["s light"], palettes()["p light"])
    assert (len(PAPER.series), len(PAPER.parts), set(PAPER.lanes)) == (
        len(PAGE.series),
        len(PAGE.parts),
        set(PAGE.lanes),
    )


@pytest.mark.parametrize("lost", ["none", "protan", "deutan", "tritan"])
def test_colours_are_told_apart_by_all_eyes(lost: str):
    for name, colours in palettes().items():
        seen = [_seen(colour, lost) for colour in colours]
        assert min(_distance(*pair) for pair in combinations(seen, 2)) > 18, name


# Viénot, Brettel and Mollon 1999 for red and green, Brettel's approximation for blue, in linear RGB.
_LOSSES = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.11238, 0.88762, 0), (0.11238, 0.88762, 0), (0.00401, -0.00401, 1)),
    "deutan": ((0.29275, 0.70725, 0), (0.29275, 0.70725, 0), (-0.02234, 0.02234, 1)),
    "tritan": ((1, 0.15236, -0.15236), (0, 0.86717, 0.13283), (0, 0.86717, 0.13283)),
}


def _seen(colour: str, lost: str) -> tuple[float, float, float]:
    """Return a colour in CIE Lab as it looks to somebody."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    r, g, b = (max(0.0, sum(f * v for f, v in zip(row, linear, strict=True))) for row in _LOSSES[lost])
    xyz = (0.4124 * r + 0.3576 * g + 0.1805 * b, 0.2126 * r + 0.7152 * g + 0.0722 * b,
           0.0193 * r + 0.1192 * g + 0.9505 * b)  # fmt: skip
    x, y, z = (
        v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116
        for v in (part / white for part, white in zip(xyz, (0.9505, 1, 1.089), strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return math.dist(one, other)
