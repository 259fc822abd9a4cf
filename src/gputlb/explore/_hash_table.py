"""The table of all states: open addressing, a line of memory at a time.

Every constant is wrapped: an unsigned word that meets a plain integer becomes signed without a sound.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gputlb.explore._jit import U, inner, outer, prefetch

LINE_WORDS = 8
"""Words in a line of memory."""

BATCH = 32  # measured: 8 is 10 % slower, 128 is 25 % slower

_ZERO, _ONE, _U31, _HALF = U(0), U(1), U(31), U(32)
_MIX_1, _MIX_2 = U(0x9E3779B97F4A7C15), U(0xBF58476D1CE4E5B9)
_U_BATCH = U(BATCH)


@inner
def hash_of(shape: Any, words: Any, at: Any) -> Any:
    """Return the hash of a state, good in its high half and in its low bits."""
    x = words[at]
    for w in range(1, len(shape)):
        x = (x ^ (x >> _HALF)) * _MIX_1 + words[at + U(w)]
    x = (x ^ (x >> _HALF)) * _MIX_2
    return x ^ (x >> _U31)


@inner
def line_of(h: Any, lines: Any) -> Any:
    """Return in which line of a table of any size a hash belongs: its high half, scaled."""
    return ((h >> _HALF) * lines) >> _HALF


@inner
def slots_of_line(shape: Any) -> Any:
    """Return how many states share a line: those that one look at the memory brings."""
    return U(LINE_WORDS // len(shape)) if len(shape) <= LINE_WORDS else _ONE


@inner
def insert(shape: Any, order: Any, table: Any, lines: Any, tail: Any, words: Any, at: Any, h: Any) -> Any:
    """Enter a state unless it is known; return the new end of the order. The caller writes its parent.

    A line fills from its start, and what finds it full goes to the next.
    """
    width = U(len(shape))
    slots = slots_of_line(shape)
    line = line_of(h, lines)
    while True:
        # All of the line is looked at without a branch: where in it a state stands is anybody's guess.
        taken = known = _ZERO
        for s in range(slots):
            base = (line * slots + s) * width
            differs = _ZERO
            for w in range(len(shape)):
                differs |= table[base + U(w)] ^ words[at + U(w)]
            known += U(differs == _ZERO)
            taken += U(table[base] != _ZERO)
        if known != _ZERO:
            return tail
        if taken != slots:
            slot = line * slots + taken
            for w in range(len(shape)):
                table[slot * width + U(w)] = words[at + U(w)]
            order[tail] = np.uint32(slot)
            return tail + _ONE
        line += _ONE
        if line == lines:
            line = _ZERO


@outer
def rehash(shape: Any, old: Any, moved: Any, table: Any, order: Any, hashes: Any) -> None:
    """Enter all states of another table, or of an array without gaps, into an empty table, and correct the order.

    A state's line grows with its hash, so what comes in the order of another table goes to neighbouring lines.
    """
    width = U(len(shape))
    slots = slots_of_line(shape)
    lines = U(table.size) // (width * slots)
    count = U(moved.size)
    done = _ZERO
    while done < count:
        end = done + _U_BATCH if done + _U_BATCH < count else count
        for row in range(done, end):
            if old[row * width] != _ZERO:
                hashes[row - done] = hash_of(shape, old, row * width)
                prefetch(table, line_of(hashes[row - done], lines) * (width * slots))
        for row in range(done, end):
            if old[row * width] != _ZERO:
                line = line_of(hashes[row - done], lines)
                while True:
                    taken = _ZERO
                    for s in range(slots):
                        taken += U(table[(line * slots + s) * width] != _ZERO)
                    if taken != slots:
                        break
                    line += _ONE
                    if line == lines:
                        line = _ZERO
                slot = line * slots + taken
                for w in range(len(shape)):
                    table[slot * width + U(w)] = old[row * width + U(w)]
                moved[row] = np.uint32(slot)
        done = end
    for number in range(order.size):
        order[number] = moved[order[number]]
