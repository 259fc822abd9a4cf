"""Which runs stand against which: two results files, or two values of a column of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gputlb.errors import GputlbError, did_you_mean
from gputlb.file_names import shown_name
from gputlb.simulate.sweep import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.simulate.sweep import CostMeaning, Results

Parameters = dict[str, Any]
Key = tuple[tuple[str, str], ...]


class CannotCompare(GputlbError):
    """The two sides have nothing in common that could be compared, or are not two."""


@dataclass(frozen=True, slots=True)
class Match:
    """One point on both sides: the same parameters but for what is compared, run with the same seeds."""

    parameters: Parameters
    """All but those that are compared."""
    a: tuple[dict[str, Any], ...]
    """Its runs on one side, by seed."""
    b: tuple[dict[str, Any], ...]
    """Its runs on the other, with the same seeds in the same order."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Two sides, point by point."""

    a: str
    """What to call the one, the base."""
    b: str
    matches: tuple[Match, ...]
    varied: tuple[str, ...]
    """The parameters in which the points differ from each other."""
    costs: dict[str, CostMeaning]
    """Those that both sides have."""
    alone_a: int
    """Points of the one that the other does not have."""
    alone_b: int


def two_files(a: Results, b: Results) -> Sides:
    """Return the points that two results files share; what is constant in each, and differs, is what is compared.

    Raises: `CannotCompare` where they share no point, or no seed.
    """
    ours, theirs = _points(a), _points(b)
    constant_a, constant_b = _constants(ours), _constants(theirs)
    compared = [
        column
        for column in (constant_a | constant_b)
        if column in constant_a and column in constant_b and constant_a[column] != constant_b[column]
    ]
    labels = [", ".join(constants[column] for column in compared) for constants in (constant_a, constant_b)]
    if labels[0] == labels[1]:
        named = [a.path.stem, b.path.stem] if a.path.stem != b.path.stem else [a.path, b.path]
        labels = [shown_name(name) for name in named]
    costs = {name: meaning for name, meaning in a.costs.items() if name in b.costs}
    return _sides((labels[0], labels[1]), ours, theirs, compared, costs)


def by_column(results: Results, column: str, values: tuple[str, str] | None = None) -> Sides:
    """Return the points of one results file that differ in `column` alone: its two values, or the two that are named.

    Raises: `CannotCompare` for a column that is not varied, and for values that are not two of its own.
    """
    points = _points(results)
    columns = {name.removeprefix("workload."): name for name in results.parameters}
    column = columns.get(column, column)
    there = list(dict.fromkeys(canonical(parameters.get(column)) for parameters, _ in points))
    if column not in results.parameters:
        raise CannotCompare(
            f"{results.path} has no parameter {column}{did_you_mean(column, columns)}; it has {', '.join(columns)}"
        )
    if values is None:
        if len(there) == 1:
            raise CannotCompare(
                f"{column} has only one value in {results.path}, {there[0]}, and two are compared; sweep another one, "
                "too, or compare by another parameter"
            )
        if len(there) != 2:
            raise CannotCompare(
                f"{column} has {len(there)} values in {results.path} ({', '.join(there)}), and two are compared: "
                f"--by {column}={','.join(there[:2])}"
            )
        values = (there[0], there[1])
    for value in values:
        if value not in there:
            raise CannotCompare(
                f"{results.path} has no {column} {value}{did_you_mean(value, there)}; it has {', '.join(there)}"
            )
    if values[0] == values[1]:
        raise CannotCompare(f"--by {column}={','.join(values)} names the same value twice")
    halves = [[point for point in points if canonical(point[0].get(column)) == value] for value in values]
    return _sides(values, halves[0], halves[1], [column], results.costs)


Point = tuple[Parameters, list[dict[str, Any]]]


def _points(results: Results) -> list[Point]:
    points: dict[int, Point] = {}
    for row in results.rows:
        varied = {name: row[name] for name in results.provenance.varied}
        points.setdefault(row["point"], ({**results.provenance.parameters, **varied}, []))[1].append(row)
    return list(points.values())


def _constants(points: Iterable[Point]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for parameters, _ in points:
        for column, value in parameters.items():
            found.setdefault(column, set()).add(canonical(value))
    return {column: next(iter(values)) for column, values in found.items() if len(values) == 1}


def _key(parameters: Parameters, compared: Iterable[str]) -> Key:
    left = set(compared)
    return tuple(
        sorted(
            (column, canonical(value))
            for column, value in parameters.items()
            if column not in left and value is not None
        )
    )


def _sides(
    labels: tuple[str, str],
    ours: list[Point],
    theirs: list[Point],
    compared: list[str],
    costs: dict[str, CostMeaning],
) -> Sides:
    others = {_key(parameters, compared): rows for parameters, rows in theirs}
    matches: list[Match] = []
    met = set()
    for parameters, rows in ours:
        key = _key(parameters, compared)
        if key not in others:
            continue
        met.add(key)
        by_seed = {row["seed"]: row for row in others[key]}
        pairs = [(row, by_seed[row["seed"]]) for row in rows if row["seed"] in by_seed]
        if not pairs:
            raise CannotCompare(
                f"the runs of {labels[0]} and {labels[1]} have no seed in common, so they do not pair; sweep both with "
                "the same seed"
            )
        shared = {column: value for column, value in parameters.items() if column not in compared}
        matches.append(Match(shared, tuple(a for a, _ in pairs), tuple(b for _, b in pairs)))
    if not matches:
        raise CannotCompare(
            f"{labels[0]} and {labels[1]} have no point in common; they must have been run with the same parameters "
            "but for one"
        )
    columns = dict.fromkeys(column for match in matches for column in match.parameters)
    varied = tuple(
        column for column in columns if len({canonical(match.parameters.get(column)) for match in matches}) > 1
    )
    return Sides(
        *labels, tuple(matches), varied, costs, len(ours) - len(matches), len(others.keys() - met)
    )  # fmt: skip
