"""The fix map: which behaviour came with which commit in which mainline release."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec


class Fix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change of a driver that matters for reading its logs."""

    id: str
    driver: Literal["i915", "xe"]
    behaviour: str
    commits: tuple[str, ...]
    since: str | None
    """First mainline release with it; None where that is not known."""
    missing: str
    """What shows in a log where it is missing."""
    source: str
    since_certain: bool = True
    """False where the release was inferred from dates."""
    note: str = ""
    cve: str | None = None


@cache
def fixes() -> tuple[Fix, ...]:
    """Return the fix map."""
    return msgspec.json.decode(files("gputlb.facts").joinpath("logs/fixes.json").read_bytes(), type=tuple[Fix, ...])
