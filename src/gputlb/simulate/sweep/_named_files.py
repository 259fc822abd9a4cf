"""Parameters that name files: where those are, and what is in them."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Set

    from gputlb.simulate.parameters import Scalar

_WORDS = ("measured", "recorded")
"""What stands before a file's name in a text, as in `measured FILE.csv`."""


def beside(folder: Path, value: Any, *, is_file: bool = False) -> Any:
    """Return a value with the file that it names, if it does, looked for from `folder`."""
    if not isinstance(value, str):
        return value
    if is_file:
        return str(folder / value) if value else value
    word, _, name = value.strip().partition(" ")
    return f"{word} {folder / name.strip()}" if word.lower() in _WORDS and name.strip() else value


def named_file(column: str, value: Scalar, files: Set[str]) -> str | None:
    """Return the file that a parameter's value names, or None; `files` are the columns that hold nothing else."""
    if not isinstance(value, str):
        return None
    if column in files:
        return value or None
    word, _, name = value.partition(" ")
    return name if word in _WORDS else None


def digest_of(path: str) -> str:
    """Return what is in a file as a short text; an empty one for a file that cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
