"""The figures of the documentation are what the project itself produces; `scripts/draw-figures` makes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from gputlb.cli import main
from gputlb.simulate.costs import COSTS
from gputlb.simulate.setup import run_setup
from gputlb.simulate.sweep import read_results, read_sweep

pytest.importorskip("duckdb")
pytest.importorskip("vl_convert")

DOCS = Path(__file__).resolve().parents[1] / "docs"
GUIDE = DOCS / "how-to" / "choose-a-scheme"
PICTURES = {
    "choose-load.svg": ("load", "release_p99_us", "load-release_p99_us.svg"),
    "choose-clients.svg": ("clients", "release_mean_us", "load-release_mean_us.svg"),
    "choose-breakdown.svg": ("clients", "release_mean_us", "breakdown.svg"),
    "choose-hardware.svg": ("hardware", "release_p99_us", "load-release_p99_us.svg"),
}


@pytest.mark.parametrize("name", ["load", "clients", "hardware"])
def test_the_kept_results_are_of_the_sweep_file_as_it_stands(name: str):
    results = read_results(GUIDE / f"{name}.parquet")

    assert (GUIDE / f"{name}.toml").read_text() == results.provenance.file
    assert read_sweep(GUIDE / f"{name}.toml").run_count == len(results.rows)


@pytest.mark.parametrize(("name", "point"), [("load", 0), ("clients", 4), ("clients", 8), ("hardware", 5)])
def test_a_run_of_the_kept_results_comes_out_the_same_again(name: str, point: int):
    run = next(run for run in read_sweep(GUIDE / f"{name}.toml").runs() if run.point == point)
    kept = next(
        row
        for row in read_results(GUIDE / f"{name}.parquet").rows
        if (row["point"], row["replication"]) == (run.point, run.replication)
    )

    result = run_setup(run.setup, run.seed)

    assert {cost.name: kept[cost.name] for cost in COSTS} == {
        cost.name: None if (value := cost.of(result)) is None else float(value) for cost in COSTS
    }


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_is_what_the_kept_results_draw(picture: str, tmp_path: Path):
    name, cost, drawn = PICTURES[picture]

    with pytest.raises(SystemExit) as ended:
        main(["report", str(GUIDE / f"{name}.parquet"), "--svg", str(tmp_path), "--cost", cost])

    assert 0 == ended.value.code
    assert (DOCS / "pictures" / picture).read_bytes() == (tmp_path / drawn).read_bytes()
