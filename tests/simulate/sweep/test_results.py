"""A results file is what it was made from, to the last bit, and says where it is from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gputlb
from gputlb import facts
from gputlb.simulate.costs import COSTS
from gputlb.simulate.sweep import ResultsError, read_points, read_results
from gputlb.simulate.sweep._result import Finished
from gputlb.simulate.sweep._results import write_results
from gputlb.simulate.sweep._runs import run_key_of
from tests.simulate.sweep.sweeps import plan, setup

duckdb = pytest.importorskip("duckdb")

figures = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
histograms = st.lists(st.tuples(st.floats(0, 1e9), st.integers(0, 2**40)), max_size=4)


def some(key: str, **more: Any) -> Finished:
    return Finished(key, {cost.name: 0.1 + 0.2 for cost in COSTS}, more.get("unstable"), [(1.25, 7)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.parquet"


def test_the_columns_are_those_that_are_promised(path: Path):
    what = plan(setup(1), setup(2, scheme="unbatched"))
    write_results(path, what, {run.key: some(run.key) for run in what.runs()})
    kinds = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')").fetchall())

    assert [
        *("point", "replication", "seed", "platform", "scheme", "workload", "faults", "latency"),
        *("warm_up_ms", "duration_ms", "workload.clients"),
        *(cost.name for cost in COSTS),
        *("unstable", "release_histogram", "gputlb_version", "facts_version"),
    ] == list(kinds)
    assert ("BIGINT", "BIGINT", "DOUBLE", "VARCHAR") == (
        kinds["point"], kinds["workload.clients"], kinds["release_p99_us"], kinds["unstable"]
    )  # fmt: skip
    assert "STRUCT(upper_us DOUBLE, releases BIGINT)[]" == kinds["release_histogram"]


def test_it_says_where_it_is_from(path: Path):
    what = replace(plan(setup(1), setup(2)), text="# \"quotes\", it's\nname = 'x'\n")
    write_results(path, what, {run.key: some(run.key) for run in what.runs()})
    provenance = read_results(path).provenance

    assert ("small", 1, 2, ["workload.clients"]) == (
        provenance.name, provenance.seed, provenance.replications, provenance.varied
    )  # fmt: skip
    assert what.text == provenance.file
    assert (gputlb.__version__, facts.facts_version()) == (provenance.version, provenance.facts_version)
    assert 3 == provenance.parameters["workload.objects_per_client"]
    assert "workload.clients" not in provenance.parameters
    assert ("release latency, p99", "µs", True) == (
        provenance.costs["release_p99_us"].title,
        provenance.costs["release_p99_us"].unit,
        provenance.costs["release_p99_us"].lower_is_better,
    )


def test_a_row_s_run_is_known_by_its_key(path: Path):
    what = plan(setup(1), setup(2, scheme="unbatched"))
    write_results(path, what, {run.key: some(run.key) for run in what.runs()})
    results = read_results(path)

    assert sorted(run.key for run in what.runs()) == sorted(run_key_of(results, row) for row in results.rows)


@given(st.lists(figures, min_size=len(COSTS), max_size=len(COSTS)), histograms, st.one_of(st.none(), st.text()))
@settings(max_examples=25, deadline=None)
def test_figures_come_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[float | None],
    histogram: list[tuple[float, int]],
    unstable: str | None,
):
    path = tmp_path_factory.mktemp("exact") / "results.parquet"
    what = plan(setup(1), replications=1)
    costs = {cost.name: value for cost, value in zip(COSTS, values, strict=True)}
    write_results(path, what, {run.key: Finished(run.key, costs, unstable, histogram) for run in what.runs()})
    row = read_results(path).rows[0]

    assert costs == {name: row[name] for name in costs}
    assert histogram == [*row["release_histogram"]]
    assert unstable == row["unstable"]


def test_the_same_results_make_the_same_file(tmp_path: Path):
    what = plan(setup(1), setup(2))
    contents = []
    for name in ("a.parquet", "b.parquet"):
        write_results(tmp_path / name, what, {run.key: some(run.key) for run in what.runs()})
        contents.append((tmp_path / name).read_bytes())

    assert contents[0] == contents[1]


def test_names_that_mean_something_to_a_database_are_names(tmp_path: Path):
    path = tmp_path / "it's [1] *.parquet"
    what = plan(setup(1))
    write_results(path, what, {run.key: some(run.key) for run in what.runs()})

    assert 2 == len(read_results(path).rows)
    assert [path] == list(tmp_path.iterdir())


def test_what_no_sweep_has_written_is_refused_as_in_read_points(path: Path):
    """There is one reader; `test_points` shows all that it refuses."""
    path.write_bytes(b"PAR1 and no more")
    sentences = []
    for read in (read_results, read_points):
        with pytest.raises(ResultsError) as caught:
            read(path)
        sentences.append(str(caught.value))

    assert sentences[0].startswith(f"{path}: not a readable Parquet file (")
    assert sentences[0] == sentences[1]


def test_without_histograms_all_else_is_there(path: Path):
    what = plan(setup(1))
    write_results(path, what, {run.key: some(run.key) for run in what.runs()})
    full, bare = read_results(path).rows[0], read_results(path, histograms=False).rows[0]

    assert {"release_histogram"} == full.keys() - bare.keys()
    assert bare == {name: full[name] for name in bare}
