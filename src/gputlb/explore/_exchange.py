"""The compiled loops of several threads: expand and sort by owner, then enter what the others sent."""

from __future__ import annotations

from typing import Any

import numpy as np

from gputlb.explore._hash_table import BATCH, hash_of, insert, line_of, slots_of_line
from gputlb.explore._jit import U, outer, prefetch
from gputlb.explore._kernel import HEAD, LEVEL_DONE, LIMIT, OUTBOX_FULL, TAIL, expand


@outer
def scatter(
    shape: Any,
    control: Any,
    order: Any,
    table: Any,
    sent: Any,
    outbox: Any,
    out_hashes: Any,
    out_fathers: Any,
    tables: Any,
    buffers: Any,
) -> int:
    """Expand like `search`, but hand each state to the part of the space that owns it: `outbox[part]`, `sent[part]`."""
    found, hashes, fathers = buffers[0], buffers[1], buffers[2]
    width = U(len(shape))
    head, tail, limit = U(control[HEAD]), U(control[TAIL]), U(control[LIMIT])
    parts = sent.size
    room = out_hashes.shape[1]
    why = LEVEL_DONE
    while head < limit and why == LEVEL_DONE:
        for part in range(parts):
            if sent[part] + hashes.size > room:
                why = OUTBOX_FULL
        if why != LEVEL_DONE:
            break
        head, k, why = expand(shape, control, head, limit, tail, order, table, tables, buffers)
        for j in range(k):
            to_part = np.int64(hashes[j] & U(parts - 1))
            to = sent[to_part]
            for w in range(len(shape)):
                outbox[to_part, to * len(shape) + w] = found[U(j) * width + U(w)]
            out_hashes[to_part, to] = hashes[j]
            out_fathers[to_part, to] = fathers[j]
            sent[to_part] = to + 1
    control[HEAD] = np.int64(head)
    return why


@outer
def owners(shape: Any, words: Any, mask: Any, owned_by: Any) -> None:
    """Write down which part owns each of some states, given one less than the number of parts."""
    for j in range(owned_by.size):
        owned_by[j] = np.int64(hash_of(shape, words, U(j) * U(len(shape))) & U(mask))


@outer
def gather(
    shape: Any,
    control: Any,
    order: Any,
    parents: Any,
    table: Any,
    inbox: Any,
    in_hashes: Any,
    in_fathers: Any,
    count: Any,
    sender: Any,
    sender_bits: Any,
) -> None:
    """Enter the states that another part handed over; there must be room for all of them."""
    width = U(len(shape))
    span = width * slots_of_line(shape)
    lines = U(table.size) // span
    tail = U(control[TAIL])
    for j in range(min(BATCH, count)):
        prefetch(table, line_of(in_hashes[j], lines) * span)
    for j in range(count):
        if j + BATCH < count:
            prefetch(table, line_of(in_hashes[j + BATCH], lines) * span)
        parents[tail] = np.uint32((U(in_fathers[j]) << U(sender_bits)) | U(sender))
        tail = insert(shape, order, table, lines, tail, inbox, U(j) * width, in_hashes[j])
    control[TAIL] = np.int64(tail)
