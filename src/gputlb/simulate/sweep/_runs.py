"""A results file run by run, to be compared or gone on with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gputlb.simulate.sweep._plan import point_key, run_key
from gputlb.simulate.sweep._reading import opened_results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gputlb.simulate.sweep._results import CostMeaning, Provenance


@dataclass(frozen=True, slots=True)
class Results:
    """A results file, read."""

    path: Path
    provenance: Provenance
    parameters: tuple[str, ...]
    """The columns that are parameters."""
    rows: tuple[dict[str, Any], ...]
    """Each run, by point and replication: its columns, but for the versions, which the provenance has; and
    `measured_releases`, those in its histogram."""

    @property
    def costs(self) -> dict[str, CostMeaning]:
        """What each column of costs means."""
        return self.provenance.costs


def read_results(path: Path, *, histograms: bool = True) -> Results:
    """Read a results file; its histograms, which take the most memory by far, may be left out.

    The file may be hostile: see `opened_results`.

    Raises: `ResultsError` where it is not there, no Parquet, of another layout, or misses what it should hold.
    """
    rows = []
    with opened_results(path) as reader:
        costs = tuple(reader.provenance.costs)
        for run in reader.runs():
            row: dict[str, Any] = {"point": run.point, "replication": run.replication, "seed": run.seed}
            row |= zip(reader.parameters, run.parameters, strict=True)
            row |= zip(costs, run.costs, strict=True)
            row["unstable"] = run.unstable
            row["measured_releases"] = sum(count for _, count in run.histogram)
            if histograms:
                row["release_histogram"] = run.histogram
            rows.append(row)
        provenance, parameters = reader.provenance, reader.parameters
    rows.sort(key=lambda row: (row["point"], row["replication"]))
    return Results(path, provenance, parameters, tuple(rows))


def run_key_of(results: Results, row: Mapping[str, Any]) -> str:
    """Return the key of the run that made a row, as `Run.key` has it."""
    varied = {name: row[name] for name in results.provenance.varied}
    provenance = results.provenance
    return run_key(point_key(provenance.parameters | varied, provenance.files), row["seed"])
