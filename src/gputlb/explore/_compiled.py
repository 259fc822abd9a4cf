"""The search that runs compiled: it comes back to Python only for what it has not met."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gputlb.explore import _kernel as kernel
from gputlb.explore import _plain
from gputlb.explore._errors import OutOfTime
from gputlb.explore._layout import Layout
from gputlb.explore._search import Found, Limits, Progress
from gputlb.explore._store import Store
from gputlb.explore._tables import ShiftTables, Tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gputlb.explore._system import State, System

WARM_UP_STATES = 200
"""States that the plain search takes first, so that most is learned when the first layout is made."""

CHUNK = 1 << 18
"""States between two looks at the clock."""

_FEW_STATES = 1 << 16
"""Up to here it costs nothing to pack all states anew, but seconds to compile loops for words of another number."""

_MANY_STATES = 1 << 19
"""From here on a word less for each state is worth compiling loops for it."""

_MOST_STATES = (1 << 32) - 2

_loaded_words: set[int] = set()
"""For states of how many words this process has its loops."""


def warm_up(system: System, limits: Limits) -> Found | None:
    """Learn what the first states need, if nothing is known; return the end of the search, if it ends with that."""
    if not any(node.edges for automaton in system.automata for node in automaton.nodes):
        few = _plain.search(system, Limits(max_states=min(WARM_UP_STATES, limits.max_states or WARM_UP_STATES)))
        if few.interrupted:
            return few
    failed = system.failed_at_start()
    if failed is not None:
        return Found("violated", 1, 0, 0, path=[system.initial], failed=failed)
    return None


def search(system: System, limits: Limits) -> Found:
    """Try every order, breadth first, with the same answer as the plain search."""
    return warm_up(system, limits) or Compiled(system, limits).run()


class Compiled:
    """One search in one thread; several parts of the space are a matter of the class built on it."""

    def __init__(self, system: System, limits: Limits) -> None:
        self.system = system
        self.limits = limits
        first = system.canonical(system.settled(system.initial))
        for cell, value in enumerate(first[system.agents :]):
            system.index(cell, value)
        self.layout = Layout(system, roomy=True)
        self.tables = Tables(system, self.layout)
        self.shifts = ShiftTables(system, self.layout)
        self.stores = [Store(self.layout, np.array([self.layout.pack(first)], np.uint64))]
        self.depth = 0
        self._narrow_at = _MANY_STATES
        self.goals: set[str] = set()
        self.known_invariants: dict[tuple[str, tuple[int, ...]], bool] = {}

    def run(self) -> Found:
        """Search until something is found, a limit is reached, Ctrl-C comes or nothing is left."""
        try:
            return self._run()
        except OutOfTime as over:
            return self.found("bounded", limit=str(over))
        except KeyboardInterrupt:
            return replace(self.found("bounded"), interrupted=True)

    def _run(self) -> Found:
        store = self.stores[0]
        control = store.control
        level_end = 0
        while True:
            if store.head >= level_end:
                done = self.end_level()
                if done is not None:
                    return done
                level_end = store.tail
            limit = self.limit()
            if limit is not None:
                return self.found("bounded", limit=limit)
            control[kernel.LIMIT] = min(level_end, store.head + CHUNK)
            why = kernel.search(
                store.shape,
                control,
                store.order,
                store.parents,
                store.table,
                store.fullest,
                *store.arguments(self.tables, self.shifts),
            )
            done = self.attend(why, store)
            if done is not None:
                return done

    def end_level(self) -> Found | None:
        """Judge the level that has just been found; return the end of the search, if it is one."""
        if sum(store.tail for store in self.stores) >= self._narrow_at:
            self._narrow_at *= 4
            if Layout(self.system).words < self.layout.words:
                self._lay_out_anew()
        broken = self._look_at_new()
        if broken is not None:
            return self.found("invariant", broken)
        if all(store.head == store.tail for store in self.stores):
            return self.found("all")
        if any(store.head for store in self.stores):
            self.depth += 1
        return None

    def attend(self, why: int, store: Store) -> Found | None:
        """Do what a compiled loop came back for; return the end of the search, if it is one."""
        match why:
            case kernel.MUST_LEARN:
                if self._learn(store):
                    return self._violated(store)
            case kernel.MUST_SETTLE:
                self._learn(store)
            case kernel.MUST_SHIFT:
                self._learn_shift(store)
            case kernel.VIOLATED:
                return self._violated(store)
            case kernel.ENDLESS:
                list(self.system.steps(self._state((self.stores.index(store), store.head))))
                raise AssertionError("a chain without end ended")
            case kernel.DEADLOCKED:
                return self.found("deadlock", (self.stores.index(store), store.head))
            case kernel.TABLE_FULL:
                store.widen_table()
            case kernel.ORDER_FULL:
                store.lengthen_order()
            case kernel.BUFFER_FULL:
                store.widen_buffers()
        return None

    def limit(self) -> str | None:
        """Return which limit has been reached; None if none has."""
        limits = self.limits
        states, heads = sum(store.tail for store in self.stores), sum(store.head for store in self.stores)
        seconds = time.monotonic() - limits.began
        if limits.progress is not None:
            loads = self.layout.words not in _loaded_words
            limits.progress(Progress(states, self._transitions(), self.depth, states - heads, seconds, loads))
        _loaded_words.add(self.layout.words)
        most = _MOST_STATES if limits.max_states is None else limits.max_states
        if states >= most:
            return f"the limit of {most:,} states was reached"
        if limits.timeout_s is not None and seconds > limits.timeout_s:
            return f"the limit of {limits.timeout_s:g} s was reached"
        # What grows is there twice for a moment.
        soon = sum((1 + store.growth) * store.bytes_used for store in self.stores)
        if limits.max_memory_bytes is not None and soon > limits.max_memory_bytes:
            return f"the limit of {limits.max_memory_bytes:,} bytes was reached"
        return None

    def _transitions(self) -> int:
        return sum(int(store.control[kernel.TRANSITIONS]) for store in self.stores)

    def _learn(self, store: Store) -> bool:
        """Learn what the compiled loop did not know; return whether it is wrong."""
        system = self.system
        agent, number, index = (int(store.control[i]) for i in (kernel.AGENT, kernel.NODE, kernel.VALUE))
        node = system.automata[agent].nodes[number]
        cell = system.cell_of(agent, node)
        value = index if cell < 0 else system.values[cell - system.agents][index]
        edge = system.edge(agent, number, value)
        if self.layout.holds_all():
            self.tables.catch_up()
        else:
            self._lay_out_anew()
        return edge is not None and system.automata[agent].nodes[edge.target].failure is not None

    def _learn_shift(self, store: Store) -> None:
        """Learn the shift of what the steps of an unexpanded state lead to."""
        for move in self.system.needed_steps(self._state((self.stores.index(store), store.head))):
            if move.failed is None and not self.shifts.learn(self.system.settled(move.after)):
                self._lay_out_anew()
                return
        if self.layout.holds_all():
            self.tables.catch_up()
        else:
            self._lay_out_anew()

    def _lay_out_anew(self) -> None:
        self.layout = Layout(self.system, roomy=sum(store.tail for store in self.stores) < _FEW_STATES)
        self.tables = Tables(self.system, self.layout)
        self.shifts = ShiftTables(self.system, self.layout)
        for store in self.stores:
            store.repack(self.layout)

    def _state(self, where: tuple[int, int]) -> State:
        part, index = where
        return self.layout.unpack([int(word) for word in self.stores[part].rows(index, index + 1)[0]])

    @property
    def first(self) -> tuple[int, int]:
        """Where the first state stands."""
        return 0, 0

    def parent(self, where: tuple[int, int]) -> tuple[int, int]:
        """Return where the state stands from which another was found."""
        return 0, int(self.stores[0].parents[where[1]])

    def _look_at_new(self) -> tuple[int, int] | None:
        """Look for goals and broken invariants in what is new; return where the first broken one is."""
        system = self.system
        broken: list[tuple[int, int]] = []
        for part, store in enumerate(self.stores):
            first, store.checked = store.checked, store.tail
            goals = [goal for goal in system.goals if goal[0] not in self.goals]
            if not (system.invariants or goals) or first == store.checked:
                continue
            new = store.rows(first, store.checked)
            for text, cells, predicate in goals:
                if any(predicate(*values) for values, _ in self._values(new, cells)):
                    self.goals.add(text)
            for text, cells, predicate in system.invariants:
                for values, at in self._values(new, cells):
                    holds = self.known_invariants.get((text, values))
                    if holds is None:
                        holds = self.known_invariants[text, values] = bool(predicate(*values))
                    if not holds:
                        broken.append((first + at, part))
        index, part = min(broken, default=(-1, -1))
        return None if index < 0 else (part, index)

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

    def _violated(self, store: Store) -> Found:
        """Return the violation of an unexpanded state, as the plain search would come to it."""
        where = self.stores.index(store), store.head
        for move in self.system.steps(self._state(where)):
            if move.failed is not None:
                done = self.found("violated", where)
                done.failed, done.agent, done.slots = move.failed, move.agent, move.slots
                return done
        raise AssertionError("nothing is wrong there")

    def found(self, kind: str, where: tuple[int, int] | None = None, *, limit: str = "") -> Found:
        """Return the end of the search, with the path to the state `where`."""
        path: list[State] = []
        while where is not None:
            path.append(self._state(where))
            where = self.parent(where) if where != self.first else None
        return Found(
            kind,
            sum(store.tail for store in self.stores),
            self._transitions(),
            self.depth,
            sum(store.bytes_used for store in self.stores),
            path[::-1],
            limit=limit,
            goals=frozenset(self.goals),
            unsettled=sum(int(store.control[kernel.UNSETTLED]) for store in self.stores),
        )
