"""What a sweep runs: points, replications, and the seed and the name of each run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from gputlb.simulate.parameters import WrongParameter
from gputlb.simulate.setup import Setup
from gputlb.simulate.sweep._named_files import digest_of, named_file
from gputlb.simulate.workloads import make_workload, workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gputlb.simulate.parameters import Scalar

MOST_RUNS = 200_000
"""Of a sweep, and of a results file: what is written can be read."""
WORKLOAD_PREFIX = "workload."
"""Before the name of a workload's own parameter, where it is a column."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a sweep."""

    point: int
    replication: int
    setup: Setup
    seed: int
    key: str
    """Equal for runs that must give the same result under the same version, and for no others."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a sweep file asks for."""

    name: str
    points: tuple[Setup, ...]
    replications: int
    seed: int
    given: frozenset[str]
    """What the file sets or varies, as it names it; a workload's other parameters have their defaults."""
    text: str
    """The file, word for word."""

    def runs(self) -> Iterator[Run]:
        """Return every run, all points once before any is repeated: what an interrupted sweep has covers them all."""
        files = self.files()
        keys = [point_key(row, files) for row in self.rows()]
        for replication in range(self.replications):
            seed = run_seed(self.seed, replication)
            for point, setup in enumerate(self.points):
                yield Run(point, replication, setup, seed, run_key(keys[point], seed))

    def files(self) -> dict[str, str]:
        """Return the files that parameters name, each with a digest of what is in it."""
        names = set[str]().union(*map(files_read_by, self.points))
        return {name: digest_of(name) for name in sorted(names)}

    @property
    def run_count(self) -> int:
        """How many runs there are."""
        return len(self.points) * self.replications

    def rows(self) -> list[Mapping[str, Scalar]]:
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


def files_read_by(setup: Setup) -> set[str]:
    """Return the files that a run of a setup reads."""
    columns = _file_columns(setup.workload)
    return {name for column, value in columns_of(setup).items() if (name := named_file(column, value, columns))}


@lru_cache(maxsize=1 << 14)
def columns_of(setup: Setup) -> Mapping[str, Scalar]:
    """Return a setup as one row: its own fields, then all that its workload is told, each as `workload.NAME`.

    A default that what is given leaves no use for is left out: a rate beside arrivals that have their own.
    """
    row: dict[str, Scalar] = {}
    for field in fields(Setup):
        if field.name == "parameters":
            continue
        value = getattr(setup, field.name)
        row[field.name] = (", ".join(value) or "none") if isinstance(value, tuple) else value
    given = dict(setup.parameters)
    for name, value in make_workload(setup.workload, setup.parameters).told().items():
        if name in given or _has_use(setup, name, value):
            row[WORKLOAD_PREFIX + name] = given.get(name, value)
    return row


def _has_use(setup: Setup, name: str, default: Scalar) -> bool:
    if default == "":
        return False
    try:
        make_workload(setup.workload, (*setup.parameters, (name, default)))
    except WrongParameter:
        return False
    return True


@cache
def _file_columns(name: str) -> frozenset[str]:
    return frozenset(
        WORKLOAD_PREFIX + parameter.name for parameter in workload(name).parameters() if parameter.kind == "file"
    )


def canonical(value: Scalar | None) -> str:
    """Return one text for values that mean the same: 4 and 4.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def point_key(columns: Mapping[str, Scalar | None], files: Mapping[str, str]) -> str:
    """Return the name of the point with these parameters; a column that is None is as if it were not.

    A file counts by what is in it, not by its name; `files` has the digest of each.
    """

    def meant(value: Scalar) -> str:
        text = canonical(value)
        word, _, name = text.partition(" ")
        return files.get(text) or (f"{word} {files[name]}" if name in files else text)

    known = sorted((column, meant(value)) for column, value in columns.items() if value is not None)
    return sha256(msgspec.json.encode(known)).hexdigest()[:24]


def run_key(point: str, seed: int) -> str:
    """Return the name of the run of the point with this key with this seed."""
    return f"{point}-{seed}"
