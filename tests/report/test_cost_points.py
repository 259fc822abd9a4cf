"""What is drawn: the right axes, means with intervals, nothing where there is no steady state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gputlb.report.cost_points import Estimate, NothingToShow, View, estimate_text, number_text, value_text, view
from gputlb.report.cost_table import print_points
from gputlb.simulate.statistics import interval
from gputlb.simulate.sweep import read_points
from tests.report import sweep_results


def view_of(path: Path, runs: list[dict[str, Any]] | None = None, **options: Any) -> View:
    return view(read_points(sweep_results.write(path / "results.parquet", runs)), **options)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> View:
    return view_of(tmp_path_factory.mktemp("results"))


def test_numbers_go_along_the_charts_and_schemes_between_the_lines(shown: View):
    scheme, clients = shown.axes

    assert (1, 0, "release_p99_us") == (shown.x, shown.by, shown.first_cost)
    assert (("mmio", "unbatched", "guc"), None) == (scheme.values, scheme.numbers)
    assert ("clients", (1, 2, 4, 8, 16)) == (clients.title, clients.values)


def test_what_is_asked_for_goes_where_it_is_asked(tmp_path: Path):
    swapped = view_of(tmp_path, x="scheme", by="workload.clients")

    assert (0, 1) == (swapped.x, swapped.by)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"x": "workload.client"}, "--x workload.client: no such parameter; did you mean clients?"),
        ({"by": "zzz"}, "--by zzz: no such parameter; the sweep varies scheme, clients"),
        (
            {"x": "clients", "by": "workload.clients"},
            "--x and --by are both workload.clients; lines need another parameter than the axis",
        ),
        ({"x": "scheme", "by": "scheme"}, "--x and --by are both scheme; lines need another parameter than the axis"),
    ],
)
def test_an_axis_that_is_not_there_is_refused(tmp_path: Path, options: dict[str, Any], text: str):
    with pytest.raises(NothingToShow, match="^" + text.replace("?", r"\?") + "$"):
        view_of(tmp_path, **options)


def test_words_around_a_number_are_numbers_in_order(tmp_path: Path):
    runs = [
        run | {"workload.arrivals": f"poisson {rate}/s", "point": point}
        for point, rate in enumerate((4000, 500))
        for run in sweep_results.rows(clients=(1,), schemes=("mmio",))
    ]
    shown = view(read_points(sweep_results.write(tmp_path / "r.parquet", runs, varied=["workload.arrivals"])))

    axis = shown.axes[0]
    assert ("arrivals (1/s)", ("poisson 500/s", "poisson 4000/s"), (500.0, 4000.0)) == (
        axis.title,
        axis.values,
        axis.numbers,
    )


def test_a_workload_s_numbers_have_the_unit_that_it_declares(tmp_path: Path):
    runs = [
        run | {"workload.rate": rate, "point": point}
        for point, rate in enumerate((500, 4000))
        for run in sweep_results.rows(clients=(1,), schemes=("mmio",))
    ]
    fixed = {"workload": "userptr"}
    written = sweep_results.write(tmp_path / "r.parquet", runs, varied=["workload.rate"], parameters=fixed)

    assert "rate (1/s)" == view(read_points(written)).axes[0].title


def test_intervals_are_those_of_the_statistics(shown: View):
    point = shown.points[0]
    values = [value for value in point.point.values["release_p99_us"] if value is not None]
    found = interval(values)

    assert Estimate(found.mean, found.half_width, 5) == point.estimates["release_p99_us"]


def test_a_quantile_of_too_few_releases_is_marked_as_their_maximum(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    few, many = sweep_results.rows(clients=(1, 2), schemes=("mmio",), replications=1)
    few["release_histogram"] = [{"upper_us": 40.0, "releases": 98}, {"upper_us": 50.0, "releases": 1}]
    shown = view_of(tmp_path, [few, many])
    print_points(shown, costs=["release_mean_us", "release_p99_us"])
    lines = capsys.readouterr().out.splitlines()

    assert ["release_p99_us"] == [name for name, estimate in shown.points[0].estimates.items() if estimate.only_max]
    assert not any(estimate.only_max for estimate in shown.points[1].estimates.values())
    assert [True, False] == [line.endswith(" (max)") for line in lines[3:5]]
    assert "(max): so few releases in a run that this quantile is their maximum." == lines[-1]


def test_a_single_run_has_no_interval(tmp_path: Path):
    shown = view_of(tmp_path, sweep_results.rows(clients=(1,), replications=1))

    assert shown.points[0].estimates["release_p99_us"].half is None


def test_an_unstable_point_has_no_latency_and_says_why(shown: View):
    point = shown.points[-1]

    assert sweep_results.UNSTABLE == point.unstable
    assert {"flushes_per_s", "stale_accesses"} == set(point.estimates)
    assert () == point.distribution


def test_one_unstable_run_makes_its_point_unstable(tmp_path: Path):
    runs = sweep_results.rows(clients=(1,), schemes=("mmio",))
    runs[2] |= {"unstable": "too much", "release_p99_us": None}

    point = view_of(tmp_path, runs).points[0]
    assert "too much (in 1 of 5 runs)" == point.unstable
    assert "release_p99_us" not in point.estimates


def test_distributions_are_shown_where_every_line_is_stable(shown: View):
    assert 8 == shown.axes[1].values[shown.standing() or 0]


def test_a_distribution_ends_at_one(shown: View):
    latencies, shares = zip(*shown.points[0].distribution, strict=True)

    assert (sorted(latencies), sorted(shares), 1.0) == (list(latencies), list(shares), shares[-1])


@pytest.mark.parametrize(
    ("estimate", "unit", "text"),
    [
        (Estimate(123.456, 5.678, 5), "µs", "123.5 ± 5.7 µs"),
        (Estimate(12345.6, 321.0, 5), "1/s", "12,346 ± 321 1/s"),
        (Estimate(0.431, 0.0112, 5), "share", "43.1 ± 1.1 %"),
        (Estimate(7.0, 0.0, 5), "1", "7"),
        (Estimate(7.25, None, 1), "µs", "7.25 µs"),
    ],
)
def test_the_uncertainty_decides_how_many_digits_are_shown(estimate: Estimate, unit: str, text: str):
    assert text == estimate_text(estimate, unit)


def test_figures_are_short():
    assert ["0", "0.0123", "1.23", "12.3", "1,235"] == [number_text(n) for n in (0.0, 0.01234, 1.234, 12.34, 1234.6)]


def test_values_are_not_rounded():
    assert ["100", "0.1", "1234567.25", "none"] == [value_text(value) for value in (100.0, 0.1, 1234567.25, None)]
