"""A recording for the workload `replay`, made of what a kernel's trace says of its VMAs."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

from gputlb.device import PAGE_BYTES
from gputlb.errors import GputlbError
from gputlb.simulate.recording import COLUMNS, MOST_PAGES, MOST_PAGES_OF_OBJECT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.diagnose.traces import VmaHistory, VmaRow

_RECORD = "trace-cmd record -e i915:i915_vma_bind -e i915:i915_vma_unbind -e i915:i915_gem_object_destroy"


class NothingToReplay(GputlbError):
    """A trace says of no object that its pages went back."""


def recording_csv(history: VmaHistory, name: str) -> tuple[str, list[str]]:
    """Return the text of the recording, and what to know of it, a sentence each.

    What `replay` can hold bound at once is bounded: where a trace has more, all sizes are divided by a power of two.

    Args:
        history: which has read a trace.
        name: of the trace, for messages.

    Raises: `NothingToReplay`.
    """
    rows = list(history.rows())
    releases = sum(row.deed == "release" for row in rows)
    if not releases:
        raise NothingToReplay(f"{name}: no object of i915 is released in it; record with `{_RECORD}`")
    divisor = _divisor(rows)
    if divisor is None:
        raise NothingToReplay(
            f"{name}: more than {MOST_PAGES:,} objects are bound at once, and replay holds no more; "
            "record for a shorter time"
        )
    lines = [COLUMNS]
    for row in rows:
        pages = f",{_pages(row.size_bytes, divisor)}" if row.deed == "bind" else ""
        lines.append(f"{row.time_us:.3f},{row.deed},vma{row.number}{pages}")
    lasts_ms = ceil(rows[-1].time_us / 1000)
    remarks = [f"{releases:,} releases; --duration-ms {lasts_ms} replays all of it"]
    if not history.knows_destruction:
        remarks.append(
            "the trace does not say when objects are destroyed, so each is released as soon as it is unbound: "
            "record i915:i915_gem_object_destroy, too"
        )
    if history.bound_before:
        remarks.append(f"bound before the trace began, and taken as bound from its start: {history.bound_before:,}")
    if divisor > 1:
        remarks.append(
            f"sizes are divided by {divisor}, since replay holds {MOST_PAGES:,} pages at once: multiply freed bytes"
        )
    if history.unread:
        remarks.append(f"{history.unread:,} events have fields of an unknown shape and were left out")
    return "\n".join(lines) + "\n", remarks


def _divisor(rows: Sequence[VmaRow]) -> int | None:
    divisor = 1
    largest = max(row.size_bytes for row in rows)
    while _pages_at_once(rows, divisor) > MOST_PAGES:
        if _pages(largest, divisor) == 1:
            return None
        divisor *= 2
    return divisor


def _pages_at_once(rows: Sequence[VmaRow], divisor: int) -> float:
    """Return the address space that `replay` would need: an object's place goes only to another of its size."""
    bound: Counter[int] = Counter()
    most: Counter[int] = Counter()
    for row in rows:
        pages = _pages(row.size_bytes, divisor)
        if pages > MOST_PAGES_OF_OBJECT:
            return float("inf")
        if row.deed == "bind":
            bound[pages] += 1
            most[pages] = max(most[pages], bound[pages])
        elif row.deed == "release":
            bound[pages] -= 1
    return sum(pages * count for pages, count in most.items())


def _pages(size_bytes: int, divisor: int) -> int:
    return -(-size_bytes // (PAGE_BYTES * divisor))
