"""Kernel log messages around TLB invalidation: what they say, who prints them, what they mean.

To add one, add a row to `logs/messages.json` with the kernel's format string, a regular expression whose
named groups are the fields to keep, a literal that every match holds, and a sample. The tests check all four.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Role = Literal[
    "firmware",
    "unreachable",
    "hang",
    "reset_started",
    "reset_failed",
    "reset_done",
    "wedged",
    "effect",
    "restarted",
]

PREFILTER_LITERALS = ("nvalidat", "flush", "AS_ACTIVE", "wait reg")
"""Every TLB message holds one of these four, so that a quiet log is searched with four plain look-ups."""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a kernel driver."""

    kind: str
    """The kind of event that the message reports; several messages may share one."""
    tlb: bool
    """Whether it is about TLB invalidation itself; the others are neighbours that explain it."""
    drivers: tuple[str, ...]
    """Drivers that print it; empty where any may."""
    text: str
    """The kernel's format string."""
    match: str
    """Regular expression that finds it anywhere in a line; a named group is a field."""
    literal: str
    """Plain text that every match contains."""
    level: str
    since: str | None
    """First kernel release that prints it, where known."""
    until: str | None
    """First kernel release that no longer does, where known."""
    meaning: str
    source: str
    sample: str
    versions_verified: bool = True
    """False where `since` or `until` was inferred from reports."""
    role: Role | None = None
    """What a neighbour tells about its device; None for TLB messages."""
    guard: Literal["driver"] | None = None
    """`driver`: the words are common, so the line must name one of `drivers` as well."""
    wait_us: int | None = None
    """How long the driver had waited when it printed the message, in microseconds."""


@cache
def messages() -> tuple[Message, ...]:
    """Return every known message, TLB messages first."""
    text = files("gputlb.facts").joinpath("logs/messages.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[Message, ...])


@cache
def meaning_of(kind: str) -> str:
    """Return what the first message of a kind means, as a sentence."""
    return next(message.meaning for message in messages() if message.kind == kind)


@cache
def months() -> dict[str, int]:
    """Return the numbers 1 to 12 by month names and abbreviations, lower case, in several languages."""
    text = files("gputlb.facts").joinpath("logs/month_names.json").read_bytes()
    rows = msgspec.json.decode(text, type=dict[str, list[str]])
    return {name: int(number) for number, names in rows.items() for name in names}


class InvalidationWait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a driver waits for an invalidation, as it shows in the spacing of its messages."""

    kinds: tuple[str, ...]
    wait_us: int
    text: str
    """What a spacing of this length says."""
    source: str


@cache
def invalidation_waits() -> tuple[InvalidationWait, ...]:
    """Return the known waits."""
    text = files("gputlb.facts").joinpath("logs/invalidation_waits.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[InvalidationWait, ...])
