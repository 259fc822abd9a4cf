"""Reading a sweep file: TOML in, a plan or one sentence with its line out."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from math import inf, prod
from typing import TYPE_CHECKING, Any

from gputlb.errors import did_you_mean
from gputlb.file_names import shown_name
from gputlb.simulate.sweep._errors import SweepError, SweepFileError
from gputlb.simulate.sweep._parameters import SETUP_KEYS, PointReader
from gputlb.simulate.sweep._plan import MOST_RUNS, WORKLOAD_PREFIX, Plan, canonical, columns_of
from gputlb.simulate.sweep._toml_lines import TomlLines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gputlb.simulate.setup import Setup
    from gputlb.simulate.sweep._parameters import Place
    from gputlb.simulate.sweep._toml_lines import Path as TomlPath

MOST_BYTES = 1 << 20
MOST_POINTS = 10_000
MOST_REPLICATIONS = 10_000
_MOST_SEED = 2**63 - 1
_MOST_NAME = 100
_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")
_AMONG_VALUES = re.compile("invalid value|after a statement")
_OWN = ("name", "seed", "replications", "grid", "points")


def read_sweep(path: Path) -> Plan:
    """Read a sweep file and check all of it, down to whether each scheme loads on each platform.

    Raises: `SweepFileError` for the first thing that is wrong with it; `SweepError` where it cannot be read.
    """
    return _Reader(path, _text(path)).plan()


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SweepError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(content) > MOST_BYTES:
        raise SweepError(f"{path} is larger than {MOST_BYTES >> 20} MiB; a sweep file holds parameters, not data")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SweepFileError(path, line, "a byte is not UTF-8; save the file as UTF-8 text") from None


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        try:
            self._document: dict[str, Any] = tomllib.loads(text)
            self._lines = TomlLines(text)
        except tomllib.TOMLDecodeError as error:
            raise self._not_toml(str(error)) from None
        except (RecursionError, ValueError):  # nested by the thousand; a number of thousands of digits
            raise SweepFileError(path, 1, "is nested too deeply, or has a number too long, to be read") from None
        self._points = PointReader(path.parent, self.error)

    def error(self, at: TomlPath, what: str) -> SweepFileError:
        return SweepFileError(self._path, self._lines.line(at), what)

    def _not_toml(self, text: str) -> SweepFileError:
        at = _AT_LINE.search(text)
        line = int(at[1]) if at and at[1] else self._text.rstrip("\n").count("\n") + 1
        where = f" at column {at[2]}" if at and at[2] else " at the end"
        what = _AT_LINE.sub("", text)
        what = what[:1].lower() + what[1:]
        is_value = _AMONG_VALUES.search(what) and "=" in self._text.split("\n")[line - 1]
        mend = '; texts and units stand in quotes: duration = "100 ms"' if is_value else ""
        return SweepFileError(self._path, line, f"is not TOML{where}: {what}{mend}")

    def plan(self) -> Plan:
        document = self._document
        fixed = {key: value for key, value in document.items() if key not in _OWN}
        for key in fixed:
            if key not in SETUP_KEYS and not self._points.is_parameter(key):
                # A table of that name holds no value; its keys would be read as something else.
                raise self.error((key,), f"{key} is unknown{self._near(key)}")
        name = self._name()
        seed = self._whole("seed", 0, _MOST_SEED, 1)
        replications = self._whole("replications", 1, MOST_REPLICATIONS, 10)
        count = self._grid_size() + len(self._tables("points"))
        if count > MOST_POINTS or count * replications > MOST_RUNS:
            raise self.error(
                ("grid",) if "grid" in document else ("points",),
                f"{count:,} points x {replications:,} replications are too many; the most are {MOST_POINTS:,} points "
                f"and {MOST_RUNS:,} runs",
            )
        places: dict[tuple[str, ...], Place] = {}
        setups: list[Setup] = []
        given: set[str] = set()
        for own in self._own_settings():
            settings: dict[str, Place] = {key: (value, (key,)) for key, value in fixed.items()} | own
            setup = self._points.setup(settings)
            last = next(reversed(own.values()), ("", ()))
            row = columns_of(setup)
            same = tuple(f"{column}={canonical(row[column])}" for column in sorted(row))
            if same in places:
                first = self._lines.line(places[same][1])
                raise self.error(last[1], f"this point is the same as the one of line {first}; take one out")
            places[same] = last
            setups.append(setup)
            given |= set(settings)
        return Plan(name, tuple(setups), replications, seed, frozenset(given), self._text)

    def _near(self, key: str) -> str:
        key = key.removeprefix(WORKLOAD_PREFIX)  # as the columns of a results file are called
        return did_you_mean(key, [*_OWN, *SETUP_KEYS, *sorted(self._points.parameter_names())], at_most=1) or (
            "; gputlb run --help and the reference of workloads name what can be set"
        )

    def _name(self) -> str:
        name = self._document.get("name", shown_name(self._path.stem))
        if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > _MOST_NAME:
            raise self.error(("name",), f"name must be a text of 1 to {_MOST_NAME} characters in one line, in quotes")
        return name

    def _whole(self, key: str, least: int, most: int, default: int) -> int:
        value = self._document.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.error((key,), f"{key} must be a whole number from {least} to {most}, not {_shown(value)}")
        return value

    def _grid(self) -> dict[str, list[Any]]:
        if "grid" not in self._document:
            return {}
        grid = self._document["grid"]
        if not isinstance(grid, dict):
            raise self.error(("grid",), "grid must be a table: a line [grid], and below it lines like clients = [1, 2]")
        if not grid:
            raise self.error(("grid",), "the grid is empty; add a line like clients = [1, 2, 4], or take [grid] out")
        for key, values in grid.items():
            self._check_key(key, ("grid", key))
            if not isinstance(values, list):
                raise self.error(
                    ("grid", key), f"{key} must be a list in a grid: {key} = [{_toml(values)}]; a single value stands "
                    "above [grid]"
                )  # fmt: skip
            if not values:
                raise self.error(("grid", key), f"{key} has no values, so the grid is empty; name one at least")
        return grid

    def _check_key(self, key: str, at: TomlPath) -> None:
        if key in _OWN:
            raise self.error(at, f"{key} holds for the whole sweep; it stands at the top, before any [table]")
        if key not in SETUP_KEYS and not self._points.is_parameter(key):
            raise self.error(at, f"{key} is unknown{self._near(key)}")

    def _grid_size(self) -> int:
        grid = self._grid()
        if not grid:
            return 0 if "points" in self._document else 1
        return prod(len(values) for values in grid.values())

    def _tables(self, key: str) -> list[dict[str, Any]]:
        tables = self._document.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self.error((key,), f"{key} must be tables: a line [[{key}]], and below it lines like clients = 4")
        if key in self._document and not tables:
            raise self.error((key,), f"{key} is empty; add a line [[{key}]] with settings below, or take it out")
        for index, table in enumerate(tables):
            if not table:
                raise self.error((key, index), "this point sets nothing; add a line like clients = 4, or take it out")
            for name in table:
                self._check_key(name, (key, index, name))
        return tables

    def _own_settings(self) -> Iterator[dict[str, Place]]:
        """Return what each point sets for itself, each with where it stands: the grid's points, then the listed."""
        grid = self._grid()
        tables = self._tables("points")
        if grid or not tables:
            for indices in product(*(range(len(values)) for values in grid.values())):
                yield {key: (grid[key][index], ("grid", key, index)) for key, index in zip(grid, indices, strict=True)}
        for number, table in enumerate(tables):
            yield {key: (value, ("points", number, key)) for key, value in table.items()}


def _shown(value: object) -> str:
    text = _toml(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return "infinity" if value == inf else str(value)
