"""Columns of text, set to the left or to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def aligned(rows: Iterable[Sequence[str]], sides: str) -> list[str]:
    """Return a line for each row, cells as wide as the widest of their column; `sides` holds a `<` or `>` for each."""
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(sides))]
    return [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in table
    ]
