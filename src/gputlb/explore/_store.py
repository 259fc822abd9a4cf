"""The states of one part of the space: a table of packed words, the order in which they came, and their parents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gputlb.explore import _kernel as kernel
from gputlb.explore._hash_table import LINE_WORDS, rehash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gputlb.explore._layout import Layout
    from gputlb.explore._tables import ShiftTables, Tables

    Arrays = tuple[NDArray[Any], ...]

_FULLEST = 0.75
_LEAST_SLOTS = 1 << 18
_MANY_SLOTS = 1 << 23
"""From here on memory counts more than the time to enter all states anew: at most 40 bytes for a state of 2 words."""

_STACK_ROWS = 4 * (kernel.MAX_WAYS + 2)


def _rounded(slots: int) -> int:
    """Return a number of slots that makes whole lines, whatever the words of a state."""
    return -(-slots // LINE_WORDS) * LINE_WORDS


class Store:
    """States in the order of their finding, and the buffers of whoever expands them."""

    def __init__(self, layout: Layout, starts: NDArray[np.uint64], room: int = 1 << 12) -> None:
        self.control = np.zeros(8, np.int64)
        self.control[kernel.TAIL] = len(starts)
        self.order = np.zeros((1 << 13) + 2 * len(starts), np.uint32)
        self.parents = np.zeros((1 << 13) + 2 * len(starts), np.uint32)
        self.slots = _rounded(max(_LEAST_SLOTS, 2 * len(starts)))
        self.room = room
        self.checked = 0
        self._fit(layout)
        self._enter_in_order(starts)

    def _fit(self, layout: Layout) -> None:
        self.layout = layout
        self.shape = (0,) * layout.words
        self._buffers = (
            np.empty(self.room * layout.words, np.uint64),
            np.empty(self.room, np.uint64),
            np.empty(self.room, np.uint32),
            np.empty(_STACK_ROWS * layout.words, np.uint64),
            np.empty(_STACK_ROWS, np.uint64),
            np.empty(len(layout.fields) + layout.words, np.uint64),
            layout.reads(),
            np.zeros((layout.agents << kernel.MEMO_BITS) * 2 * layout.words, np.uint64),
            np.zeros(layout.words << kernel.RECENT_BITS, np.uint64),
        )

    def _enter_in_order(self, states: NDArray[np.uint64]) -> None:
        """Make a new table of all states, given in the order of their finding."""
        self.order[: self.tail] = np.arange(self.tail, dtype=np.uint32)
        self._enter(states)

    def _enter(self, states: NDArray[np.uint64]) -> None:
        """Make a new table of the states in some rows, of which the order tells the numbers."""
        # A line of the table is a line of memory only where the table begins with one.
        table = np.zeros(self.slots * self.layout.words + LINE_WORDS, np.uint64)
        past = table.ctypes.data // table.itemsize % LINE_WORDS
        self.table = table[-past % LINE_WORDS :][: self.slots * self.layout.words]
        moved = np.empty(states.size // self.layout.words, np.uint32)
        rehash(self.shape, states.ravel(), moved, self.table, self.order[: self.tail], self._buffers[1])

    @property
    def head(self) -> int:
        """Number of states that were expanded."""
        return int(self.control[kernel.HEAD])

    @property
    def tail(self) -> int:
        """Number of states."""
        return int(self.control[kernel.TAIL])

    @property
    def fullest(self) -> int:
        """How many states the table takes before it must grow."""
        return int(self.slots * _FULLEST)

    @property
    def growth(self) -> float:
        """By what the table grows when it is full."""
        if self.slots < _MANY_SLOTS // 4:
            return 4
        return 2 if self.slots < _MANY_SLOTS else 1.5

    @property
    def bytes_used(self) -> int:
        """Bytes of the table and of the two words a state beside it; pages that nobody wrote to are not there yet."""
        return self.tail * 8 + self.table.nbytes

    def arguments(self, tables: Tables, shifts: ShiftTables) -> tuple[Arrays, Arrays]:
        """Return what every compiled loop takes last."""
        return tables.arrays() + shifts.arrays(), self._buffers

    def widen_table(self) -> None:
        """Make the table larger."""
        self.slots = _rounded(int(self.slots * self.growth) + self.room * 2)
        self._enter(self.table)

    def lengthen_order(self) -> None:
        """Make room for twice as many states."""
        # New arrays, not resized ones: only these get huge pages, which random look-ups live on.
        room = self.parents.size * 2 + self.room
        for name in ("parents", "order"):
            grown = np.empty(room, np.uint32)
            grown[: self.tail] = getattr(self, name)[: self.tail]
            setattr(self, name, grown)

    def make_room(self, states: int) -> None:
        """Make sure that so many more states fit."""
        while self.tail + states > self.parents.size:
            self.lengthen_order()
        while self.tail + states > self.fullest:
            self.widen_table()

    def widen_buffers(self) -> None:
        """Double what one state may lead to."""
        self.room *= 2
        self._fit(self.layout)

    def repack(self, layout: Layout) -> None:
        """Go over to another layout."""
        before = self.layout
        packed = layout.repack(self.rows(0, self.tail), before)
        self._fit(layout)
        self._enter_in_order(packed)

    def rows(self, first: int, last: int) -> NDArray[np.uint64]:
        """Return the words of some states, a row for each."""
        rows = self.table.reshape(-1, self.layout.words)
        return np.take(rows, self.order[first:last], axis=0)  # twice as fast as an index
