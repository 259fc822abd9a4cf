"""Many seeds from one, so that one printed number repeats everything."""

from __future__ import annotations

import hashlib

_SEED_BYTES = 6
"""48 bits: programs that keep numbers as doubles keep them exactly, and a thousand seeds hardly ever meet."""


def replication_seed(seed: int, replication: int) -> int:
    """Return the seed of one replication, counted from 0: 48 bits, unrelated to those of the others.

    The first one's is `seed` itself, so that a single run is the first of many.
    """
    return _derived(seed, "replication", replication) if replication else seed


def pilot_seed(seed: int, pilot: int) -> int:
    """Return the seed of one pilot run, counted from 0, unrelated to those of the runs that count."""
    return _derived(seed, "pilot", pilot)


def _derived(seed: int, purpose: str, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}/{number}".encode()).digest()[:_SEED_BYTES])
