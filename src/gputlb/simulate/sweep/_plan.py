"""What a sweep runs: points, replications, and the seed and the name of each run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from gputlb.simulate.setup import Setup

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gputlb.simulate.setup import Scalar

WORKLOAD_PREFIX = "workload."
"""Before the name of a workload's own parameter, where it is a column."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a sweep."""

    point: int
    replication: int
    setup: Setup
    seed: int

    @property
    def key(self) -> str:
        """Equal for runs that must give the same result under the same version, and for no others."""
        return run_key(columns_of(self.setup), self.seed)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a sweep file asks for."""

    name: str
    points: tuple[Setup, ...]
    replications: int
    seed: int
    given: frozenset[str]
    """The columns that the file sets or varies; a workload's other parameters have their defaults."""
    text: str
    """The file, word for word."""

    def runs(self) -> Iterator[Run]:
        """Return every run, all points once before any is repeated: what an interrupted sweep has covers them all."""
        for replication in range(self.replications):
            seed = run_seed(self.seed, replication)
            for point, setup in enumerate(self.points):
                yield Run(point, replication, setup, seed)

    @property
    def run_count(self) -> int:
        """How many runs there are."""
        return len(self.points) * self.replications

    def rows(self) -> list[dict[str, Scalar]]:
        """Return the parameters of each point, as a results file has them."""
        return [columns_of(setup) for setup in self.points]

    @property
    def columns(self) -> list[str]:
        """Every parameter of any point, in the order in which they come up."""
        return list(dict.fromkeys(column for row in self.rows() for column in row))

    @property
    def varied(self) -> list[str]:
        """The parameters that differ between points."""
        rows = self.rows()
        return [column for column in self.columns if len({canonical(row.get(column)) for row in rows}) > 1]


def run_seed(seed: int, replication: int) -> int:
    """Return the seed of a replication, the same at all points (common random numbers), below 2**32.

    Hashed, so that the replications of a sweep with seed 1 and one with seed 2 share no run.
    """
    return int.from_bytes(sha256(f"{seed} {replication}".encode()).digest()[:4], "big")


def columns_of(setup: Setup) -> dict[str, Scalar]:
    """Return a setup as one row: its own fields, then the workload's parameters, each as `workload.NAME`."""
    row: dict[str, Scalar] = {}
    for field in fields(Setup):
        if field.name == "parameters":
            continue
        value = getattr(setup, field.name)
        row[field.name] = (", ".join(value) or "none") if isinstance(value, tuple) else value
    return row | {WORKLOAD_PREFIX + name: value for name, value in setup.parameters}


def canonical(value: Scalar | None) -> str:
    """Return one text for values that mean the same: 4 and 4.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def run_key(columns: Mapping[str, Scalar | None], seed: int) -> str:
    """Return the name of the run with these parameters and this seed; a column that is None is as if it were not."""
    known = sorted((column, canonical(value)) for column, value in columns.items() if value is not None)
    return sha256(msgspec.json.encode([seed, known])).hexdigest()[:32]
