"""A results file is read by point, and one that is damaged or meant to harm is refused in one sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gputlb.simulate.sweep import ResultsError, read_points
from tests.report import sweep_results

RUNS = sweep_results.rows(clients=(1, 16), schemes=("mmio", "guc"), replications=3)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sweep_results.write(tmp_path_factory.mktemp("results") / "results.parquet", RUNS)


def refused(path: Path) -> str:
    with pytest.raises(ResultsError) as caught:
        read_points(path)
    text = str(caught.value)
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def test_runs_with_the_same_parameters_are_one_point(results: Path):
    points = read_points(results)

    assert [
        {"scheme": "mmio", "workload.clients": 1},
        {"scheme": "mmio", "workload.clients": 16},
        {"scheme": "guc", "workload.clients": 1},
        {"scheme": "guc", "workload.clients": 16},
    ] == [point.parameters for point in points.points]
    assert (1000, 1001, 1002) == points.points[0].seeds
    assert tuple(run["release_p99_us"] for run in RUNS[:3]) == points.points[0].values["release_p99_us"]


def test_histograms_of_all_runs_are_added_up(results: Path):
    point = read_points(results).points[0]

    assert 3 * 1500 == sum(releases for _, releases in point.histogram)
    assert sorted(point.histogram) == list(point.histogram)


def test_what_was_fixed_and_varied_together_decides_a_run(results: Path):
    points = read_points(results)

    assert {
        "platform": "tigerlake",
        "workload": "churn",
        "duration_ms": 100,
        "warm_up_ms": 10,
        "scheme": "guc",
        "workload.clients": 16,
    } == points.setup_of(points.points[3])


def test_an_unstable_run_says_why_and_has_no_figure(results: Path):
    point = read_points(results).points[3]

    assert (sweep_results.UNSTABLE,) * 3 == point.unstable
    assert (None, None, None) == point.values["release_p99_us"]


def test_rows_in_any_order_give_the_same_points(tmp_path: Path, results: Path):
    mixed = sweep_results.write(tmp_path / "mixed.parquet", RUNS[::-1])

    assert read_points(results) == read_points(mixed)


def test_a_name_full_of_patterns_is_the_name_of_one_file(tmp_path: Path):
    """DuckDB would take `*` and `[` for a pattern, and read its neighbours; and it knows no names but UTF-8."""
    strange = tmp_path / os.fsdecode(b"a[b]*?'\xff.parquet")
    (tmp_path / "plain.parquet").write_bytes(b"neighbour")
    sweep_results.write(tmp_path / "made.parquet", RUNS)
    (tmp_path / "made.parquet").rename(strange)

    assert 4 == len(read_points(strange).points)


def test_what_is_no_file_is_refused(tmp_path: Path):
    missing = tmp_path / "missing.parquet"
    mend = f"gputlb sweep FILE.toml --output {missing} makes it"
    assert f"there is no such file; {mend}" == refused(missing)
    assert f"{tmp_path} is a directory; name a results file, as gputlb sweep writes it" == refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file; name a results file, as gputlb sweep writes it" == refused(tmp_path / "pipe")
    assert "cannot be read: file name too long" == refused(tmp_path / ("n" * 256))


@pytest.mark.parametrize("content", [b"", b"hello", b"PAR1" + bytes(100) + b"PAR1", b"\xff" * 5000])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "results.parquet"
    path.write_bytes(content)

    assert refused(path).startswith("not a readable Parquet file (")


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, results: Path):
    path = tmp_path / "results.parquet"
    path.write_bytes(results.read_bytes()[:-100])

    assert refused(path).startswith("not a readable Parquet file (")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("{", "its metadata is damaged: Input data was truncated"),
        ('{"x":' * 100_000, "its metadata is damaged: it is nested too deep"),
        ("{}", "its metadata is damaged: Object missing required field `schema`"),
        ({"schema": 1}, "its metadata is damaged: Object missing required field `name`"),
        (
            {"schema": 2},
            "its layout has number 2, and this gputlb reads 1; use the gputlb that wrote it, or run the sweep anew",
        ),
    ],
)
def test_damaged_metadata_is_refused(tmp_path: Path, said: Any, text: str):
    written = sweep_results.write(tmp_path / "results.parquet", RUNS, said=said)

    assert text == refused(written)


def test_metadata_of_another_program_is_refused(tmp_path: Path):
    import duckdb

    path = tmp_path / "results.parquet"
    duckdb.execute(f"COPY (SELECT 1 AS point) TO '{path}' (FORMAT parquet)")

    assert 'no results of gputlb sweep: the file\'s metadata has no "gputlb"' == refused(path)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"drop": ("seed",)}, 'it has no column "seed"'),
        ({"drop": ("release_p99_us", "unstable")}, 'it has no column "unstable", "release_p99_us"'),
        ({"varied": ["scheme", "workload.engines"]}, 'it has no column "workload.engines"'),
        ({"retype": {"unstable": "BLOB"}}, 'column "unstable" is of type BLOB, not VARCHAR'),
        ({"retype": {"release_p50_us": "VARCHAR"}}, 'column "release_p50_us" is of type VARCHAR, not '),
        ({"retype": {"release_histogram": "JSON"}}, 'column "release_histogram" is of type '),
        ({"costs": {}}, "it has no costs"),
    ],
)
def test_missing_and_wrong_columns_are_refused(tmp_path: Path, changes: dict[str, Any], text: str):
    written = sweep_results.write(tmp_path / "results.parquet", RUNS, **changes)

    assert refused(written).startswith(text)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"point": None}, "row 2 has no point, replication or seed"),
        ({"replication": 0}, "row 2 repeats replication 0 of point 0"),
        ({"scheme": "other"}, "row 2 is of point 0 but has other parameters than rows before it"),
        (
            {"release_histogram": [{"upper_us": 1.0, "releases": None}]},
            "row 2 has a histogram with a hole, or a negative number, in it",
        ),
        (
            {"release_histogram": [{"upper_us": -1.0, "releases": 3}]},
            "row 2 has a histogram with a hole, or a negative number, in it",
        ),
        (
            {"release_histogram": [{"upper_us": float(i), "releases": 1} for i in range(6000)]},
            "row 2 has a histogram of more than 5,000 bins",
        ),
    ],
)
def test_rows_that_cannot_be_are_refused(tmp_path: Path, change: dict[str, Any], text: str):
    rows = [dict(run) for run in RUNS[:3]]
    rows[1] |= change

    assert text == refused(sweep_results.write(tmp_path / "results.parquet", rows))


def test_a_file_without_runs_is_refused(tmp_path: Path):
    import duckdb

    path = sweep_results.write(tmp_path / "all.parquet", RUNS)
    empty = tmp_path / "empty.parquet"
    said = json.dumps(sweep_results.metadata(RUNS)).replace("'", "''")
    duckdb.execute(
        f"COPY (SELECT * FROM read_parquet('{path}') WHERE point < 0) TO '{empty}' "
        f"(FORMAT parquet, KV_METADATA {{gputlb: '{said}'}})"
    )

    assert "it holds no run" == refused(empty)


def test_long_texts_are_cut(tmp_path: Path):
    rows = [run | {"scheme": "x" * 100_000} for run in RUNS[:3]]

    point = read_points(sweep_results.write(tmp_path / "results.parquet", rows)).points[0]
    assert "x" * 300 == point.parameters["scheme"]
