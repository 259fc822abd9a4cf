"""Differences are paired by seed, unstable points are never averaged, and curves cross where they are shown to."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.report.comparison_json import comparison_json
from gputlb.report.comparison_text import comparison_text
from gputlb.simulate.comparison import CannotCompare, Comparison, by_column, compare, two_files
from gputlb.simulate.sweep import CostMeaning, Provenance, Results, numeric_axis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SEEDS = range(10)
COSTS = {
    "release_p99_us": CostMeaning("release latency, p99", "µs", True),
    "releases_per_s": CostMeaning("releases", "1/s", False),
}


def results(
    points: Iterable[dict[str, Any]],
    cost: Callable[[dict[str, Any], int], float | None],
    *,
    name: str = "results.parquet",
    fixed: dict[str, Any] | None = None,
    seeds: Iterable[int] = SEEDS,
    unstable: Callable[[dict[str, Any]], str | None] = lambda _: None,
    releases: int = 1_000,
) -> Results:
    """Return results of points that are run with each seed and cost what a function says."""
    listed = list(points)
    rows = tuple(
        {"point": number, "replication": replication, "seed": seed, **point}
        | {"release_p99_us": cost(point, seed), "releases_per_s": 1000.0, "unstable": unstable(point)}
        | {"measured_releases": releases}
        for number, point in enumerate(listed)
        for replication, seed in enumerate(seeds)
    )
    varied = list(dict.fromkeys(column for point in listed for column in point))
    provenance = Provenance(
        schema_=1, name="x", varied=varied, parameters=fixed or {}, seed=1, replications=len(SEEDS), costs=COSTS,
        file="", files={}, version="0.1.0", facts_version="0",
    )  # fmt: skip
    return Results(Path(name), provenance, (*varied, *(fixed or {})), rows)


def noise(seed: int) -> float:
    return Random(seed).uniform(-30, 30)


def grid(*clients: float, schemes: Iterable[str] = ("unbatched", "mmio")) -> list[dict[str, Any]]:
    return [{"scheme": scheme, "workload.clients": number} for scheme in schemes for number in clients]


def linear(point: dict[str, Any], seed: int) -> float:
    """Unbatched costs 20 a client, mmio 50 and 10 a client: equal at 5 clients, whatever the seed adds to both."""
    clients = point["workload.clients"]
    return float((20 * clients if point["scheme"] == "unbatched" else 50 + 10 * clients) + 100 + noise(seed))


def compared(of: Results, **more: Any) -> Comparison:
    return compare(by_column(of, "scheme"), **more)


@pytest.mark.parametrize(("releases", "marked"), [(99, True), (100, False)])
def test_a_quantile_of_few_releases_is_marked_as_their_maximum(releases: int, marked: bool):
    comparison = compared(results(grid(8), linear, releases=releases))

    text = comparison_text(comparison)
    assert marked == (" (max)\n" in text)
    assert marked == text.endswith("(max): so few releases in a run that this quantile is their maximum.")
    assert [marked] == [point["only_max"] for point in json.loads(comparison_json(comparison))["points"]]


def test_what_chance_did_to_both_cancels():
    point = compared(results(grid(8), linear)).points[0]

    assert point.paired is not None
    assert -30 == pytest.approx(point.paired.difference.mean)
    assert 0 == pytest.approx(point.paired.difference.half_width)
    assert 10 == point.pairs


def test_the_order_in_the_file_says_what_is_the_base():
    sides = by_column(results(grid(1), linear), "scheme")

    assert ("unbatched", "mmio") == (sides.a, sides.b)


def test_two_of_several_values_may_be_picked():
    of = results(grid(1, schemes=("none", "mmio", "unbatched")), lambda point, seed: len(point["scheme"]) + seed)
    sides = by_column(of, "scheme", ("unbatched", "none"))
    point = compare(sides).points[0]

    assert point.paired is not None
    assert -5 == pytest.approx(point.paired.difference.mean)


def test_two_files_are_compared_by_what_is_constant_in_each_and_differs():
    points = [{"workload.clients": number} for number in (1, 2, 3)]
    ours = results(points, lambda _, seed: 100.0 + seed, fixed={"scheme": "unbatched", "platform": "skylake"})
    theirs = results(points[1:], lambda _, seed: 50.0 + seed, fixed={"scheme": "mmio", "platform": "skylake"})
    sides = two_files(ours, theirs)

    assert ("unbatched", "mmio") == (sides.a, sides.b)
    assert [2, 3] == [match.parameters["workload.clients"] for match in sides.matches]
    assert (1, 0) == (sides.alone_a, sides.alone_b)
    assert comparison_text(compare(sides)).endswith("1 point of unbatched left out: the other side has none like it")


def test_two_files_of_the_same_parameters_are_called_by_their_names():
    sides = two_files(results(grid(1), linear, name="old.parquet"), results(grid(1), linear, name="new.parquet"))

    assert ("old", "new") == (sides.a, sides.b)


def test_only_seeds_that_both_have_are_paired():
    points = [{"workload.clients": 1}]
    ours = results(points, lambda _, seed: 10.0 * seed, fixed={"scheme": "a"}, seeds=range(6))
    theirs = results(points, lambda _, seed: 10.0 * seed, fixed={"scheme": "b"}, seeds=range(9, 2, -1))
    point = compare(two_files(ours, theirs)).points[0]

    assert 3 == point.pairs
    assert point.paired is not None
    assert 0 == point.paired.difference.mean


def test_an_unstable_point_has_no_figure():
    why = "releases arrive faster than they are done"
    of = results(grid(1, 2), linear, unstable=lambda point: why if point == grid(2)[0] else None)
    stable, unstable = compared(of).points

    assert (None, f"unbatched is unstable in 10 of 10 runs: {why}") == (unstable.paired, unstable.why_none)
    assert stable.paired is not None


def test_a_point_where_nothing_was_released_has_no_figure():
    of = results(grid(1), lambda point, seed: None if (point["scheme"], seed) == ("mmio", 3) else 1.0)

    assert "mmio has no figure in 1 of 10 runs" == compared(of).points[0].why_none


def test_curves_cross_where_their_difference_is_0():
    (crossing,) = compared(results(grid(1, 2, 4, 8, 16), linear)).crossings

    assert ("workload.clients", 4, 8) == (crossing.column, crossing.low, crossing.high)
    assert 5 == pytest.approx(crossing.at)
    assert crossing.at_interval is not None
    assert 0 == pytest.approx(crossing.at_interval.half_width)
    assert not crossing.b_lower_before


@given(st.permutations(range(5)))
def test_the_order_of_the_points_does_not_matter(order: list[int]):
    clients = [[1, 2, 4, 8, 16][index] for index in order]

    assert [5.0] == [
        pytest.approx(crossing.at) for crossing in compared(results(grid(*clients), linear)).crossings
    ]  # fmt: skip


def test_points_that_show_no_difference_lie_within_the_crossing():
    """At 5 the sides are equal but for noise of their own: the crossing is somewhere between 4 and 6."""

    def cost(point: dict[str, Any], seed: int) -> float:
        own = Random(f"{point}{seed}").uniform(-5, 5) if point["workload.clients"] == 5 else 0
        return linear(point, seed) + own

    (crossing,) = compared(results(grid(4, 5, 6), cost)).crossings

    assert (4, 6) == (crossing.low, crossing.high)
    assert 4 < crossing.at < 6


def test_nothing_crosses_an_unstable_point():
    of = results(grid(4, 6, 8), linear, unstable=lambda point: "no" if point["workload.clients"] == 6 else None)

    assert () == compared(of).crossings


def test_noise_alone_crosses_nowhere():
    of = results(grid(1, 2, 4, 8), lambda point, seed: Random(f"{point}{seed}").uniform(90, 110))

    assert () == compared(of).crossings


def test_each_combination_of_the_other_parameters_has_its_own_crossing():
    points = [point | {"rate": rate} for point in grid(1, 4, 8) for rate in ("500/s", "2000/s")]

    def cost(point: dict[str, Any], seed: int) -> float:
        return linear(point, seed) + (25 if point["rate"] == "2000/s" and point["scheme"] == "mmio" else 0)

    found = [crossing for crossing in compared(results(points, cost)).crossings if crossing.column != "rate"]

    assert [{"rate": "500/s"}, {"rate": "2000/s"}] == [crossing.held for crossing in found]
    assert [5.0, 7.5] == pytest.approx([crossing.at for crossing in found])


@pytest.mark.parametrize(
    ("values", "numbers", "unit"),
    [
        ([1, 2.5], [1.0, 2.5], ""),
        (["500/s", "2000/s"], [500.0, 2000.0], "/s"),
        (["poisson 500/s", "poisson 2e3/s"], [500.0, 2000.0], "/s"),
        (["40 us", "100 us"], [40.0, 100.0], "us"),
    ],
)
def test_values_that_differ_in_a_number_are_numbers(values: list[Any], numbers: list[float], unit: str):
    axis = numeric_axis(values)

    assert axis is not None
    assert (dict(zip(values, numbers, strict=True)), unit) == (axis.numbers, axis.unit)


@pytest.mark.parametrize(
    "values", [["mmio", "guc"], ["300 us", "1 ms"], ["poisson 5/s", "fixed 5/s"], [None, 1], ["1 2"]]
)
def test_other_values_are_none(values: list[Any]):
    assert numeric_axis(values) is None


def said(call: Callable[[], object]) -> str:
    with pytest.raises(CannotCompare) as caught:
        call()
    return str(caught.value)


def test_what_cannot_be_compared_is_said_with_the_mend():
    of = results(grid(1, 2, schemes=("a", "b", "c")), lambda _, seed: 1.0 * seed)

    assert (
        "results.parquet has no parameter schem; did you mean scheme?; it has scheme, clients"
        == said(lambda: by_column(of, "schem"))
    )  # fmt: skip
    assert (
        "scheme has 3 values in results.parquet (a, b, c), and two are compared: --by scheme=a,b"
        == said(lambda: by_column(of, "scheme"))
    )  # fmt: skip
    alone = results(grid(1, 2, schemes=("a",)), lambda _, seed: 1.0 * seed)
    assert (
        "scheme has only one value in results.parquet, a, and two are compared; sweep another one, too, or compare by "
        "another parameter" == said(lambda: by_column(alone, "scheme"))
    )
    assert "results.parquet has no scheme d; it has a, b, c" == said(lambda: by_column(of, "scheme", ("a", "d")))
    assert "--by scheme=a,a names the same value twice" == said(lambda: by_column(of, "scheme", ("a", "a")))
    assert (
        "cost 'release_p99' is unknown; did you mean release_p99_us or releases_per_s?; there are release_p99_us, "
        "releases_per_s" == said(lambda: compare(by_column(of, "scheme", ("a", "b")), ["release_p99"]))
    )


def test_two_files_with_nothing_in_common_are_said():
    ours = results([{"workload.clients": 1}, {"workload.clients": 2}], lambda _, seed: 1.0 * seed, name="a.parquet")
    theirs = results([{"workload.clients": 3}, {"workload.clients": 4}], lambda _, seed: 1.0 * seed, name="b.parquet")

    assert (
        "a and b have no point in common; they must have been run with the same parameters but for one"
        == said(lambda: two_files(ours, theirs))
    )  # fmt: skip


def test_two_files_with_different_seeds_are_said():
    points = [{"workload.clients": 1}, {"workload.clients": 2}]
    ours = results(points, lambda _, seed: 1.0 * seed, name="a.parquet", seeds=range(3))
    theirs = results(points, lambda _, seed: 1.0 * seed, name="b.parquet", seeds=range(5, 8))

    assert (
        "the runs of a and b have no seed in common, so they do not pair; sweep both with the same seed"
        == said(lambda: two_files(ours, theirs))
    )  # fmt: skip


def noisy(point: dict[str, Any], seed: int) -> float:
    return linear(point, seed) * (1 + Random(f"{point}{seed}").uniform(-0.02, 0.02))


def test_a_comparison_reads_as_sentences():
    unstable = {"scheme": "unbatched", "workload.clients": 32}
    of = results(
        grid(1, 4.99, 16, 32), noisy, unstable=lambda point: "it cannot keep up" if point == unstable else None
    )

    assert """\
mmio against unbatched, paired by seed, 95 % intervals

release latency, p99
  clients=1: mmio is 33 % ± 4 % slower than unbatched (158 µs against 119 µs)
  clients=4.99: no difference shown between mmio and unbatched: -0.8 % ± 0.8 % (198 µs against 200 µs)
  clients=16: mmio is 26 % ± 1 % faster than unbatched (309 µs against 419 µs)
  clients=32: no figure: unbatched is unstable in 10 of 10 runs: it cannot keep up
  they cross at clients about 4.8 ± 0.2, between 1 and 16: unbatched is faster below, mmio above""" == comparison_text(
        compared(of)
    )


def test_a_ratio_is_left_out_where_it_would_contradict_the_difference():
    """Of 0 against what one run in ten had, the ratio is -100 % in every run that has one, and nothing is shown."""
    of = results(grid(1), lambda point, seed: 10.0 if point["scheme"] == "unbatched" and not seed else 0.0)

    assert (
        "no difference shown between mmio and unbatched: -1 µs ± 2 µs (0 µs against 1 µs)"
        == comparison_text(compared(of)).splitlines()[-1].strip()
    )  # fmt: skip


def test_less_processor_time_is_lower_and_not_faster(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(COSTS, "release_p99_us", CostMeaning("CPU spinning for each release", "µs", True))

    assert "mmio is 11 % ± 1 % lower than unbatched" in comparison_text(compared(results(grid(8), noisy)))


def test_one_replication_shows_nothing_for_certain():
    of = results(grid(1), linear, seeds=[1])

    assert (
        "a single replication shows no difference for certain: 138 µs against 98.1 µs"
        == comparison_text(compared(of)).splitlines()[-1].strip()
    )  # fmt: skip


def test_json_says_the_same():
    document = json.loads(comparison_json(compared(results(grid(1, 8), linear))))

    assert ("unbatched", "mmio", 0.95) == (document["a"], document["b"], document["level"])
    assert [{"workload.clients": 1}, {"workload.clients": 8}] == [point["parameters"] for point in document["points"]]
    assert -30 == pytest.approx(document["points"][1]["difference"]["mean"])
    assert document["points"][1]["distinguishable"]
    assert 5 == pytest.approx(document["crossings"][0]["at"])


def test_json_has_no_infinity():
    document = json.loads(comparison_json(compared(results(grid(1), linear, seeds=[1]))))

    assert document["points"][0]["difference"]["half_width"] is None
