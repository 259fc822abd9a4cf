"""A results file by point: all runs with the same parameters together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb.simulate.sweep._reading import opened_results
from gputlb.simulate.sweep._results import CostMeaning

if TYPE_CHECKING:
    from pathlib import Path

    from gputlb.simulate.sweep._reading import RunRow, Value

_MOST_CHARACTERS = 300
"""Of a value that is shown; a longer one is cut."""
_MOST_FILE_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class Point:
    """All runs with the same parameters."""

    number: int
    parameters: dict[str, Value]
    """All that the sweep sets or varies, by column."""
    seeds: tuple[int, ...]
    """One a run, in the order of the replications."""
    values: dict[str, tuple[float | None, ...]]
    """Of each cost, one a run."""
    unstable: tuple[str, ...]
    """Why runs found no steady state, one sentence for each that did not."""
    releases: tuple[int, ...]
    """How many there were, one a run."""
    histogram: tuple[tuple[float, int], ...]
    """Release latencies of all runs together: upper bound in µs, how many were in that bin; ascending."""


@dataclass(frozen=True, slots=True)
class Points:
    """What a results file holds, by point."""

    name: str
    varied: tuple[str, ...]
    fixed: dict[str, Value]
    costs: dict[str, CostMeaning]
    points: tuple[Point, ...]
    seed: int | None
    version: str
    """Of the gputlb that ran it."""
    facts_version: str
    sweep_file: str
    """The text of the file that the sweep was made from."""

    def setup_of(self, point: Point) -> dict[str, Value]:
        """Return everything that is known to decide a point's runs, besides their seeds."""
        return {**self.fixed, **point.parameters}


def read_points(path: Path) -> Points:
    """Read a results file, to be shown: texts are cut, and hold nothing that a terminal would obey.

    The file may be hostile: see `opened_results`.

    Raises: `ResultsError` where it is not there, no Parquet, of another layout, or misses what it should hold.
    """
    gathered: dict[int, _Gathered] = {}
    with opened_results(path) as reader:
        for run in reader.runs():
            gathered.setdefault(run.point, _Gathered(run.parameters)).add(run)
        provenance, parameters = reader.provenance, reader.parameters
    costs = tuple(provenance.costs)
    return Points(
        name=_clean(provenance.name),
        varied=tuple(provenance.varied),
        fixed={name: _shown(value) for name, value in provenance.parameters.items() if name not in provenance.varied},
        costs={
            name: CostMeaning(_clean(cost.title), _clean(cost.unit), cost.lower_is_better)
            for name, cost in provenance.costs.items()
        },
        points=tuple(gathered[number].point(number, parameters, costs) for number in sorted(gathered)),
        seed=provenance.seed,
        version=_clean(provenance.version),
        facts_version=_clean(provenance.facts_version),
        sweep_file=provenance.file[:_MOST_FILE_CHARACTERS],
    )


class _Gathered:
    """A point whose rows are still being read."""

    def __init__(self, parameters: tuple[Value, ...]) -> None:
        self._parameters = parameters
        self._runs: dict[int, tuple[int, str | None, tuple[float | None, ...], int]] = {}
        self._histogram: Counter[float] = Counter()

    def add(self, run: RunRow) -> None:
        self._runs[run.replication] = (run.seed, run.unstable, run.costs, sum(count for _, count in run.histogram))
        for upper, count in run.histogram:
            self._histogram[upper] += count

    def point(self, number: int, parameters: tuple[str, ...], costs: tuple[str, ...]) -> Point:
        ordered = [self._runs[replication] for replication in sorted(self._runs)]
        by_cost = zip(*(values for _, _, values, _ in ordered), strict=True)
        return Point(
            number=number,
            parameters={name: _shown(value) for name, value in zip(parameters, self._parameters, strict=True)},
            seeds=tuple(seed for seed, _, _, _ in ordered),
            values=dict(zip(costs, by_cost, strict=True)),
            unstable=tuple(_clean(why) for _, why, _, _ in ordered if why is not None),
            releases=tuple(releases for *_, releases in ordered),
            histogram=tuple(sorted(bin_ for bin_ in self._histogram.items() if bin_[1])),
        )


def _shown(value: Value) -> Value:
    return _clean(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    """Return a text without what a terminal would obey or a chart's program would stumble over, and not endless."""
    cut = text[:_MOST_CHARACTERS]
    return "".join(character if character.isprintable() else "\ufffd" for character in cut)
