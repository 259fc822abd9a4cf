"""Reading the data files of this room into frozen records."""

from __future__ import annotations

import re
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

Row = TypeVar("Row")

_CONVERTING = Lock()

_NUMBER = re.compile(r"0x[0-9A-F]+")
_VERSION = re.compile(r"(\d+)\.(\d\d)")
_RANGE = re.compile(r"(\d+)\.(\d\d)\.\.(?:(\d+)\.(\d\d))?")


class Version(NamedTuple):
    """The version of a graphics or media IP; 12.55 is newer than 12.10 and older than 12.70."""

    ver: int
    """What the kernel calls GRAPHICS_VER or MEDIA_VER: 12 of 12.70."""
    rel: int
    """The release: 70 of 12.70."""

    def __str__(self) -> str:
        return f"{self.ver}.{self.rel:02}"


class VersionRange(NamedTuple):
    """All versions from `first` to `last`, both included."""

    first: Version
    last: Version | None
    """None where no later version is known to differ."""

    def __contains__(self, version: object) -> bool:
        if not isinstance(version, tuple):
            return False
        return version >= self.first and (self.last is None or version <= self.last)

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last or ''}"


def read_rows(file: str) -> list[dict[str, Any]]:
    """Return the rows of a data file of this room as they stand there."""
    rows: list[dict[str, Any]] = msgspec.json.decode(files("gputlb.facts").joinpath(file).read_bytes())
    return rows


def read_records(
    file: str, record: type[Row], prepare: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> tuple[Row, ...]:
    """Return the rows of a data file as records; an unknown, missing or mistyped field is an error.

    In these files "0xCED8" stands for a number, "12.70" for a version and "12.00..12.74" for a range of them.
    `prepare` may complete a row after that.
    """
    rows = [{name: _native(value) for name, value in row.items()} for row in read_rows(file)]
    return converted([prepare(row) for row in rows] if prepare else rows, tuple[record, ...])  # type: ignore[valid-type]


def converted(value: Any, kind: type[Row]) -> Row:
    """Return `msgspec.convert(value, kind)`, whatever other threads convert."""
    # msgspec describes a record to itself when it first meets one. Two threads that do so at once, as in a Dask worker,
    # spoil that description: seen with msgspec 0.22 as a crash of the interpreter.
    with _CONVERTING:
        return msgspec.convert(value, kind)


def _native(value: Any) -> Any:
    if isinstance(value, list):
        return [_native(item) for item in value]
    if isinstance(value, dict):
        return {name: _native(item) for name, item in value.items()}
    if not isinstance(value, str):
        return value
    if _NUMBER.fullmatch(value):
        return int(value, 16)
    if found := _VERSION.fullmatch(value):
        return Version(int(found[1]), int(found[2]))
    if found := _RANGE.fullmatch(value):
        last = Version(int(found[3]), int(found[4])) if found[3] else None
        return VersionRange(Version(int(found[1]), int(found[2])), last)
    return value
