"""Which fixes a kernel carries, as far as its version tells."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from gputlb.facts.fixes import Fix, fixes

Presence = Literal["present", "absent", "unknown"]

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?(.*)", re.DOTALL)


class FixPresence(msgspec.Struct, frozen=True):
    """One row of the fix map, judged for one kernel."""

    id: str
    driver: str
    behaviour: str
    presence: Presence
    because: str
    missing: str
    commits: tuple[str, ...]
    since: str | None
    cve: str | None


def kernel_fixes(kernel: str | None, drivers: set[str]) -> list[FixPresence]:
    """Return the fixes of these drivers with their presence in a kernel, given as `uname -r` prints it."""
    judged = []
    for fix in fixes():
        if fix.driver in drivers:
            presence, because = _judge(fix, kernel)
            judged.append(
                FixPresence(
                    fix.id,
                    fix.driver,
                    fix.behaviour,
                    presence,
                    because,
                    fix.missing,
                    fix.commits,
                    fix.since,
                    fix.cve,
                )
            )
    return judged


def older_than(kernel: str | None, release: str) -> bool:
    """Return whether a kernel is known to be older than a mainline release such as `6.0`."""
    version = _release(kernel)
    wanted = _release(release)
    return version is not None and wanted is not None and version[:2] < wanted[:2]


def _judge(fix: Fix, kernel: str | None) -> tuple[Presence, str]:
    version = _release(kernel)
    if version is None or kernel is None:
        return "unknown", "the log does not tell the kernel's version"
    if fix.since is None:
        return "unknown", "the release that brought it is not known"
    wanted = _release(fix.since)
    if wanted is None:
        return "unknown", "the release that brought it is not known"
    found = _VERSION.match(kernel)
    rest = found[4] if found else ""
    if version[:2] > wanted[:2] or (version[:2] == wanted[:2] and "-rc" not in rest and "rc" not in rest[:4]):
        if fix.since_certain or version[:2] > wanted[:2]:
            return "present", f"mainline has it since {fix.since}"
        return "unknown", f"it came about the time of {fix.since}"
    if version[:2] == wanted[:2]:
        return "unknown", f"a release candidate of {fix.since} may be older than the commit"
    if rest.strip("+") or version[2]:
        return "unknown", f"mainline has it since {fix.since}; this kernel may carry a back-port"
    return "absent", f"mainline has it since {fix.since}"


def _release(kernel: str | None) -> tuple[int, int, int] | None:
    found = _VERSION.match(kernel or "")
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None
