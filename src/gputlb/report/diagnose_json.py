"""A diagnosis for programs: one JSON document, or one JSON line an incident in follow mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from gputlb.diagnose import Diagnosis
    from gputlb.diagnose.traces import Explanation


def diagnosis_json(diagnosis: Diagnosis) -> str:
    """Return the document that docs/reference/diagnose-json.md describes."""
    return msgspec.json.format(msgspec.json.encode(diagnosis.to_json()), indent=1).decode()


def json_line(record: dict[str, Any]) -> str:
    """Return a record as a single line."""
    return msgspec.json.encode(record).decode()


def explanation_json(explanation: Explanation) -> str:
    """Return the document of a trace that docs/reference/diagnose-json.md describes."""
    return msgspec.json.format(msgspec.json.encode(explanation.to_json()), indent=1).decode()
