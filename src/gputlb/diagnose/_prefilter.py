"""A first look at a large log: can it hold any TLB message at all?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gputlb.facts.messages import PREFILTER_LITERALS

if TYPE_CHECKING:
    from collections.abc import Iterable

_LITERALS = tuple(literal.encode() for literal in PREFILTER_LITERALS)
_AROUND_BYTES = 64
# Words around the literal that tell a GPU's TLB message from a cache flush of a file system.
_LIKELY = re.compile(
    rb"(?i:tlb) ?invalidat|invalidate (?:GGTT|timeout)|Global invalid|SyncFlush|_invalidate|mmio_inval|_ggtt error"
    rb"|VM flush|vmm?_flush|TLB flush (?:failed|idle)|AS_ACTIVE|wait reg"
)


def may_hold_tlb_messages(blocks: Iterable[bytes]) -> tuple[bool, int]:
    """Return whether a TLB message is likely, and how many bytes were looked at until that was known."""
    tail = b""
    size_bytes = 0
    for block in blocks:
        size_bytes += len(block)
        if _likely(tail + block[:_AROUND_BYTES]) or _likely(block):
            return True, size_bytes
        tail = block[-_AROUND_BYTES:]
    return False, size_bytes


def _likely(block: bytes) -> bool:
    for literal in _LITERALS:
        at = block.find(literal)
        while at >= 0:
            if _LIKELY.search(block, max(0, at - _AROUND_BYTES), at + _AROUND_BYTES):
                return True
            at = block.find(literal, at + 1)
    return False
