"""The workloads and what they can be told, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from gputlb.report.aligned import aligned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.simulate import Workload, WorkloadParameter


def workloads_text(workloads: Iterable[type[Workload]]) -> str:
    """Return the workloads as a table."""
    rows = [("workload", ""), *((each.name, each.summary) for each in workloads)]
    return "\n".join([*aligned(rows, "<<"), "", "gputlb workloads NAME says what a workload can be told with --set"])


def parameters_text(workload: type[Workload]) -> str:
    """Return one workload and its parameters."""
    rows = [("parameter", "default", "range", "")]
    rows += [(each.name, shown(each.default), range_text(each), each.meaning) for each in workload.parameters()]
    return "\n".join([f"{workload.name}: {workload.summary}", "", *aligned(rows, "<<<<")])


def workloads_json(workloads: Iterable[type[Workload]]) -> str:
    """Return the workloads and their parameters as one JSON document."""
    document = [
        {
            "name": each.name,
            "summary": each.summary,
            "open": each.is_open,
            "parameters": [asdict(parameter) for parameter in each.parameters()],
        }
        for each in workloads
    ]
    return json.dumps({"workloads": document}, indent=1, ensure_ascii=False)


def shown(default: float | str) -> str:
    """Return a parameter's default as a cell of a table."""
    return str(default) or "-"


def range_text(parameter: WorkloadParameter) -> str:
    """Return what values a parameter takes, as a cell of a table."""
    match parameter.kind:
        case "count":
            return (
                f"{parameter.least or 0:g} to {parameter.most:g}" if parameter.most else f"{parameter.least or 0:g} up"
            )
        case "choice":
            return " or ".join(parameter.choices)
        case "arrivals":
            return "a pattern"
        case kind:
            return f"a {kind}"
