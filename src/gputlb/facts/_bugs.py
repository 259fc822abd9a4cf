"""Known bugs of TLB invalidation in Linux GPU drivers."""

from __future__ import annotations

from functools import cache

import msgspec

from gputlb.errors import did_you_mean
from gputlb.facts._errors import UnknownBug
from gputlb.facts._read import converted, read_rows


class Bug(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bug, found or fixed in a driver or only seen by reading its code."""

    id: str
    """Our own number: `I915-02`."""
    driver: str
    title: str
    """The subject of the fixing commit where there is one, else a description in brackets."""
    date: str
    """As exactly as it is known; free text."""
    bug_class: str
    """What kind of mistake: `MISSING_FLUSH`, `SEQNO`, `RESET_RACE` …"""
    root_cause: str
    fix: str
    model: str
    """What a model needs in order to show the bug."""
    reproducible: str
    """Whether a model can show it: yes, partial or n/a, with remarks."""
    confidence: str
    """How sure these facts are, with the reason where they are not."""
    source: str
    commit: str | None = None
    """The fixing commit in mainline Linux, 40 or fewer hex digits; None where none was seen."""
    cve: str | None = None
    kernel: str | None = None
    """The first release with the fix, or the releases that have the bug."""
    also: tuple[str, ...] = ()
    """Further commits: backports, companions, reverts."""


@cache
def bugs() -> tuple[Bug, ...]:
    """Return the whole corpus, by driver."""
    return tuple(converted(read_rows("bugs.json"), tuple[Bug, ...]))


def bug(bug_id: str) -> Bug:
    """Return a bug by its number, or by its CVE number; case is ignored.

    Raises: `UnknownBug`, naming the nearest known.
    """
    for row in bugs():
        if bug_id.upper() in (row.id, row.cve):
            return row
    known = [name for row in bugs() for name in (row.id, row.cve) if name]
    raise UnknownBug(f'bug "{bug_id}" is unknown{did_you_mean(bug_id, known)}')
