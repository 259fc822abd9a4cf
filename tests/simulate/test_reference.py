"""The reference pages say of workloads, results and costs what the data says."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from gputlb.report.workloads_list import range_text
from gputlb.simulate import COSTS, RunResult, Workload, workloads

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
WORKLOADS = (REFERENCE / "workloads.md").read_text()
RESULT = (REFERENCE / "run-json.md").read_text()


def test_there_is_a_section_for_each_workload_and_no_other():
    assert list(workloads()) == re.findall(r"^## `(.+)`$", WORKLOADS, flags=re.MULTILINE)


@pytest.mark.parametrize("made", workloads().values(), ids=workloads())
def test_a_workload_s_table_is_what_it_can_be_told(made: type[Workload]):
    section = WORKLOADS.split(f"## `{made.name}`\n")[1].split("\n## ")[0]
    rows = [
        f"| `{each.name}` | {f'`{each.default}`' if each.default else 'none'} | {range_text(each)} | {each.meaning} |"
        for each in made.parameters()
    ]

    assert rows == re.findall(r"^\| `.*$", section, flags=re.MULTILINE)


def test_every_field_of_a_result_is_explained():
    explained = {word for row in re.findall(r"^\| (`.*?) \|", RESULT, flags=re.MULTILINE) for word in row.split("`")}

    assert [] == [field.name for field in fields(RunResult) if field.name not in explained]


def test_the_table_of_costs_is_the_data_s():
    better = {True: "lower is better", False: "higher is better", None: ""}
    rows = [f"| `{each.name}` | {each.unit} | {better[each.lower_is_better]} | {each.title} |" for each in COSTS]

    assert rows == RESULT.split("## Costs")[1].strip().splitlines()[-len(COSTS) :]
