"""The search that runs compiled: it comes back to Python only for what it has not met."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from gputlb.explore import _kernel as kernel
from gputlb.explore import _plain
from gputlb.explore._layout import Layout
from gputlb.explore._search import Found, Limits, Progress
from gputlb.explore._tables import Tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gputlb.explore._system import State, System

WARM_UP_STATES = 2_000
"""States that the plain search takes first, so that most is learned when the first layout is made."""

_CHUNK = 1 << 18  # states between two looks at the clock
_FULLEST = 0.75
_GROWTH = 1.5
_LEAST_SLOTS = 1 << 18
_MANY_SLOTS = 1 << 24  # from here on, memory counts more than the time to enter all states anew
_MOST_STATES = (1 << 32) - 2


def search(system: System, limits: Limits, warm_up_states: int = WARM_UP_STATES) -> Found:
    """Try every order, breadth first, with the same answer as the plain search."""
    if warm_up_states:
        _plain.search(system, Limits(max_states=min(warm_up_states, limits.max_states or warm_up_states)))
    failed = system.failed_at_start()
    if failed is not None:
        return Found("violated", 1, 0, 0, path=[system.initial], failed=failed)
    return _Compiled(system, limits).run()


class _Compiled:
    def __init__(self, system: System, limits: Limits) -> None:
        self.system = system
        self.limits = limits
        self.began = time.monotonic()
        self.layout = Layout(system)
        self.tables = Tables(system, self.layout)
        self.control = np.zeros(7, np.int64)
        self.control[kernel.TAIL] = 1
        self.depth = 0
        self.checked = 0
        self.goals: set[str] = set()
        self.known_invariants: dict[tuple[str, tuple[int, ...]], bool] = {}
        self.room = 1 << 12
        self.parents = np.zeros(1 << 13, np.uint32)
        self.order = np.zeros(1 << 13, np.uint32)
        start = np.array([self.layout.pack(system.canonical(system.initial))], np.uint64)
        self.slots = _LEAST_SLOTS
        self._buffers()
        self._enter(start.ravel(), self.order)

    def _buffers(self) -> None:
        words = self.layout.words
        self.shape = (0,) * words
        self.found = np.empty(self.room * words, np.uint64)
        self.hashes = np.empty(self.room, np.uint64)
        self.fathers = np.empty(self.room, np.uint64)
        deep = 4 * (kernel.MAX_WAYS + 2)
        self.stack = np.empty(deep * words, np.uint64)
        self.stacked = np.empty(deep, np.uint64)

    def _enter(self, states: NDArray[np.uint64], order: NDArray[np.uint32]) -> None:
        """Make a new table of the states that stand in `states` where `order` says."""
        self.table = np.zeros(self.slots * self.layout.words, np.uint64)
        kernel.rehash(self.shape, states, order, int(self.control[kernel.TAIL]), self.table, self.order)

    @property
    def bytes_used(self) -> int:
        """Bytes of the table and of the two words a state beside it; pages that nobody wrote to are not there yet."""
        return int(self.control[kernel.TAIL]) * 8 + self.table.nbytes

    def run(self) -> Found:
        control, system = self.control, self.system
        level_end = 0
        while True:
            if control[kernel.HEAD] >= level_end:
                broken = self._look_at_new()
                if broken is not None:
                    return self._found("invariant", broken)
                if control[kernel.HEAD] == control[kernel.TAIL]:
                    return self._found("all")
                if level_end:
                    self.depth += 1
                level_end = int(control[kernel.TAIL])
            limit = self._limit()
            if limit is not None:
                return self._found("bounded", limit=limit)
            control[kernel.LIMIT] = min(level_end, int(control[kernel.HEAD]) + _CHUNK)
            try:
                why = self._step()
            except KeyboardInterrupt:
                return self._found("bounded", limit="it was interrupted")
            head = int(control[kernel.HEAD])
            match why:
                case kernel.MUST_LEARN:
                    if self._learn():
                        return self._violated(head)
                case kernel.VIOLATED:
                    return self._violated(head)
                case kernel.ENDLESS:
                    list(system.steps(self._state(head)))
                    raise AssertionError("a chain without end ended")
                case kernel.DEADLOCKED:
                    return self._found("deadlock", head)
                case kernel.TABLE_FULL:
                    growth = 2 if self.slots < _MANY_SLOTS else _GROWTH
                    self.slots = int(self.slots * growth) + self.room * 2
                    self._enter(self.table, self.order)
                case kernel.ORDER_FULL:
                    self._grow(self.parents.size * 2 + self.room)
                case kernel.BUFFER_FULL:
                    self.room *= 2
                    self._buffers()

    def _step(self) -> int:
        tables = self.tables
        return int(
            kernel.search(
                self.shape,
                self.control,
                self.order,
                self.parents,
                self.table,
                tables.agents,
                tables.described,
                tables.edges,
                self.layout.folds,
                self.found,
                self.hashes,
                self.fathers,
                self.stack,
                self.stacked,
                int(self.slots * _FULLEST),
            )
        )

    def _limit(self) -> str | None:
        limits, states = self.limits, int(self.control[kernel.TAIL])
        seconds = time.monotonic() - self.began
        if limits.progress is not None:
            waiting = states - int(self.control[kernel.HEAD])
            transitions = int(self.control[kernel.TRANSITIONS])
            limits.progress(Progress(states, transitions, self.depth, waiting, seconds))
        most = _MOST_STATES if limits.max_states is None else limits.max_states
        if states >= most:
            return f"the limit of {most:,} states was reached"
        if limits.timeout_s is not None and seconds > limits.timeout_s:
            return f"the limit of {limits.timeout_s:g} s was reached"
        if limits.max_memory_bytes is not None and self.bytes_used * (1 + _GROWTH) > limits.max_memory_bytes:
            return f"the limit of {limits.max_memory_bytes:,} bytes was reached"
        return None

    def _grow(self, room: int) -> None:
        # New arrays, not resized ones: only these get huge pages, which random look-ups live on.
        count = int(self.control[kernel.TAIL])
        for name in ("parents", "order"):
            grown = np.empty(room, np.uint32)
            grown[:count] = getattr(self, name)[:count]
            setattr(self, name, grown)

    def _learn(self) -> bool:
        """Learn what the compiled loop did not know; return whether it is wrong."""
        system, control = self.system, self.control
        agent, number, index = (int(control[i]) for i in (kernel.AGENT, kernel.NODE, kernel.VALUE))
        node = system.automata[agent].nodes[number]
        cell = system.cell_of(agent, node)
        value = index if cell < 0 else system.values[cell - system.agents][index]
        edge = system.edge(agent, number, value)
        if self.layout.holds_all():
            for each in system.alike(agent):
                self.tables.describe(each)
                self.tables.enter(each, number, value)
        else:
            self._lay_out_anew()
        return edge is not None and system.automata[agent].nodes[edge.target].failure is not None

    def _lay_out_anew(self) -> None:
        count = int(self.control[kernel.TAIL])
        before = self.layout
        self.layout = Layout(self.system, before)
        self.tables = Tables(self.system, self.layout)
        packed = self.layout.repack(self.table.reshape(-1, before.words)[self.order[:count]], before)
        self._buffers()
        self._enter(packed.ravel(), np.arange(count, dtype=np.uint32))

    def _state(self, index: int) -> State:
        words, slot = self.layout.words, int(self.order[index])
        return self.layout.unpack([int(word) for word in self.table[slot * words : (slot + 1) * words]])

    def _look_at_new(self) -> int | None:
        """Judge the level that has just been found; return the first state that breaks an invariant."""
        system = self.system
        first, self.checked = self.checked, int(self.control[kernel.TAIL])
        goals = [goal for goal in system.goals if goal[0] not in self.goals]
        if not (system.invariants or goals) or first == self.checked:
            return None
        new = self.table.reshape(-1, self.layout.words)[self.order[first : self.checked]]
        for text, cells, predicate in goals:
            if any(predicate(*values) for values, _ in self._values(new, cells)):
                self.goals.add(text)
        broken: list[int] = []
        for text, cells, predicate in system.invariants:
            for values, at in self._values(new, cells):
                holds = self.known_invariants.get((text, values))
                if holds is None:
                    holds = self.known_invariants[text, values] = bool(predicate(*values))
                if not holds:
                    broken.append(first + at)
        return min(broken, default=None)

    def _values(self, states: NDArray[np.uint64], cells: tuple[int, ...]) -> list[tuple[tuple[int, ...], int]]:
        """Return the distinct values of some cells, each with the first state that has them."""
        if not cells:
            return [((), 0)]
        agents = self.system.agents
        columns = np.stack([self.layout.column(states, agents + cell) for cell in cells], axis=1)
        distinct, at = np.unique(columns, axis=0, return_index=True)
        return [
            (tuple(self.system.values[cell][int(i)] for cell, i in zip(cells, row, strict=True)), int(where))
            for row, where in zip(distinct, at, strict=True)
        ]

    def _violated(self, head: int) -> Found:
        """Return the violation of the unexpanded state `head`, as the plain search would come to it."""
        for move in self.system.steps(self._state(head)):
            if move.failed is not None:
                done = self._found("violated", head)
                done.failed, done.agent, done.slots = move.failed, move.agent, move.slots
                return done
        raise AssertionError("nothing is wrong there")

    def _found(self, kind: str, at: int = -1, *, limit: str = "") -> Found:
        path: list[State] = []
        while at >= 0:
            path.append(self._state(at))
            at = int(self.parents[at]) if at else -1
        control = self.control
        return Found(
            kind,
            int(control[kernel.TAIL]),
            int(control[kernel.TRANSITIONS]),
            self.depth,
            self.bytes_used,
            path[::-1],
            limit=limit,
            goals=frozenset(self.goals),
        )
