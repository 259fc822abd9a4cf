"""Mismatching vectors, for people side by side and for programs as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.conformance import FileComparison, Mismatch

_ENDED = "(nothing more)"
_INDENT = "    "
_MARK = "  > "


def side_by_side(mismatch: Mismatch) -> str:
    """Return the first difference as text, with the events before it: expected on the left, got on the right."""
    rows = [(_INDENT, "expected", "got")]
    rows += [(_INDENT, _text(event), _text(event)) for event in mismatch.before]
    rows += [(_MARK, _text(mismatch.expected), _text(mismatch.got))]
    width = max(len(left) for _, left, _ in rows)
    who = f"{_printable(mismatch.id)} ({_printable(mismatch.category)})"
    return "\n".join(
        [f"{_printable(mismatch.where)}: {who}: event {mismatch.index + 1} differs"]
        + [f"{mark}{left:{width}} | {right}" for mark, left, right in rows]
    )


def counted(number: int, noun: str) -> str:
    """Return a number of vectors or mismatches with what it counts."""
    ending = "" if number == 1 else "es" if noun.endswith("ch") else "s"
    return f"{number} {noun}{ending}"


def as_json(comparison: FileComparison, mismatches: Sequence[Mismatch]) -> str:
    """Return the counts and every mismatch as one JSON document; `expected` or `got` is null where nothing came."""
    return json.dumps(
        {
            "vectors": comparison.vectors,
            "mismatches": comparison.mismatches,
            "first_differences": [
                {
                    "where": mismatch.where,
                    "id": mismatch.id,
                    "category": mismatch.category,
                    "event": mismatch.index + 1,
                    "expected": mismatch.expected,
                    "got": mismatch.got,
                    "before": mismatch.before,
                }
                for mismatch in mismatches
            ],
        },
        indent=1,
    )


def _text(event: Sequence[object] | None) -> str:
    return _ENDED if event is None else json.dumps(event)


def _printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)
