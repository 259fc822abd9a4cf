"""Reading a results file with care: it may be damaged, somebody else's, or meant to harm."""

from __future__ import annotations

import math
import os
import re
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from gputlb.file_names import directory_name, shown_name
from gputlb.simulate.sweep._errors import ResultsError
from gputlb.simulate.sweep._plan import MOST_RUNS
from gputlb.simulate.sweep._results import SCHEMA, Provenance, require_duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

MOST_POINTS = 10_000
MOST_BINS = 5_000
"""Of one run's histogram."""
_MOST_COLUMNS = 300
_MOST_METADATA_BYTES = 4_000_000
_MOST_CHARACTERS = 4_096
"""Of a value; a longer one is cut."""
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


class _SchemaOnly(msgspec.Struct, frozen=True):
    schema: int


class RunRow(NamedTuple):
    """One run."""

    point: int
    replication: int
    seed: int
    unstable: str | None
    """Why it found no steady state."""
    histogram: tuple[tuple[float, int], ...]
    """Upper bounds in µs, and the releases below each and above the one before."""
    parameters: tuple[Value, ...]
    """In the order of `ResultsReader.parameters`."""
    costs: tuple[float | None, ...]
    """In the order of the provenance's costs."""


class ResultsReader:
    """A results file whose provenance and columns have been found good.

    Attributes:
        provenance: what the file says of itself.
        parameters: the columns that are parameters.

    """

    def __init__(self, connection: DuckDBPyConnection, path: Path, opened: str) -> None:
        self._connection = connection
        self._path = path
        self._opened = opened
        self.provenance = self._provenance()
        self._types = self._column_types()
        self._check_columns()
        self.parameters = tuple(
            name for name in self._types if name in self.provenance.varied or _PARAMETER.fullmatch(name)
        )

    def runs(self) -> Iterator[RunRow]:
        """Yield the runs as they stand in the file.

        Raises: `ResultsError` for a run that cannot be, for too many, and for none.
        """
        seen: dict[int, tuple[tuple[Value, ...], set[int]]] = {}
        for count, row in enumerate(self._rows(), 1):
            if count > MOST_RUNS:
                raise self._refuse(f"it has more than {MOST_RUNS:,} runs")
            number, replication, seed, unstable, bins, *rest = row
            if number is None or replication is None or seed is None:
                raise self._refuse(f"row {count} has no point, replication or seed")
            values = tuple(_plain(value) for value in rest[: len(self.parameters)])
            first, replications = seen.setdefault(number, (values, set()))
            if first != values:
                raise self._refuse(f"row {count} is of point {number} but has other parameters than rows before it")
            if replication in replications:
                raise self._refuse(f"row {count} repeats replication {replication} of point {number}")
            if len(seen) > MOST_POINTS:
                raise self._refuse(f"it has more than {MOST_POINTS:,} points")
            replications.add(replication)
            costs = tuple(_finite(value) for value in rest[len(self.parameters) :])
            yield RunRow(number, replication, seed, unstable, self._histogram(bins, count), first, costs)
        if not seen:
            raise self._refuse("it holds no run")

    def _refuse(self, what: str) -> ResultsError:
        return ResultsError(f"{self._path}: {what}")

    def _provenance(self) -> Provenance:
        row = self._connection.execute(
            "SELECT value FROM parquet_kv_metadata(?) WHERE decode(key) = 'gputlb' LIMIT 1", [self._opened]
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
            return msgspec.json.decode(text, type=Provenance)
        except msgspec.MsgspecError as error:
            raise self._refuse(f"its metadata is damaged: {error}") from None
        except RecursionError:
            raise self._refuse("its metadata is damaged: it is nested too deep") from None

    def _column_types(self) -> dict[str, str]:
        rows = self._connection.execute(
            "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))", [self._opened]
        ).fetchmany(_MOST_COLUMNS + 1)
        if len(rows) > _MOST_COLUMNS:
            raise self._refuse(f"it has more than {_MOST_COLUMNS} columns")
        return {str(name): str(kind) for name, kind in rows}

    def _check_columns(self) -> None:
        types, metadata = self._types, self.provenance
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

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, texts cut and histograms as two lists, a few at a time."""
        histogram = f"{_quoted('release_histogram')}[:{MOST_BINS + 1}]"
        bins = f"[[bin.upper_us FOR bin IN {histogram}], [bin.releases::DOUBLE FOR bin IN {histogram}]]"
        texts = {name for name, kind in self._types.items() if kind == "VARCHAR"}
        chosen = [
            f"left({_quoted(name)}, {_MOST_CHARACTERS})" if name in texts else _quoted(name)
            for name in (*_COUNTS, "unstable", *self.parameters, *self.provenance.costs)
        ]
        chosen.insert(len(_COUNTS) + 1, bins)
        cursor = self._connection.execute(f"SELECT {', '.join(chosen)} FROM read_parquet(?)", [self._opened])
        while rows := cursor.fetchmany(_KEPT_ROWS):
            yield from rows

    def _histogram(self, bins: list[list[float | None] | None], row: int) -> tuple[tuple[float, int], ...]:
        uppers, counts = bins
        if uppers is None or counts is None:
            return ()
        if len(uppers) > MOST_BINS:
            raise self._refuse(f"row {row} has a histogram of more than {MOST_BINS:,} bins")
        found = []
        for upper, count in zip(uppers, counts, strict=True):
            if upper is None or count is None or not 0 <= upper < math.inf or count < 0:
                raise self._refuse(f"row {row} has a histogram with a hole, or a negative number, in it")
            found.append((upper, int(count)))
        return tuple(found)


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
    return str(value)


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


@contextmanager
def opened_results(path: Path) -> Iterator[ResultsReader]:
    """Open a results file.

    The file may be hostile: nothing else is opened because of it, and what is kept of it is bounded.

    Raises: `ResultsError` where it is not there, no Parquet, of another layout, or misses what it should hold.
    """
    duckdb = require_duckdb()
    with _opened(path) as name:
        try:
            with _closed_connection(name) as connection:
                yield ResultsReader(connection, path, name)
        except duckdb.OutOfMemoryException:
            raise ResultsError(f"{path}: reading it takes more memory than any sweep's results should") from None
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].replace(name, shown_name(path.name))[:200]
            raise ResultsError(f"{path}: not a readable Parquet file ({reason})") from None


@contextmanager
def _opened(path: Path) -> Iterator[str]:
    """Open the file and yield a name for DuckDB: of its own it takes UTF-8 alone, and * and [ in it for patterns."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ResultsError(f"{directory_name(path)} is a directory; name a results file, as gputlb sweep writes it")
        if not stat.S_ISREG(mode):
            raise ResultsError(f"{path}: not a regular file; name a results file, as gputlb sweep writes it")
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ResultsError(f"{path}: there is no such file; gputlb sweep FILE.toml --output {path} makes it") from None
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from None
    try:
        yield f"/dev/fd/{handle}"
    finally:
        os.close(handle)


def _closed_connection(opened: str) -> DuckDBPyConnection:
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
    connection.execute(f"SET allowed_paths = ['{opened}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection
