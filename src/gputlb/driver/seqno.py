"""The 32-bit number that flushes are counted with: pure functions, wrap-around included.

A full flush moves the counter on by two, so a real counter is even. The low bit of a *stamp* says "the flush
that may be running now does not count": rounding up to even and asking for strictly more means that one whole
flush must have begun and ended after the stamp was taken.
"""

from __future__ import annotations

from gputlb.errors import GputlbError

SEQNO_BITS = 32
SEQNO_MASK = (1 << SEQNO_BITS) - 1
FLUSH_STEP = 2
"""What one full flush adds: `write_seqcount_invalidate` adds 2 to a sequence counter (linux/seqlock.h)."""

_SIGN = 1 << (SEQNO_BITS - 1)


class SeqnoOutOfRange(GputlbError):
    """A sequence number is not an unsigned 32-bit number."""

    def __init__(self, seqno: object) -> None:
        super().__init__(f"sequence number {seqno!r} is not in 0 … {SEQNO_MASK}; reduce it modulo 2**32")
        self.seqno = seqno


def round_up_to_even(seqno: int) -> int:
    """Return `seqno` if even, else the next number, modulo 2**32: 0xffffffff gives 0."""
    return (seqno + 1) & ~1 & SEQNO_MASK


def distance(later: int, earlier: int) -> int:
    """Return how far `later` is after `earlier`, in -2**31 … 2**31 - 1, both modulo 2**32."""
    return ((later - earlier + _SIGN) & SEQNO_MASK) - _SIGN


def seqno_passed(current: int, wanted: int) -> bool:
    """Tell whether a *full* flush has passed since the stamp `wanted` was taken.

    True only if `current` is strictly after `wanted` rounded up to even, so for a stamp `c | 1` from counter `c`
    only at `c + 4`. While the stamp is at most 2 ahead of the counter, wrap-around can cost an extra flush but
    never skip a needed one (proved for all 2**64 pairs in tests/driver/test_seqno_proof.py).

    Source: `tlb_seqno_passed` in the July 2022 patch, intel_tlb.c; the same in Linux 6.12.

    >>> seqno_passed(2, 1), seqno_passed(4, 1), seqno_passed(0, 0xFFFFFFFF)
    (False, True, False)
    """
    return 0 < (current - ((wanted + 1) & ~1)) & SEQNO_MASK < _SIGN


def stamp(current: int) -> int:
    """Return the number that a later flush is asked for by, given the counter: `current | 1`, never 0.

    Source: `intel_gt_next_invalidate_tlb_full` in the July 2022 patch, intel_tlb.h.
    """
    return current | 1


def after_flush(current: int) -> int:
    """Return the counter after one more full flush."""
    return (current + FLUSH_STEP) & SEQNO_MASK
