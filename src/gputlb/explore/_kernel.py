"""The compiled loop: states as packed words, agents as tables, breadth first, thirty-two states at a time.

Every constant is wrapped: an unsigned word that meets a plain integer becomes signed without a sound.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

U = np.uint64

# What an entry of an agent's table says. Anything above STEP leads into an atomic section.
UNMET, WAITS, WRONG, STEP, INNER = U(0), U(1), U(2), U(3), U(4)

# A local state's description: offset of its row | ways of its choice | bits, shift and word of its cell | ended.
ROW_BITS, WAYS_SHIFT, WAYS_MASK = 36, 36, 0xFFF
BITS_SHIFT, SHIFT_SHIFT, WORD_SHIFT, ENDED_SHIFT = 48, 53, 59, 63
MAX_WAYS = WAYS_MASK

# Why `search` came back.
LEVEL_DONE, MUST_LEARN, VIOLATED, DEADLOCKED, TABLE_FULL, ORDER_FULL, BUFFER_FULL, ENDLESS = range(8)

# Where `search` keeps its counters.
HEAD, TAIL, LIMIT, TRANSITIONS, AGENT, NODE, VALUE = range(7)

_BATCH = 32  # measured: 8 is 10 % slower, 128 is 25 % slower
_LONGEST_CHAIN = 100_000


def _ask_for(_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte_pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        pointer = builder.bitcast(builder.gep(made.data, [arguments[1]]), byte_pointer)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [byte_pointer], ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word])
        )
        builder.call(function, [pointer, word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


_prefetch: Any = intrinsic(_ask_for)


@njit(inline="always")
def _finish(x: Any) -> Any:
    """Return splitmix64's last mixing of a word."""
    x ^= x >> U(30)
    x *= U(0xBF58476D1CE4E5B9)
    x ^= x >> U(27)
    x *= U(0x94D049BB133111EB)
    return x ^ (x >> U(31))


@njit(inline="always")
def _hash(shape: Any, words: Any, at: Any) -> Any:
    h = words[at]
    for w in range(1, len(shape)):
        h = (h ^ (h >> U(32))) * U(0x9E3779B97F4A7C15) + words[at + U(w)]
    return _finish(h)


@njit(inline="always")
def _slot(h: Any, size: Any) -> Any:
    """Return where in a table of any size a hash belongs: its high half, scaled."""
    return ((h >> U(32)) * size) >> U(32)


@njit(inline="always")
def _insert(shape: Any, order: Any, table: Any, size: Any, tail: Any, words: Any, at: Any, h: Any) -> Any:
    """Enter a state unless it is known; return the new end of the order. The caller writes its parent."""
    width = U(len(shape))
    slot = _slot(h, size)
    while True:
        base = slot * width
        if table[base] == U(0):
            for w in range(len(shape)):
                table[base + U(w)] = words[at + U(w)]
            order[tail] = np.uint32(slot)
            return tail + U(1)
        same = True
        for w in range(len(shape)):
            if table[base + U(w)] != words[at + U(w)]:
                same = False
        if same:
            return tail
        slot += U(1)
        if slot == size:
            slot = U(0)


@njit(inline="always")
def _fold(folds: Any, chunks: Any, words: Any, at: Any) -> None:
    """Sort the alike members of each group by their packed fields, in place."""
    for g in range(folds.shape[0]):
        members = np.int64(folds[g, 0])
        mask = folds[g, 1]
        sorted_already = True
        for m in range(members):
            chunks[m] = (words[at + folds[g, 2 + 2 * m]] >> folds[g, 3 + 2 * m]) & mask
            if m > 0 and chunks[m] < chunks[m - 1]:
                sorted_already = False
        if sorted_already:
            continue
        for m in range(1, members):
            chunk = chunks[m]
            j = m
            while j > 0 and chunks[j - 1] > chunk:
                chunks[j] = chunks[j - 1]
                j -= 1
            chunks[j] = chunk
        for m in range(members):
            word = at + folds[g, 2 + 2 * m]
            shift = folds[g, 3 + 2 * m]
            words[word] = (words[word] & ~(mask << shift)) | (chunks[m] << shift)


@njit(cache=True, nogil=True)
def rehash(shape: Any, old: Any, old_order: Any, count: Any, table: Any, order: Any) -> None:
    """Enter the first `count` states of another table into an empty one; `order` may be `old_order`."""
    width = U(len(shape))
    size = U(table.size) // width
    hashes = np.empty(_BATCH, np.uint64)
    words = np.empty(_BATCH * len(shape), np.uint64)
    done = 0
    while done < count:
        batch = min(_BATCH, count - done)
        for j in range(batch):
            ahead = done + j + _BATCH
            if ahead < count:
                _prefetch(old, U(old_order[ahead]) * width)
            for w in range(len(shape)):
                words[U(j) * width + U(w)] = old[U(old_order[done + j]) * width + U(w)]
            h = _hash(shape, words, U(j) * width)
            hashes[j] = h
            _prefetch(table, _slot(h, size) * width)
        for j in range(batch):
            slot = _slot(hashes[j], size)
            while table[slot * width] != U(0):
                slot += U(1)
                if slot == size:
                    slot = U(0)
            for w in range(len(shape)):
                table[slot * width + U(w)] = words[U(j) * width + U(w)]
            order[done + j] = np.uint32(slot)
        done += batch


@njit(cache=True, nogil=True)
def search(
    shape: Any,
    control: Any,
    order: Any,
    parents: Any,
    table: Any,
    agents: Any,
    described: Any,
    edges: Any,
    folds: Any,
    found: Any,
    hashes: Any,
    fathers: Any,
    stack: Any,
    stacked: Any,
    fullest: Any,
) -> int:
    """Expand states from `control[HEAD]` up to `control[LIMIT]`; return why it stopped.

    A state whose successors can't all be told yet, or one of whose steps is wrong, is left unexpanded: `control[HEAD]`
    names it, and `control[AGENT]`, `control[NODE]` and `control[VALUE]` say what is missing.
    """
    width, stride = U(len(shape)), U(len(shape) + 1)
    size = U(table.size) // width
    head, tail, limit = U(control[HEAD]), U(control[TAIL]), U(control[LIMIT])
    room = hashes.size
    chunks = np.empty(64, np.uint64)
    folding = folds.shape[0] > 0
    why = LEVEL_DONE
    while head < limit and why == LEVEL_DONE:
        if tail + U(room) > U(parents.size):
            why = ORDER_FULL
            break
        if tail + U(room) > U(fullest):
            why = TABLE_FULL
            break
        end = min(limit, head + U(_BATCH))
        k = 0
        while head < end and why == LEVEL_DONE:
            first = k
            owing = False
            here = U(order[head]) * width
            if head + U(_BATCH) < tail:
                _prefetch(table, U(order[head + U(_BATCH)]) * width)
            for i in range(agents.shape[0]):
                node = (table[here + agents[i, 0]] >> agents[i, 1]) & agents[i, 2]
                d = described[agents[i, 3] + node]
                if d >> U(ENDED_SHIFT):
                    continue
                if agents[i, 4]:
                    owing = True
                ways = (d >> U(WAYS_SHIFT)) & U(WAYS_MASK)
                value = U(0)
                code = INNER
                if ways == U(0):
                    bits = (d >> U(BITS_SHIFT)) & U(31)
                    cell = table[here + ((d >> U(WORD_SHIFT)) & U(15))] >> ((d >> U(SHIFT_SHIFT)) & U(63))
                    value = cell & ((U(1) << bits) - U(1))
                    entry = ((d & U((1 << ROW_BITS) - 1)) + value) * stride
                    code = edges[entry]
                    if code == STEP:
                        if k == room:
                            why = BUFFER_FULL
                            break
                        at = U(k) * width
                        for w in range(len(shape)):
                            found[at + U(w)] = table[here + U(w)] ^ edges[entry + U(1 + w)]
                        if folding:
                            _fold(folds, chunks, found, at)
                        h = _hash(shape, found, at)
                        _prefetch(table, _slot(h, size) * width)
                        hashes[k] = h
                        fathers[k] = head
                        k += 1
                        continue
                    if code == WAITS:
                        continue
                # A choice, an atomic section, or something new: a stack of its steps, the next one on top.
                top = 1
                for w in range(len(shape)):
                    stack[w] = table[here + U(w)]
                stacked[0] = U(0)
                chain = 0
                while top > 0 and why == LEVEL_DONE:
                    top -= 1
                    base = U(top) * width
                    if stacked[top] == U(1):
                        if k == room:
                            why = BUFFER_FULL
                            break
                        at = U(k) * width
                        for w in range(len(shape)):
                            found[at + U(w)] = stack[base + U(w)]
                        if folding:
                            _fold(folds, chunks, found, at)
                        h = _hash(shape, found, at)
                        _prefetch(table, _slot(h, size) * width)
                        hashes[k] = h
                        fathers[k] = head
                        k += 1
                        continue
                    chain += 1
                    if chain > _LONGEST_CHAIN or top + WAYS_MASK + 2 > stacked.size:
                        why = ENDLESS
                        break
                    node = (stack[base + agents[i, 0]] >> agents[i, 1]) & agents[i, 2]
                    d = described[agents[i, 3] + node]
                    ways = (d >> U(WAYS_SHIFT)) & U(WAYS_MASK)
                    row = d & U((1 << ROW_BITS) - 1)
                    slots: Any = 1
                    value = U(0)
                    if ways == U(0):
                        bits = (d >> U(BITS_SHIFT)) & U(31)
                        cell = stack[base + ((d >> U(WORD_SHIFT)) & U(15))] >> ((d >> U(SHIFT_SHIFT)) & U(63))
                        value = cell & ((U(1) << bits) - U(1))
                    else:
                        slots = np.int64(ways)
                    # The first way comes on top. Nothing is pushed before all ways are known to be fine, so that
                    # the first one that is not is the one reported.
                    for s in range(slots):
                        entry = (row + value + U(s)) * stride
                        code = edges[entry]
                        if code == UNMET or code == WRONG:  # noqa: PLR1714, SIM109 (numba would make a tuple)
                            why = MUST_LEARN if code == UNMET else VIOLATED
                            control[NODE] = np.int64(node)
                            control[VALUE] = np.int64(value + U(s))
                            break
                    if why != LEVEL_DONE:
                        break
                    from_base = U(stacked.size - 1) * width
                    for w in range(len(shape)):
                        stack[from_base + U(w)] = stack[base + U(w)]
                    for s in range(slots - 1, -1, -1):
                        entry = (row + value + U(s)) * stride
                        code = edges[entry]
                        if code == WAITS:
                            continue
                        onto = U(top) * width
                        for w in range(len(shape)):
                            stack[onto + U(w)] = stack[from_base + U(w)] ^ edges[entry + U(1 + w)]
                        stacked[top] = U(1) if code == STEP else U(0)
                        top += 1
                if why != LEVEL_DONE:
                    control[AGENT] = i
                    break
            if why == LEVEL_DONE and k == first and owing:
                why = DEADLOCKED
            if why != LEVEL_DONE:
                k = first
                break
            head += U(1)
            if k + 64 > room:
                break
        control[TRANSITIONS] += k
        for j in range(k):
            parents[tail] = np.uint32(fathers[j])
            tail = _insert(shape, order, table, size, tail, found, U(j) * width, hashes[j])
        if why == BUFFER_FULL and k > 0:
            why = LEVEL_DONE  # the buffer is empty again; only a state that fills it alone is too big for it
    control[HEAD] = np.int64(head)
    control[TAIL] = np.int64(tail)
    return why
