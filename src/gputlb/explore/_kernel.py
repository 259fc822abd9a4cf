"""The compiled loop: states as packed words, agents as tables, breadth first, thirty-two states at a time.

Every constant is wrapped: an unsigned word that meets a plain integer becomes signed without a sound.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gputlb.explore._hash_table import BATCH, hash_of, insert, line_of, slots_of_line
from gputlb.explore._jit import U, inner, outer, prefetch

# What an entry of an agent's table says. One that leads on in an atomic section is the description of the local
# state there, marked by INNER.
UNMET, WAITS, WRONG, STEP, INNER = U(0), U(1), U(2), U(3), U(1 << 63)

# What a counter's value says of the state: not known yet, fine, or from where on the maps of its shift are.
UNSHIFTED, AT_HOME, FIRST_MAP = U(0), U(1), U(2)

# A local state's description: offset of its row | whether a step from it may be ample | ways of its choice | bits,
# shift and word of its cell | ended. The second is set in an entry of a table too, if that step is ample.
ROW_BITS, AMPLE, WAYS_SHIFT, WAYS_MASK = 35, U(1 << 35), 36, 0xFFF
BITS_SHIFT, SHIFT_SHIFT, WORD_SHIFT, ENDED_SHIFT = 48, 53, 59, 63
MAX_WAYS = WAYS_MASK

# Why a loop came back.
(
    LEVEL_DONE,
    MUST_LEARN,
    MUST_SETTLE,
    VIOLATED,
    DEADLOCKED,
    TABLE_FULL,
    ORDER_FULL,
    BUFFER_FULL,
    ENDLESS,
    MUST_SHIFT,
    OUTBOX_FULL,
) = range(11)

# Where a loop keeps its counters.
HEAD, TAIL, LIMIT, TRANSITIONS, AGENT, NODE, VALUE, UNSETTLED = range(8)

_LONGEST_CHAIN = 100_000

MEMO_BITS = 12
"""Places for each agent in the memory of its steps, as a power of two."""

RECENT_BITS = 13
"""Places for the states that were found last, as a power of two."""

# What a step changes, where there is none: the bit that is set in every state.
NO_STEP = U(1 << 63)

# Typed once, here: a call of U in the loop costs compile time, and a bare number would make a word signed.
_ZERO, _ONE, _LOW_4, _U31, _U63, _U64 = U(0), U(1), U(15), U(31), U(63), U(64)
_MIX_1, _MIX_2 = U(0x9E3779B97F4A7C15), U(0xBF58476D1CE4E5B9)
_ROW_MASK = U((1 << ROW_BITS) - 1)
_BITS_SHIFT, _SHIFT_SHIFT, _WORD_SHIFT = U(BITS_SHIFT), U(SHIFT_SHIFT), U(WORD_SHIFT)
_WAYS_SHIFT, _WAYS_MASK, _ENDED_SHIFT = U(WAYS_SHIFT), U(WAYS_MASK), U(ENDED_SHIFT)
U_BATCH, U_MEMO, U_RECENT = U(BATCH), U(MEMO_BITS), U(RECENT_BITS)


@inner
def _fold(folds: Any, chunks: Any, words: Any, at: Any) -> None:
    """Sort the alike members of each group by their packed fields, in place."""
    for g in range(folds.shape[0]):
        members = np.int64(folds[g, 0])
        mask = folds[g, 1]
        # An insertion sort that takes the members out as it goes: most are in order already.
        in_order = True
        for m in range(members):
            chunk = (words[at + folds[g, 2 + 2 * m]] >> folds[g, 3 + 2 * m]) & mask
            j = m
            while j > 0 and chunks[j - 1] > chunk:
                chunks[j] = chunks[j - 1]
                j -= 1
                in_order = False
            chunks[j] = chunk
        if in_order:
            continue
        for m in range(members):
            word = at + folds[g, 2 + 2 * m]
            shift = folds[g, 3 + 2 * m]
            words[word] = (words[word] & ~(mask << shift)) | (chunks[m] << shift)


@inner
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


@inner
def _walk(shape: Any, control: Any, i: Any, k: Any, here: Any, table: Any, agents: Any, described: Any, edges: Any,
          buffers: Any) -> Any:  # fmt: skip
    """Put into the buffers where one agent's next step leads, each way of its choices; return how many, and why not.

    An atomic section is one step. What it read and did is remembered, unless it had a choice.
    """
    found, stack, stacked, masks, memo = buffers[0], buffers[3], buffers[4], buffers[6], buffers[7]
    width, stride = U(len(shape)), U(len(shape) + 1)
    room = U(buffers[1].size)
    own_word, own_shift, own_mask, own_base = agents[i, 0], agents[i, 1], agents[i, 2], agents[i, 3]
    number = own_base + ((table[here + own_word] >> own_shift) & own_mask)
    reads = number * width
    d = described[number]
    at = k * width
    for w in range(len(shape)):
        found[at + U(w)] = table[here + U(w)]
    first = k
    chosen = chose = False
    top = chain = 0
    # The section is walked in place. At a choice in it, all ways but the first are put on a stack.
    while not d >> _ENDED_SHIFT:
        if not chosen:
            entry = d & _ROW_MASK
            ways = (d >> _WAYS_SHIFT) & _WAYS_MASK
            if ways == _ZERO:
                word, shift = (d >> _WORD_SHIFT) & _LOW_4, (d >> _SHIFT_SHIFT) & _U63
                mask = (_ONE << ((d >> _BITS_SHIFT) & _U31)) - _ONE
                entry += (found[at + word] >> shift) & mask
                masks[reads + word] |= mask << shift
            elif U(top) + ways > U(stacked.size):
                return k - first, ENDLESS
            else:
                chose = True
                for s in range(_ONE, ways):
                    for w in range(len(shape)):
                        stack[U(top) * width + U(w)] = found[at + U(w)]
                    stacked[top] = entry + ways - s
                    top += 1
        code = edges[entry * stride]
        if code > WRONG:
            for w in range(len(shape)):
                found[at + U(w)] ^= edges[entry * stride + U(1 + w)]
            if code & ~AMPLE != STEP:
                d = code & ~INNER
                chosen = False
                chain += 1
                if chain < _LONGEST_CHAIN:
                    continue
                return k - first, ENDLESS
            k += _ONE
        elif code != WAITS:
            node = (found[at + own_word] >> own_shift) & own_mask
            control[NODE] = np.int64(node)
            control[VALUE] = np.int64(entry - (described[own_base + node] & _ROW_MASK))
            return k - first, MUST_LEARN if code == UNMET else VIOLATED
        if top == 0:
            break
        if k == room:
            return k - first, BUFFER_FULL
        top -= 1
        at = k * width
        for w in range(len(shape)):
            found[at + U(w)] = stack[U(top) * width + U(w)]
        entry = stacked[top]
        chosen = True
    if not chose:
        place = remembered_at(shape, i, table, here, masks, reads)
        for w in range(len(shape)):
            memo[place + U(w)] = table[here + U(w)] & masks[reads + U(w)]
            memo[place + width + U(w)] = table[here + U(w)] ^ found[at + U(w)]
        if k == first:
            memo[place + width] = NO_STEP
    return k - first, LEVEL_DONE


@inner
def _settle(shape: Any, control: Any, words: Any, at: Any, saved: Any, agents: Any, described: Any, edges: Any) -> bool:
    """Take in place every step that nobody else can notice, and what comes of them; False where one is not known yet.

    The end is the same in whatever order they are taken.
    """
    stride = U(len(shape) + 1)
    number = agents.shape[0]
    i = idle = 0
    while idle < number:
        own_word, own_shift, own_mask, own_base = agents[i, 0], agents[i, 1], agents[i, 2], agents[i, 3]
        for w in range(len(shape)):
            saved[w] = words[at + U(w)]
        code = AMPLE
        while code & AMPLE and code != STEP | AMPLE:
            node = (words[at + own_word] >> own_shift) & own_mask
            d = described[own_base + node]
            code = WAITS
            if d & AMPLE:
                value = (words[at + ((d >> _WORD_SHIFT) & _LOW_4)] >> ((d >> _SHIFT_SHIFT) & _U63)) & (
                    (_ONE << ((d >> _BITS_SHIFT) & _U31)) - _ONE
                )
                entry = ((d & _ROW_MASK) + value) * stride
                code = edges[entry]
                if code == UNMET:
                    control[AGENT] = i
                    control[NODE] = np.int64(node)
                    control[VALUE] = np.int64(value)
                    return False
                if code & AMPLE:
                    for w in range(len(shape)):
                        words[at + U(w)] ^= edges[entry + U(1 + w)]
        if code == STEP | AMPLE:
            idle = 0
        else:
            for w in range(len(shape)):
                words[at + U(w)] = saved[w]
            idle += 1
            i += 1
            if i == number:
                i = 0
    return True


@inner
def remembered_at(shape: Any, i: Any, table: Any, here: Any, masks: Any, reads: Any) -> Any:
    """Return where it is written down what an agent does in a state, if it is."""
    x = _ZERO
    for w in range(len(shape)):
        x += (table[here + U(w)] & masks[reads + U(w)]) * (_MIX_1 + U(w + w) * _MIX_2)
    return ((U(i) << U_MEMO) + (x >> (_U64 - U_MEMO))) * U(2 * len(shape))


@inner
def expand(
    shape: Any, control: Any, head: Any, limit: Any, tail: Any, order: Any, table: Any, tables: Any, buffers: Any
) -> Any:
    """Put what follows from the next states into the buffers; return how far it came, how many, and why it stopped.

    A state whose successors can't all be told yet, or one of whose steps is wrong, is left unexpanded.
    """
    agents, described, edges, folds, settling, relations, moved, shifted, maps = tables
    found, hashes, fathers, chunks, masks, memo, recent = (
        buffers[0], buffers[1], buffers[2], buffers[5], buffers[6], buffers[7], buffers[8],
    )  # fmt: skip
    width = U(len(shape))
    slots = slots_of_line(shape)
    lines = U(table.size) // (width * slots)
    room = U(hashes.size)
    reducing = folds.shape[0] > 0 or relations.shape[0] > 0
    end = head + U_BATCH if head + U_BATCH < limit else limit
    why = LEVEL_DONE
    k = taken = _ZERO
    while head < end and why == LEVEL_DONE:
        first, taken_before = k, taken
        here = U(order[head]) * width
        if head + U_BATCH < tail:
            prefetch(table, U(order[head + U_BATCH]) * width)
        alone = False  # whether what it settles to is all that needs to come of the state
        if len(settling) and k < room:
            at = k * width
            for w in range(len(shape)):
                found[at + U(w)] = table[here + U(w)]
            if _settle(shape, control, found, at, chunks, agents, described, edges):
                for w in range(len(shape)):
                    alone = alone or found[at + U(w)] != table[here + U(w)]
            else:
                why = MUST_SETTLE
        for i in range(agents.shape[0]):
            if why != LEVEL_DONE or (alone and i > 0):
                break
            if k == room:
                why = BUFFER_FULL
                break
            # Most steps were taken before, from a state that differs only in what the agent does not look at.
            reads = (agents[i, 3] + ((table[here + agents[i, 0]] >> agents[i, 1]) & agents[i, 2])) * width
            place = remembered_at(shape, i, table, here, masks, reads)
            differs = _ZERO
            for w in range(len(shape)):
                differs |= (table[here + U(w)] & masks[reads + U(w)]) ^ memo[place + U(w)]
            if alone:
                n = _ONE
            elif differs == _ZERO:
                n = _ONE - (memo[place + width] >> _U63)
                for w in range(len(shape)):
                    found[k * width + U(w)] = table[here + U(w)] ^ memo[place + width + U(w)]
            else:
                n, why = _walk(shape, control, i, k, here, table, agents, described, edges, buffers)
                if why != LEVEL_DONE:
                    control[AGENT] = i
                    break
            taken += n
            n += k
            for j in range(k, n):
                at = j * width
                if len(settling) and not _settle(shape, control, found, at, chunks, agents, described, edges):
                    why = MUST_SETTLE
                    break
                if reducing:
                    if not _shift(relations, moved, shifted, maps, found, at):
                        why = MUST_SHIFT
                        break
                    _fold(folds, chunks, found, at)
                h = hash_of(shape, found, at)
                place = (h >> (_U64 - U_RECENT)) * width
                differs = _ZERO
                for w in range(len(shape)):
                    differs |= recent[place + U(w)] ^ found[at + U(w)]
                if differs == _ZERO:
                    continue
                for w in range(len(shape)):
                    recent[place + U(w)] = found[at + U(w)]
                    found[k * width + U(w)] = found[at + U(w)]
                prefetch(table, line_of(h, lines) * (width * slots))
                hashes[k] = h
                fathers[k] = np.uint32(head)
                k += _ONE
            if why != LEVEL_DONE:
                break
        if why == LEVEL_DONE and taken == taken_before:  # nobody acts: has everybody ended who is to end?
            for i in range(agents.shape[0]):
                own = (table[here + agents[i, 0]] >> agents[i, 1]) & agents[i, 2]
                if agents[i, 4] and not described[agents[i, 3] + own] >> _ENDED_SHIFT:
                    why = DEADLOCKED
        if why != LEVEL_DONE:
            k, taken = first, taken_before
            for place in range(recent.size):  # what is taken back was never entered
                recent[place] = _ZERO
            break
        head += _ONE
        if alone:
            control[UNSETTLED] += 1
        if k + _U64 > room:
            break
    if why == BUFFER_FULL and k > _ZERO:
        why = LEVEL_DONE  # only a state that fills the buffer alone is too big for it
    control[TRANSITIONS] += np.int64(taken)
    return head, np.int64(k), why


@outer
def search(
    shape: Any, control: Any, order: Any, parents: Any, table: Any, fullest: Any, tables: Any, buffers: Any
) -> int:
    """Expand states from `control[HEAD]` up to `control[LIMIT]`; return why it stopped.

    Where something is missing or wrong, `control[HEAD]` names the state, and `control[AGENT]`, `control[NODE]` and
    `control[VALUE]` say what.
    """
    found, hashes, fathers = buffers[0], buffers[1], buffers[2]
    width = U(len(shape))
    lines = U(table.size) // (width * slots_of_line(shape))
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
        head, k, why = expand(shape, control, head, limit, tail, order, table, tables, buffers)
        for j in range(k):
            parents[tail] = fathers[j]
            tail = insert(shape, order, table, lines, tail, found, U(j) * width, hashes[j])
    control[HEAD] = np.int64(head)
    control[TAIL] = np.int64(tail)
    return why
