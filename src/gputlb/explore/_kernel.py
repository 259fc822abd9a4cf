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

# What a counter's value says of the state: not known yet, fine, or from where on the maps of its shift are.
UNSHIFTED, AT_HOME, FIRST_MAP = U(0), U(1), U(2)

# A local state's description: offset of its row | ways of its choice | bits, shift and word of its cell | ended.
ROW_BITS, WAYS_SHIFT, WAYS_MASK = 36, 36, 0xFFF
BITS_SHIFT, SHIFT_SHIFT, WORD_SHIFT, ENDED_SHIFT = 48, 53, 59, 63
MAX_WAYS = WAYS_MASK

# Why `search` came back.
LEVEL_DONE, MUST_LEARN, VIOLATED, DEADLOCKED, TABLE_FULL, ORDER_FULL, BUFFER_FULL, ENDLESS, MUST_SHIFT, OUTBOX_FULL = (
    range(10)
)

# Where `search` keeps its counters.
HEAD, TAIL, LIMIT, TRANSITIONS, AGENT, NODE, VALUE = range(7)

BATCH = 32  # measured: 8 is 10 % slower, 128 is 25 % slower
_LONGEST_CHAIN = 100_000

# Typed once, here: a call of U in the loop costs compile time, and a bare number would make a word signed.
_ZERO, _ONE, _LOW_4, _U27, _U30, _U31, _HALF, _U63 = U(0), U(1), U(15), U(27), U(30), U(31), U(32), U(63)
_MIX_1, _MIX_2, _MIX_3 = U(0xBF58476D1CE4E5B9), U(0x94D049BB133111EB), U(0x9E3779B97F4A7C15)
_ROW_MASK = U((1 << ROW_BITS) - 1)
_BITS_SHIFT, _SHIFT_SHIFT, _WORD_SHIFT = U(BITS_SHIFT), U(SHIFT_SHIFT), U(WORD_SHIFT)
_WAYS_SHIFT, _WAYS_MASK, _ENDED_SHIFT = U(WAYS_SHIFT), U(WAYS_MASK), U(ENDED_SHIFT)
U_BATCH = U(BATCH)


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


prefetch: Any = intrinsic(_ask_for)


@njit(cache=True, nogil=True)
def _finish(x: Any) -> Any:
    """Return splitmix64's last mixing of a word."""
    x ^= x >> _U30
    x *= _MIX_1
    x ^= x >> _U27
    x *= _MIX_2
    return x ^ (x >> _U31)


@njit(cache=True, nogil=True)
def hash_of(shape: Any, words: Any, at: Any) -> Any:
    h = words[at]
    for w in range(1, len(shape)):
        h = (h ^ (h >> _HALF)) * _MIX_3 + words[at + U(w)]
    return _finish(h)


@njit(cache=True, nogil=True)
def slot_of(h: Any, size: Any) -> Any:
    """Return where in a table of any size a hash belongs: its high half, scaled."""
    return ((h >> _HALF) * size) >> _HALF


@njit(cache=True, nogil=True)
def insert(shape: Any, order: Any, table: Any, size: Any, tail: Any, words: Any, at: Any, h: Any) -> Any:
    """Enter a state unless it is known; return the new end of the order. The caller writes its parent."""
    width = U(len(shape))
    slot = slot_of(h, size)
    while True:
        base = slot * width
        if table[base] == _ZERO:
            for w in range(len(shape)):
                table[base + U(w)] = words[at + U(w)]
            order[tail] = np.uint32(slot)
            return tail + _ONE
        same = True
        for w in range(len(shape)):
            if table[base + U(w)] != words[at + U(w)]:
                same = False
        if same:
            return tail
        slot += _ONE
        if slot == size:
            slot = _ZERO


@njit(cache=True, nogil=True)
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
def _shift(relations: Any, moved: Any, shifted: Any, maps: Any, words: Any, at: Any) -> bool:
    """Send every counter home, with what was taken from it; False where the way is not known yet."""
    for r in range(relations.shape[0]):
        counter = (words[at + relations[r, 0]] >> relations[r, 1]) & relations[r, 2]
        base = moved[relations[r, 3] + counter]
        if base == AT_HOME:
            continue
        if base == UNSHIFTED:
            return False
        for f in range(relations[r, 4], relations[r, 5]):
            word = at + shifted[f, 0]
            shift = shifted[f, 1]
            mask = shifted[f, 2]
            goes = U(maps[base - FIRST_MAP + shifted[f, 3] + ((words[word] >> shift) & mask)])
            if goes == _ZERO:
                return False
            words[word] = (words[word] & ~(mask << shift)) | ((goes - _ONE) << shift)
    return True


@njit(cache=True, nogil=True)
def rehash(shape: Any, old: Any, old_order: Any, count: Any, table: Any, order: Any) -> None:
    """Enter the first `count` states of another table into an empty one; `order` may be `old_order`."""
    width = U(len(shape))
    size = U(table.size) // width
    hashes = np.empty(BATCH, np.uint64)
    words = np.empty(BATCH * len(shape), np.uint64)
    done = 0
    while done < count:
        batch = min(BATCH, count - done)
        for j in range(batch):
            ahead = done + j + BATCH
            if ahead < count:
                prefetch(old, U(old_order[ahead]) * width)
            for w in range(len(shape)):
                words[U(j) * width + U(w)] = old[U(old_order[done + j]) * width + U(w)]
            h = hash_of(shape, words, U(j) * width)
            hashes[j] = h
            prefetch(table, slot_of(h, size) * width)
        for j in range(batch):
            slot = slot_of(hashes[j], size)
            while table[slot * width] != _ZERO:
                slot += _ONE
                if slot == size:
                    slot = _ZERO
            for w in range(len(shape)):
                table[slot * width + U(w)] = words[U(j) * width + U(w)]
            order[done + j] = np.uint32(slot)
        done += batch


@njit(cache=True, nogil=True)
def expand(
    shape: Any,
    control: Any,
    head: Any,
    end: Any,
    tail: Any,
    order: Any,
    table: Any,
    agents: Any,
    described: Any,
    edges: Any,
    folds: Any,
    relations: Any,
    moved: Any,
    shifted: Any,
    maps: Any,
    found: Any,
    hashes: Any,
    fathers: Any,
    stack: Any,
    stacked: Any,
) -> Any:
    """Put what follows from the states from `head` to `end` into the buffers; return how far it came, how many, why.

    A state whose successors can't all be told yet, or one of whose steps is wrong, is left unexpanded.
    """
    width, stride = U(len(shape)), U(len(shape) + 1)
    size = U(table.size) // width
    room = hashes.size
    chunks = np.empty(64, np.uint64)
    reducing = folds.shape[0] > 0 or relations.shape[0] > 0
    why = LEVEL_DONE
    k = 0
    while head < end and why == LEVEL_DONE:
        first = k
        owing = False
        here = U(order[head]) * width
        if head + U_BATCH < tail:
            prefetch(table, U(order[head + U_BATCH]) * width)
        for i in range(agents.shape[0]):
            node = (table[here + agents[i, 0]] >> agents[i, 1]) & agents[i, 2]
            d = described[agents[i, 3] + node]
            if d >> _ENDED_SHIFT:
                continue
            if agents[i, 4]:
                owing = True
            ways = (d >> _WAYS_SHIFT) & _WAYS_MASK
            value = _ZERO
            code = INNER
            if ways == _ZERO:
                bits = (d >> _BITS_SHIFT) & _U31
                cell = table[here + ((d >> _WORD_SHIFT) & _LOW_4)] >> ((d >> _SHIFT_SHIFT) & _U63)
                value = cell & ((_ONE << bits) - _ONE)
                entry = ((d & _ROW_MASK) + value) * stride
                code = edges[entry]
                if code == STEP:
                    if k == room:
                        why = BUFFER_FULL
                        break
                    at = U(k) * width
                    for w in range(len(shape)):
                        found[at + U(w)] = table[here + U(w)] ^ edges[entry + U(1 + w)]
                    if reducing:
                        if not _shift(relations, moved, shifted, maps, found, at):
                            why = MUST_SHIFT
                            break
                        _fold(folds, chunks, found, at)
                    h = hash_of(shape, found, at)
                    prefetch(table, slot_of(h, size) * width)
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
            stacked[0] = _ZERO
            chain = 0
            while top > 0 and why == LEVEL_DONE:
                top -= 1
                base = U(top) * width
                if stacked[top] == _ONE:
                    if k == room:
                        why = BUFFER_FULL
                        break
                    at = U(k) * width
                    for w in range(len(shape)):
                        found[at + U(w)] = stack[base + U(w)]
                    if reducing:
                        if not _shift(relations, moved, shifted, maps, found, at):
                            why = MUST_SHIFT
                            break
                        _fold(folds, chunks, found, at)
                    h = hash_of(shape, found, at)
                    prefetch(table, slot_of(h, size) * width)
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
                ways = (d >> _WAYS_SHIFT) & _WAYS_MASK
                row = d & _ROW_MASK
                slots: Any = 1
                value = _ZERO
                if ways == _ZERO:
                    bits = (d >> _BITS_SHIFT) & _U31
                    cell = stack[base + ((d >> _WORD_SHIFT) & _LOW_4)] >> ((d >> _SHIFT_SHIFT) & _U63)
                    value = cell & ((_ONE << bits) - _ONE)
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
                    stacked[top] = _ONE if code == STEP else _ZERO
                    top += 1
            if why != LEVEL_DONE:
                control[AGENT] = i
                break
        if why == LEVEL_DONE and k == first and owing:
            why = DEADLOCKED
        if why != LEVEL_DONE:
            k = first
            break
        head += _ONE
        if k + 64 > room:
            break
    if why == BUFFER_FULL and k > 0:
        why = LEVEL_DONE  # only a state that fills the buffer alone is too big for it
    return head, k, why


@njit(cache=True, nogil=True)
def search(
    shape: Any,
    control: Any,
    order: Any,
    parents: Any,
    table: Any,
    fullest: Any,
    agents: Any,
    described: Any,
    edges: Any,
    folds: Any,
    relations: Any,
    moved: Any,
    shifted: Any,
    maps: Any,
    found: Any,
    hashes: Any,
    fathers: Any,
    stack: Any,
    stacked: Any,
) -> int:
    """Expand states from `control[HEAD]` up to `control[LIMIT]`; return why it stopped.

    Where something is missing or wrong, `control[HEAD]` names the state, and `control[AGENT]`, `control[NODE]` and
    `control[VALUE]` say what.
    """
    width = U(len(shape))
    size = U(table.size) // width
    head, tail, limit = U(control[HEAD]), U(control[TAIL]), U(control[LIMIT])
    room = U(hashes.size)
    why = LEVEL_DONE
    while head < limit and why == LEVEL_DONE:
        if tail + room > U(parents.size):
            why = ORDER_FULL
            break
        if tail + room > U(fullest):
            why = TABLE_FULL
            break
        head, k, why = expand(
            shape,
            control,
            head,
            min(limit, head + U_BATCH),
            tail,
            order,
            table,
            agents,
            described,
            edges,
            folds,
            relations,
            moved,
            shifted,
            maps,
            found,
            hashes,
            fathers,
            stack,
            stacked,
        )
        control[TRANSITIONS] += k
        for j in range(k):
            parents[tail] = np.uint32(fathers[j])
            tail = insert(shape, order, table, size, tail, found, U(j) * width, hashes[j])
    control[HEAD] = np.int64(head)
    control[TAIL] = np.int64(tail)
    return why
