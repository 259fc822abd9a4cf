"""A results file from anywhere, read with care: all runs of a point together, and nothing believed."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from gputlb.simulate.sweep._errors import ResultsError
from gputlb.simulate.sweep._results import SCHEMA, CostMeaning, require_duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

MOST_RUNS = 200_000
MOST_POINTS = 10_000
MOST_BINS = 5_000
"""Of one run's histogram."""
_MOST_COLUMNS = 300
_MOST_METADATA_BYTES = 4_000_000
_MOST_CHARACTERS = 300
"""Of a value; a longer one is cut."""
_MOST_FILE_CHARACTERS = 200_000
_KEPT_ROWS = 256
_PARAMETER = re.compile(r"platform|scheme|workload|duration_ms|latency|warm_up_ms|faults|workload\.[a-z][a-z0-9_]*")
_COUNTS = ("point", "replication", "seed")
_FIXED = (*_COUNTS, "unstable", "release_histogram", "gputlb_version", "facts_version")
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_TEXTS = {"VARCHAR"}
_NUMBERS = _INTEGERS | {"DOUBLE", "FLOAT"}
_HISTOGRAM = "STRUCT(upper_us DOUBLE, releases BIGINT)[]"

Value = int | float | str | None
"""Of a parameter."""


class _Metadata(msgspec.Struct, frozen=True):
    schema: int
    name: str
    varied: list[str]
    parameters: dict[str, int | float | str | bool | list[str] | None]
    costs: dict[str, CostMeaning]
    version: str
    facts_version: str = ""
    seed: int | None = None
    replications: Annotated[int, msgspec.Meta(ge=1)] | None = None
    file: str = ""


class _SchemaOnly(msgspec.Struct, frozen=True):
    schema: int


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
    """Read a results file.

    The file may be hostile: nothing else is opened because of it, and what is kept of it is bounded.

    Raises: `ResultsError` where it is not there, no Parquet, of another layout, or misses what it should hold.
    """
    duckdb = require_duckdb()
    if not path.is_file():
        raise ResultsError(f"{path}: {'not a regular file' if path.exists() else 'there is no such file'}")
    try:
        with _closed_connection(path.resolve()) as connection:
            return _Reader(connection, path).read()
    except duckdb.OutOfMemoryException:
        raise ResultsError(f"{path}: reading it takes more memory than any sweep's results should") from None
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(str(path.resolve()), path.name)[:200]
        raise ResultsError(f"{path}: not a readable Parquet file ({reason})") from None


def _closed_connection(path: Path) -> DuckDBPyConnection:
    """Open a database in memory that can read this one file, and nothing else on disk or network."""
    connection: DuckDBPyConnection = require_duckdb().connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": "1GB",
            "threads": "2",
            "preserve_insertion_order": "true",
        }
    )
    quoted = str(path).replace("'", "''")
    connection.execute(f"SET allowed_paths = ['{quoted}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


class _Reader:
    def __init__(self, connection: DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._full = str(path.resolve())
        self._types: dict[str, str] = {}

    def read(self) -> Points:
        metadata = self._metadata()
        types = self._types = self._column_types()
        self._check_columns(metadata)
        parameters = [name for name in types if name in metadata.varied or _PARAMETER.fullmatch(name)]
        points = self._points(parameters, list(metadata.costs))
        return Points(
            name=_clean(metadata.name),
            varied=tuple(metadata.varied),
            fixed={name: _plain(value) for name, value in metadata.parameters.items() if name not in metadata.varied},
            costs={
                name: CostMeaning(_clean(cost.title), _clean(cost.unit), cost.lower_is_better)
                for name, cost in metadata.costs.items()
            },
            points=points,
            seed=metadata.seed,
            version=_clean(metadata.version),
            facts_version=_clean(metadata.facts_version),
            sweep_file=metadata.file[:_MOST_FILE_CHARACTERS],
        )

    def _refuse(self, what: str) -> ResultsError:
        return ResultsError(f"{self._path}: {what}")

    def _metadata(self) -> _Metadata:
        row = self._connection.execute(
            "SELECT value FROM parquet_kv_metadata(?) WHERE decode(key) = 'gputlb' LIMIT 1", [self._full]
        ).fetchone()
        if row is None:
            raise self._refuse('no results of gputlb sweep: the file\'s metadata has no "gputlb"')
        text = bytes(row[0])
        if len(text) > _MOST_METADATA_BYTES:
            raise self._refuse(f"its metadata takes {len(text):,} bytes, more than any sweep's should")
        try:
            schema = msgspec.json.decode(text, type=_SchemaOnly).schema
            if schema != SCHEMA:
                raise self._refuse(
                    f"its layout has number {schema}, and this gputlb reads {SCHEMA}; "
                    f"use the gputlb that wrote it, or run the sweep anew"
                )
            return msgspec.json.decode(text, type=_Metadata)
        except msgspec.MsgspecError as error:
            raise self._refuse(f"its metadata is damaged: {error}") from None
        except RecursionError:
            raise self._refuse("its metadata is damaged: it is nested too deep") from None

    def _column_types(self) -> dict[str, str]:
        rows = self._connection.execute(
            "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))", [self._full]
        ).fetchmany(_MOST_COLUMNS + 1)
        if len(rows) > _MOST_COLUMNS:
            raise self._refuse(f"it has more than {_MOST_COLUMNS} columns")
        return {str(name): str(kind) for name, kind in rows}

    def _check_columns(self, metadata: _Metadata) -> None:
        types = self._types
        wanted = [*_FIXED, *metadata.costs, *metadata.varied]
        missing = [name for name in wanted if name not in types]
        if missing:
            raise self._refuse(f"it has no column {_some(missing)}")
        if not metadata.costs:
            raise self._refuse("it has no costs")
        allowed = {
            **dict.fromkeys(metadata.varied, _NUMBERS | {"VARCHAR"}),
            **dict.fromkeys(metadata.costs, _NUMBERS),
            **dict.fromkeys(_COUNTS, _INTEGERS),
            **dict.fromkeys(("unstable", "gputlb_version", "facts_version"), _TEXTS),
            "release_histogram": {_HISTOGRAM},
        }
        for name in types:
            kinds = allowed.get(name) or (_NUMBERS | {"VARCHAR"} if _PARAMETER.fullmatch(name) else None)
            if kinds is not None and types[name] not in kinds:
                raise self._refuse(f'column "{name}" is of type {types[name]}, not {" or ".join(sorted(kinds))}')

    def _points(self, parameters: list[str], costs: list[str]) -> tuple[Point, ...]:
        gathered: dict[int, _Gathered] = {}
        for count, row in enumerate(self._rows(parameters, costs), 1):
            if count > MOST_RUNS:
                raise self._refuse(f"it has more than {MOST_RUNS:,} runs")
            number, replication, seed, unstable, bins, *rest = row
            if number is None or replication is None or seed is None:
                raise self._refuse(f"row {count} has no point, replication or seed")
            values = tuple(_plain(value) for value in rest[: len(parameters)])
            point = gathered.setdefault(number, _Gathered(values))
            if point.parameters != values:
                raise self._refuse(f"row {count} is of point {number} but has other parameters than rows before it")
            if replication in point.runs:
                raise self._refuse(f"row {count} repeats replication {replication} of point {number}")
            if len(gathered) > MOST_POINTS:
                raise self._refuse(f"it has more than {MOST_POINTS:,} points")
            point.runs[replication] = (seed, tuple(_finite(value) for value in rest[len(parameters) :]))
            if unstable is not None:
                point.unstable[replication] = _clean(str(unstable))
            self._add(point.histogram, bins, count)
        if not gathered:
            raise self._refuse("it holds no run")
        return tuple(gathered[number].point(number, parameters, costs) for number in sorted(gathered))

    def _rows(self, parameters: list[str], costs: list[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, texts cut and histograms as two lists, a few at a time."""
        histogram = f"{_quoted('release_histogram')}[:{MOST_BINS + 1}]"
        bins = f"[[bin.upper_us FOR bin IN {histogram}], [bin.releases::DOUBLE FOR bin IN {histogram}]]"
        texts = {name for name, kind in self._types.items() if kind == "VARCHAR"}
        chosen = [
            f"left({_quoted(name)}, {_MOST_CHARACTERS})" if name in texts else _quoted(name)
            for name in (*_COUNTS, "unstable", *parameters, *costs)
        ]
        chosen.insert(len(_COUNTS) + 1, bins)
        cursor = self._connection.execute(f"SELECT {', '.join(chosen)} FROM read_parquet(?)", [self._full])
        while rows := cursor.fetchmany(_KEPT_ROWS):
            yield from rows

    def _add(self, merged: Counter[float], bins: object, row: int) -> None:
        assert isinstance(bins, list)
        uppers, counts = bins
        if uppers is None or counts is None:
            return
        if len(uppers) > MOST_BINS:
            raise self._refuse(f"row {row} has a histogram of more than {MOST_BINS:,} bins")
        for upper, count in zip(uppers, counts, strict=True):
            if upper is None or count is None or not 0 <= upper < math.inf or count < 0:
                raise self._refuse(f"row {row} has a histogram with a hole, or a negative number, in it")
            merged[upper] += int(count)


class _Gathered:
    """A point whose rows are still being read."""

    def __init__(self, parameters: tuple[Value, ...]) -> None:
        self.parameters = parameters
        self.runs: dict[int, tuple[int, tuple[float | None, ...]]] = {}
        self.unstable: dict[int, str] = {}
        self.histogram: Counter[float] = Counter()

    def point(self, number: int, parameters: list[str], costs: list[str]) -> Point:
        ordered = [self.runs[replication] for replication in sorted(self.runs)]
        by_cost: defaultdict[str, list[float | None]] = defaultdict(list)
        for _, values in ordered:
            for cost, value in zip(costs, values, strict=True):
                by_cost[cost].append(value)
        return Point(
            number=number,
            parameters=dict(zip(parameters, self.parameters, strict=True)),
            seeds=tuple(seed for seed, _ in ordered),
            values={cost: tuple(values) for cost, values in by_cost.items()},
            unstable=tuple(self.unstable[replication] for replication in sorted(self.unstable)),
            histogram=tuple(sorted(bin_ for bin_ in self.histogram.items() if bin_[1])),
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _some(names: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} (and {len(names) - 5} more)"


def _plain(value: object) -> Value:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)) or value is None:
        return value
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value)
    return _clean(str(value))


def _clean(text: str) -> str:
    """Return a text without what a terminal would obey or a chart's program would stumble over, and not endless."""
    cut = text[:_MOST_CHARACTERS]
    return "".join(character if character.isprintable() else "\ufffd" for character in cut)


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
