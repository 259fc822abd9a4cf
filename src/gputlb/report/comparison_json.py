"""A comparison as one JSON document."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gputlb.simulate.comparison import Comparison, Crossing, PointDifference
    from gputlb.simulate.statistics import Interval

_SCHEMA = 1


def comparison_json(comparison: Comparison) -> str:
    """Return the document; docs/reference/results-file.md says what its fields mean."""
    sides = comparison.sides
    document = {
        "schema": _SCHEMA,
        "a": sides.a,
        "b": sides.b,
        "level": comparison.level,
        "points": [_point(point) for point in comparison.points],
        "crossings": [_crossing(crossing) for crossing in comparison.crossings],
        "points_of_a_alone": sides.alone_a,
        "points_of_b_alone": sides.alone_b,
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def _point(point: PointDifference) -> dict[str, Any]:
    found = point.paired
    return {
        "cost": point.cost,
        "parameters": point.parameters,
        "pairs": point.pairs,
        "why_none": point.why_none,
        "mean_a": found and found.mean_a,
        "mean_b": found and found.mean_b,
        "difference": found and _interval(found.difference),
        "relative": found and found.relative and _interval(found.relative),
        "distinguishable": found is not None and found.distinguishable,
        "only_max": point.only_max,
    }


def _crossing(crossing: Crossing) -> dict[str, Any]:
    return {
        "cost": crossing.cost,
        "parameter": crossing.column,
        "unit": crossing.unit,
        "held": crossing.held,
        "low": crossing.low,
        "high": crossing.high,
        "at": crossing.at,
        "at_interval": crossing.at_interval and _interval(crossing.at_interval),
        "b_lower_before": crossing.b_lower_before,
    }


def _interval(estimate: Interval) -> dict[str, float | None]:
    half_width = estimate.half_width if isfinite(estimate.half_width) else None
    return {"mean": estimate.mean, "half_width": half_width}
