"""The page of a sweep: whole without the network, closed against what it is given, and useful without a script."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gputlb.report.cost_page import MOST_STEPS, cost_page
from gputlb.report.cost_points import View, view
from gputlb.report.cost_timeline import RunTimeline, run_timeline
from gputlb.simulate.sweep import read_points
from tests.report import sweep_results
from tests.report.test_witness_page import Tags

HOSTILE = "\"></script><script>alert('x')</script><img src=x onerror=alert(1)>&amp;"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> View:
    return view(read_points(sweep_results.write(tmp_path_factory.mktemp("results") / "results.parquet")))


@pytest.fixture(scope="module")
def page(shown: View) -> str:
    return cost_page(shown, [run_timeline(shown.results, shown.points[0], "mmio")])


def tags_of(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert [] == tags.open
    return tags


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="results">(.*?)</script>', page)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def scripts_of(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)


def without_scripts(page: str) -> str:
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_the_page_is_well_formed_and_names_no_place_elsewhere(page: str):
    tags = tags_of(page)

    assert not {"src", "href", "action"} & {name for name, _ in tags.attributes}
    assert [] == re.findall(r"https?:|@import|url\(", without_scripts(page))


def test_only_its_own_two_scripts_may_run(page: str):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)

    assert policy
    fingerprints = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts_of(page)]
    assert 2 == len(fingerprints)
    assert (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; script-src "
        + " ".join(f"'sha256-{fingerprint}'" for fingerprint in fingerprints)
        == policy[1]
    )
    assert not [name for name, _ in tags_of(page).attributes if name.startswith("on")]


def test_every_control_has_a_label_and_every_chart_a_text(page: str):
    tags = tags_of(page)
    labels = [value for name, value in tags.attributes if name == "aria-label"]

    assert {"Cost and load", "Distribution of release latency", "Where the time goes"} <= set(labels)
    controls = tags.counts["select"] + tags.counts["input"]
    assert controls == len(re.findall(r"<label[^>]*>[^<]*<(?:select|input)", page))


def test_the_table_says_all_without_a_script(page: str, shown: View):
    text = without_scripts(page)

    assert len(shown.points) == text.count("<tr data-row=")
    assert '<td class="number unstable">unstable</td>' in text
    assert f"Unstable: {sweep_results.UNSTABLE}." in text
    assert "1 of 15 points has no steady state" in text


def test_each_point_has_the_command_that_repeats_it(page: str):
    assert (
        "<code>gputlb run --platform tigerlake --workload churn --duration-ms 100 --warm-up-ms 10 --scheme mmio "
        "--set clients=1 --seed 1000</code>" in page
    )


def test_where_the_results_come_from_stands_on_it(page: str):
    assert "<dt>facts</dt><dd>2026-01</dd>" in page
    assert "<dt>seed of the sweep</dt><dd>7</dd>" in page
    assert "<pre>[grid]\nscheme = [&quot;mmio&quot;" in page


def test_a_page_costs_about_a_megabyte(page: str):
    assert 0.9e6 < len(page.encode()) < 1.2e6


def test_the_same_results_give_the_same_page(shown: View):
    assert cost_page(shown, []) == cost_page(shown, [])


def test_hostile_texts_stay_texts(tmp_path: Path):
    runs = [run | {"scheme": f"{HOSTILE}{run['scheme']}"} for run in sweep_results.rows()]
    for run in runs:
        run["unstable"] = run["unstable"] and HOSTILE
    costs = {"release_p99_us": {"title": HOSTILE, "unit": HOSTILE, "lower_is_better": True}}
    texts: dict[str, Any] = {
        "name": HOSTILE,
        "version": HOSTILE,
        "facts_version": HOSTILE,
        "file": HOSTILE,
        "costs": costs,
    }
    shown = view(read_points(sweep_results.write(tmp_path / "results.parquet", runs, **texts)))
    remark = RunTimeline(HOSTILE, 0, 1, (), (), 0.0, HOSTILE)

    page = cost_page(shown, [remark])
    tags = tags_of(page)
    assert 3 == tags.counts["script"]
    assert "img" not in tags.counts
    assert 3 == page.count("<script")
    assert HOSTILE == data_of(page)["costs"][0]["title"]


def test_a_fine_distribution_is_thinned_out_and_keeps_its_ends(shown: View):
    steps = tuple((1.0 + index / 10, (index + 1) / 3000) for index in range(3000))
    point = replace(shown.points[0], distribution=steps)

    drawn = data_of(cost_page(replace(shown, points=(point,)), []))["points"][0]
    assert MOST_STEPS >= len(drawn["latency"]) > MOST_STEPS / 2
    assert [steps[0][0], steps[-1][0]] == [drawn["latency"][0], drawn["latency"][-1]]
    assert [round(steps[0][1], 9), 1] == [drawn["share"][0], drawn["share"][-1]]
    assert set(zip(drawn["latency"], drawn["share"], strict=True)) <= {(x, round(share, 9)) for x, share in steps}


def test_a_sweep_of_one_point_has_a_page(tmp_path: Path):
    runs = sweep_results.rows(clients=(1,), schemes=("mmio",), replications=1)
    shown = view(read_points(sweep_results.write(tmp_path / "results.parquet", runs)))

    page = cost_page(shown, [])
    assert (None, None, []) == tuple(data_of(page)[key] for key in ("x", "by", "axes"))
    assert '<p class="quiet">1 point, 1 run. </p>' in page
