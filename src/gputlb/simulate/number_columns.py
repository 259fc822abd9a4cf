"""Reading columns of numbers from text files that somebody else wrote."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ROWS = 1_000_000
_LONGEST_LINE = 4096


class DamagedColumns(GputlbError):
    """A file of numbers cannot be used; the text says which line, and how to mend it."""


def rows_of(path: str | Path, columns: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each row; a first line that begins with no number is a heading and left out.

    Args:
        path: a text file, fields separated by commas, at most 1,000,000 rows.
        columns: what a row holds, as its heading says it: `time_us`, or `latency_us or latency_us,count`.

    Raises: `DamagedColumns` for a file that cannot be read, another heading, an empty line, a line
    without end, too many rows.

    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            for number, line in enumerate(_lines(file, path), 1):
                if number > MOST_ROWS + 1:
                    raise DamagedColumns(f"{path}: more than {MOST_ROWS:,} rows; leave some out")
                fields = [field.strip() for field in next(csv.reader([line]), [])]
                if not any(fields):
                    raise DamagedColumns(f"{path}, line {number}: empty; write {columns}, or take the line out")
                if number == 1 and fields[0] and not _is_number(fields[0]):
                    _check_heading(path, fields, columns)
                    continue
                yield number, fields
    except OSError as error:
        raise DamagedColumns(f"{path}: {(error.strerror or str(error)).lower()}; name a file of {columns}") from None
    except (UnicodeDecodeError, csv.Error):
        raise DamagedColumns(f"{path}: no text in UTF-8; name a file of {columns}") from None


def number_in(path: str | Path, line: int, column: str, text: str, *, least: float = 0.0) -> float:
    """Return the number that a field holds.

    Raises: `DamagedColumns` where it is missing, no number, infinite, or below `least`.
    """
    if not text:
        raise DamagedColumns(f"{path}, line {line}: {column} is missing; write it, or take the line out")
    if not _is_number(text):
        raise DamagedColumns(f"{path}, line {line}: {column} must be a number, not {text[:40]!r}")
    value = float(text)
    if not least <= value < math.inf:
        raise DamagedColumns(f"{path}, line {line}: {column} must be {least:g} or more, not {text[:40]}")
    return value


def _check_heading(path: str | Path, fields: list[str], columns: str) -> None:
    # Times under the heading latency_ms would be read as µs.
    wanted = columns.rpartition(" or ")[2].split(",")
    if [field.lower() for field in fields] != wanted[: len(fields)]:
        given = ",".join(fields)[:80]
        raise DamagedColumns(
            f"{path}, line 1: {given!r} is no heading of such a file; write {columns}, or leave the heading out"
        )


def _lines(file: object, path: str | Path) -> Iterator[str]:
    while line := file.readline(_LONGEST_LINE):  # type: ignore[attr-defined]
        if len(line) == _LONGEST_LINE:
            raise DamagedColumns(f"{path}: a line of more than {_LONGEST_LINE} characters; name a file of numbers")
        yield line.rstrip("\r\n")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
