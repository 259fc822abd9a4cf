"""The first moments of a run are those that were counted, and a results file cannot ask for anybody's code or files."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gputlb import __version__
from gputlb.report.cost_points import View, view
from gputlb.report.cost_timeline import MOMENTS_MS, RunTimeline, run_timeline
from gputlb.runtime import Event
from gputlb.simulate import Setup, run_setup
from gputlb.simulate.sweep import Points, read_points
from tests.report import sweep_results


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> View:
    runs = sweep_results.rows(clients=(1, 2, 16), schemes=("mmio", "unbatched"))
    return view(read_points(sweep_results.write(tmp_path_factory.mktemp("results") / "results.parquet", runs)))


def with_fixed(shown: View, **parameters: Any) -> Points:
    return replace(shown.results, fixed={**shown.results.fixed, **parameters})


def test_slices_are_what_the_run_did(shown: View):
    """Every hold of the invalidation mutex in the first moments is a slice, of the same run simulated by itself."""
    held: list[tuple[int, int]] = []
    begun: list[int] = []

    def listen(runtime: Any, machine: Any) -> None:
        names = {tlb.invalidate_lock.name for tlb in machine.tlbs}

        def notice(event: Event) -> None:
            if event.kind == "mutex_lock" and event.values[0] in names:
                begun.append(event.time_ns)
            if event.kind == "mutex_unlock" and event.values[0] in names:
                held.append((begun.pop(), event.time_ns))

        runtime.events.listen(notice)

    run_setup(Setup(parameters=(("clients", 2),), duration_ms=MOMENTS_MS), 1000, listen=listen)
    timeline = run_timeline(shown.results, shown.points[1], "mmio")

    drawn = [(each.begin_ns, each.end_ns) for each in timeline.slices if each.lane == "mutex"]
    assert held == drawn[: len(held)]
    assert len(drawn) - len(held) <= 1  # one may still be held at the end


def test_lanes_are_clients_then_mutex_then_units_then_power(shown: View):
    lanes = run_timeline(shown.results, shown.points[1], "mmio").lanes

    assert ("client0", "client1", "mutex") == lanes[:3]
    assert ["unit", "power"] == list(dict.fromkeys(lane.rpartition(" ")[2] for lane in lanes[3:]))


def test_it_is_the_same_each_time(shown: View):
    assert run_timeline(shown.results, shown.points[0], "a") == run_timeline(shown.results, shown.points[0], "a")


def test_slices_within_the_moments_and_on_lanes(shown: View):
    timeline = run_timeline(shown.results, shown.points[2], "mmio")

    assert "The first 12 of 16 clients are shown." == timeline.remark
    assert {each.lane for each in timeline.slices} == set(timeline.lanes)
    assert all(0 <= each.begin_ns < each.end_ns <= MOMENTS_MS * 1e6 for each in timeline.slices)


def test_another_version_is_said(shown: View):
    timeline = run_timeline(replace(shown.results, version="0.0.9"), shown.points[0], "mmio")

    assert timeline.slices
    assert (
        f"The results were made by gputlb 0.0.9, this was simulated by {__version__}: "
        "it may differ from the run that was counted." == timeline.remark
    )


@pytest.mark.parametrize(
    ("parameters", "remark"),
    [
        (
            {"scheme": "os:system"},
            "Not drawn: the scheme os:system is code of one's own, which a results file cannot ask for.",
        ),
        (
            {"latency": "measured /etc/passwd"},
            "Not drawn: hardware latency names a file, which a results file cannot ask for.",
        ),
        (
            {"latency": " Measured\t/etc/passwd"},
            "Not drawn: hardware latency names a file, which a results file cannot ask for.",
        ),
        (
            {"workload.clients": 2_000_000},
            "Not drawn: it is too big to be simulated again for a picture.",
        ),
        ({"platform": "nowhere"}, "Not drawn: it cannot be simulated again: "),
        ({"workload": "nothing"}, "Not drawn: it cannot be simulated again: workload 'nothing' is unknown"),
        ({"workload.nothing": 3}, "Not drawn: it cannot be simulated again: workload 'churn' has no parameter"),
        ({"faults": "stuck-bit:nowhere"}, "Not drawn: it cannot be simulated again: "),
    ],
)
def test_what_must_not_or_cannot_be_run_is_left_out(shown: View, parameters: dict[str, Any], remark: str):
    point = shown.points[0]
    given = {**point.point.parameters, **{name: parameters[name] for name in parameters if name in ("scheme",)}}
    point = replace(point, point=replace(point.point, parameters={**given, **parameters}))

    timeline = run_timeline(shown.results, point, "mmio")
    assert () == timeline.slices
    assert timeline.remark.startswith(remark)


def test_faults_are_those_of_the_row(shown: View):
    broken = run_timeline(with_fixed(shown, faults="slow-unit:rcs0:3000, stuck-bit:vcs0"), shown.points[1], "mmio")
    fine = run_timeline(with_fixed(shown, faults="none"), shown.points[1], "mmio")

    def units(timeline: RunTimeline) -> list[int]:
        return [each.end_ns - each.begin_ns for each in timeline.slices if each.lane == "rcs0 unit"]

    assert max(units(broken)) > max(units(fine))


def test_clients_that_come_for_one_thing_share_lanes(tmp_path: Path):
    runs = [run | {"workload.rate": 20000} for run in sweep_results.rows(clients=(1,), schemes=("mmio",))]
    for run in runs:
        del run["workload.clients"]
    fixed = {"platform": "tigerlake", "workload": "userptr"}
    written = sweep_results.write(tmp_path / "r.parquet", runs, varied=["workload.rate"], parameters=fixed)
    shown = view(read_points(written))

    timeline = run_timeline(shown.results, shown.points[0], "")
    callers = [lane for lane in timeline.lanes if lane.startswith("caller")]
    assert ["caller 0", "caller 1"] == callers[:2]
    for lane in callers:
        outer = [each for each in timeline.slices if each.lane == lane and each.depth == 0]
        assert all(before.end_ns <= after.begin_ns for before, after in itertools.pairwise(outer))
