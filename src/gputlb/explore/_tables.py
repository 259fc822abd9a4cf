"""The automata as the compiled loop reads them: a description for each local state, a row for each description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gputlb.explore import _kernel as kernel
from gputlb.explore._errors import BadQuestion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gputlb.explore._layout import Layout
    from gputlb.explore._system import State, System


class Tables:
    """Grows with what is learned, for as long as the layout holds it."""

    def __init__(self, system: System, layout: Layout) -> None:
        self.system = system
        self.layout = layout
        self._stride = layout.words + 1
        self._bases: list[int] = []
        base = 0
        for agent in range(system.agents):
            self._bases.append(base)
            base += 1 << layout.bits[agent]
        self.described = np.zeros(base, np.uint64)
        self._described = [0] * system.agents
        self._rows = 0
        # Its length tells the compiler whether to look for ample steps: loops that don't are not slowed by it.
        self.settling = () if system.ample is None else (0,)
        self.edges = np.zeros(self._stride * 1024, np.uint64)
        self.agents = np.zeros((system.agents, 5), np.uint64)
        for agent, field in enumerate(layout.fields[: system.agents]):
            self.agents[agent] = (
                field.word, field.shift, field.mask, self._bases[agent], 0 if system.forever[agent] else 1,
            )  # fmt: skip
        self._entered = 0
        self._marked = False
        self.catch_up()

    def arrays(self) -> tuple[Any, ...]:
        """Return what the compiled loop looks up."""
        return self.agents, self.described, self.edges, self.layout.folds, self.settling

    def catch_up(self) -> None:
        """Write down what was learned since; the layout has to hold it."""
        system = self.system
        for agent in range(system.agents):
            self._describe(agent)
        for agent, number, value in system.learned[self._entered :]:
            for each in system.alike(agent):
                self._enter(each, number, value)
        self._entered = len(system.learned)
        if system.ample is not None:
            for leader in system.ample.changed if self._marked else range(system.agents):
                for agent in system.alike(leader):
                    self._mark(agent, system.ample.may_be[agent])
            system.ample.changed.clear()
            self._marked = True

    def _mark(self, agent: int, may_be: set[int]) -> None:
        """Mark the local states of which a step may be ample."""
        base = self._bases[agent]
        own = self.described[base : base + self._described[agent]]
        own &= ~kernel.AMPLE
        own[list(may_be)] |= kernel.AMPLE

    def _describe(self, agent: int) -> None:
        """Make rows for the local states that an agent has got since."""
        system = self.system
        nodes = system.automata[agent].nodes
        for node in nodes[self._described[agent] :]:
            word = 1 << kernel.ENDED_SHIFT
            if node.operation is not None:
                ways, cell = node.operation.ways, system.cell_of(agent, node)
                if ways > kernel.MAX_WAYS:
                    raise BadQuestion(
                        f"{node.operation.place}: choose({ways}) has more ways than the compiled engine takes; choose "
                        f"among {kernel.MAX_WAYS} at most, or explore with engine='plain'"
                    )
                word = self._rows | ways << kernel.WAYS_SHIFT
                rows = ways
                if cell >= 0:
                    field = self.layout.fields[cell]
                    word |= field.bits << kernel.BITS_SHIFT | field.shift << kernel.SHIFT_SHIFT
                    word |= field.word << kernel.WORD_SHIFT
                    rows = 1 << field.bits
                self._rows += rows
                if self._rows * self._stride > self.edges.size:
                    grown = np.zeros(max(2 * self.edges.size, self._rows * self._stride), np.uint64)
                    grown[: self.edges.size] = self.edges
                    self.edges = grown
            self.described[self._bases[agent] + node.number] = word
        self._described[agent] = len(nodes)

    def _enter(self, agent: int, number: int, value: int) -> None:
        """Write down what an agent does at a value (at a way of its choice)."""
        system, fields = self.system, self.layout.fields
        node = system.automata[agent].nodes[number]
        edge = node.edges[value]
        cell = system.cell_of(agent, node)
        row = int(self.described[self._bases[agent] + number]) & ((1 << kernel.ROW_BITS) - 1)
        index = value if cell < 0 else system.index(cell - system.agents, value)
        at = (row + index) * self._stride
        if edge is None:
            self.edges[at] = kernel.WAITS
            return
        target = system.automata[agent].nodes[edge.target]
        if target.failure is not None:
            self.edges[at] = kernel.WRONG
            return
        delta = [0] * self.layout.words
        own = fields[agent]
        delta[own.word] ^= (number ^ edge.target) << own.shift
        if cell >= 0:
            field = fields[cell]
            delta[field.word] ^= (index ^ system.index(cell - system.agents, edge.value)) << field.shift
        for word, bits in enumerate(delta):
            self.edges[at + 1 + word] = bits
        there = int(self.described[self._bases[agent] + edge.target]) & ~int(kernel.AMPLE)
        code = there | int(kernel.INNER) if target.inner else int(kernel.STEP)
        if system.ample is not None and system.ample.has(agent, number, value):
            code |= int(kernel.AMPLE)
        self.edges[at] = code


class ShiftTables:
    """The shifts of counters as the compiled loop reads them: for each value of a counter a map for each field."""

    def __init__(self, system: System, layout: Layout) -> None:
        self.system = system
        self.layout = layout
        agents = system.agents
        self._fields: list[list[int]] = []
        relations: list[tuple[int, ...]] = []
        shifted: list[tuple[int, ...]] = []
        moved = 0
        for shifts in system.shifts:
            relation = shifts.relation
            fields = [*range(agents), *(agents + cell for cell in relation.cells)]
            counter = layout.fields[agents + relation.counter]
            relations.append(
                (counter.word, counter.shift, counter.mask, moved, len(shifted), len(shifted) + len(fields))
            )
            moved += 1 << counter.bits
            row = 0
            for i in fields:
                field = layout.fields[i]
                shifted.append((field.word, field.shift, field.mask, row))
                row += 1 << field.bits
            self._fields.append(fields)
        self.relations = np.array(relations, np.uint64).reshape(-1, 6)
        self.shifted = np.array(shifted, np.uint64).reshape(-1, 4)
        self.moved = np.zeros(max(moved, 1), np.uint64)
        self.maps = np.zeros(1, np.uint32)
        self._filled = 0

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Return what the compiled loop looks up."""
        return self.relations, self.moved, self.shifted, self.maps

    def learn(self, state: State) -> bool:
        """Write down how `state`, as a step left it, is shifted; False where the layout is too narrow for it."""
        system, agents = self.system, self.system.agents
        for r, shifts in enumerate(system.shifts):
            now = state[agents + shifts.relation.counter]
            at = int(self.relations[r, 3]) + system.index(shifts.relation.counter, now)
            if shifts.at_home(now):
                if not self.layout.holds_all():
                    return False
                self.moved[at] = kernel.AT_HOME
                continue
            goes = [self._place(i, shifts.field(i, state[i], now)) for i in self._fields[r]]
            if not self.layout.holds_all():
                return False
            if self.moved[at] == kernel.UNSHIFTED:
                self.moved[at] = int(kernel.FIRST_MAP) + self._filled
                self._filled += sum(1 << self.layout.bits[i] for i in self._fields[r])
                if self._filled > self.maps.size:
                    grown = np.zeros(2 * self._filled, np.uint32)
                    grown[: self.maps.size] = self.maps
                    self.maps = grown
            base = int(self.moved[at]) - int(kernel.FIRST_MAP)
            for j, (i, there) in enumerate(zip(self._fields[r], goes, strict=True)):
                row = int(self.shifted[int(self.relations[r, 4]) + j, 3])
                self.maps[base + row + self._place(i, state[i])] = there + 1
            state = shifts.shift(state)
        return True

    def _place(self, i: int, value: int) -> int:
        return value if i < self.system.agents else self.system.index(i - self.system.agents, value)
