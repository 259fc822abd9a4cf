"""Comparing whole vector files, one vector at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.conformance._replay import compare
from gputlb.conformance._vectors import VectorError, read_vectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from gputlb.conformance._replay import Mismatch


class FileComparison:
    """An iteration over the vectors of some files: the first difference of each, or None where there is none.

    `vectors` and `mismatches` count as it goes. A file that can't be read to its end is left there, noted in
    `unreadable`, and the next one begun. Memory is bounded by one line, however long a file is.
    """

    def __init__(self, paths: Iterable[Path | str]) -> None:
        self._paths = tuple(paths)
        self.vectors = 0
        self.mismatches = 0
        self.unreadable: list[VectorError] = []

    def __iter__(self) -> Iterator[Mismatch | None]:
        for path in self._paths:
            try:
                for number, vector in read_vectors(path):
                    mismatch = compare(f"{path}:{number}", vector)
                    self.vectors += 1
                    self.mismatches += mismatch is not None
                    yield mismatch
            except VectorError as error:
                self.unreadable.append(error)
