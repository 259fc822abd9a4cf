"""Agents and cells put together: the states of the whole and the steps between them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from gputlb.explore._automaton import Automaton
from gputlb.explore._lock_order import LockOrder
from gputlb.runtime import NeverPausing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gputlb.explore._automaton import Edge, Node
    from gputlb.explore._runtime import ExploredRuntime

_LONGEST_CHAIN = 300

State = tuple[int, ...]
"""The local state of every agent, then the value of every cell."""


class Move(NamedTuple):
    """One indivisible step: who acts, the ways in which its choices go, and what it leads to."""

    agent: int
    slots: tuple[int, ...]
    after: State
    failed: Node | None


class System:
    """All agents' automata over one set of cells; grows as edges are learned."""

    def __init__(self, runtime: ExploredRuntime, *, merge: bool = True, lock_order: bool = True) -> None:
        self.runtime = runtime
        self.learning_seconds = 0.0
        order = LockOrder() if lock_order else None
        began = time.perf_counter()
        self.automata = [Automaton(runtime, spec, merge=merge, lock_order=order) for spec in runtime.agents]
        self.learning_seconds += time.perf_counter() - began
        self.agents = len(self.automata)
        self.forever = [spec.forever for spec in runtime.agents]
        self.values: list[list[int]] = [[cell.initial] for cell in runtime.cells]
        self._indexes: list[dict[int, int]] = [{cell.initial: 0} for cell in runtime.cells]
        self.initial: State = (0,) * self.agents + tuple(cell.initial for cell in runtime.cells)

    def node(self, state: State, agent: int) -> Node:
        """Return an agent's local state."""
        return self.automata[agent].nodes[state[agent]]

    def edge(self, agent: int, node: int, value: int) -> Edge | None:
        """Return an agent's edge, learning it if need be."""
        automaton = self.automata[agent]
        known = automaton.nodes[node].edges
        if value in known:
            return known[value]
        began = time.perf_counter()
        try:
            edge = automaton.edge(node, value)
        finally:
            self.learning_seconds += time.perf_counter() - began
        cell = self.cell_of(agent, automaton.nodes[node])
        if edge is not None and cell >= 0:
            self.index(cell - self.agents, edge.value)
        return edge

    def index(self, cell: int, value: int) -> int:
        """Return the place of a value among those that a cell was found with."""
        indexes = self._indexes[cell]
        index = indexes.get(value)
        if index is None:
            index = indexes[value] = len(indexes)
            self.values[cell].append(value)
        return index

    def blocks(self) -> list[list[tuple[int, ...]]]:
        """Return for each group of alike members the fields of each of them: agents and cells as indices of a state."""
        return []

    def alike(self, agent: int) -> list[int]:
        """Return the agents that share an automaton with `agent`, itself included."""
        return [agent]

    def cell_of(self, agent: int, node: Node) -> int:
        """Return the cell that an agent's operation is about, as an index into a state; -1: none."""
        assert node.operation is not None
        return -1 if node.operation.cell < 0 else self.agents + node.operation.cell

    def steps(self, state: State) -> Iterator[Move]:
        """Yield what can happen next, agent by agent in the order in which they were added."""
        for agent in range(self.agents):
            yield from self._steps_of(agent, state, ())

    def _steps_of(self, agent: int, state: State, slots: tuple[int, ...]) -> Iterator[Move]:
        node = self.node(state, agent)
        if node.operation is None:
            return
        if len(slots) > _LONGEST_CHAIN:
            raise NeverPausing(
                self.runtime.agents[agent].name,
                str(node.operation.place),
                "goes round and round inside runtime.atomic(), which is to be one step",
            )
        cell = self.cell_of(agent, node)
        ways = range(node.operation.ways) if cell < 0 else (state[cell],)
        for slot in ways:
            edge = self.edge(agent, node.number, slot)
            if edge is None:
                continue
            after = list(state)
            after[agent] = edge.target
            if cell >= 0:
                after[cell] = edge.value
            reached = tuple(after)
            target = self.node(reached, agent)
            if target.inner and target.failure is None:
                yield from self._steps_of(agent, reached, (*slots, slot))
            else:
                yield Move(agent, (*slots, slot), reached, target if target.failure is not None else None)

    def canonical(self, state: State) -> State:
        """Return the state that stands for all that are the same but for who is who."""
        return state

    def failed_at_start(self) -> Node | None:
        """Return the first agent's failure before its first operation, if there is one."""
        for automaton in self.automata:
            if automaton.nodes[0].failure is not None:
                return automaton.nodes[0]
        return None

    def stuck(self, state: State) -> bool:
        """Whether somebody has work left, given that nobody can act."""
        return any(
            not self.forever[agent] and self.node(state, agent).operation is not None for agent in range(self.agents)
        )

    def waiting(self, state: State) -> dict[str, str]:
        """Return what each agent that has not ended waits for."""
        runtime = self.runtime
        waiting: dict[str, str] = {}
        for agent in range(self.agents):
            operation = self.node(state, agent).operation
            if operation is None:
                continue
            cell = runtime.cells[operation.cell]
            lock = runtime.locks.get(operation.cell)
            if lock is None:
                waiting[runtime.agents[agent].name] = f"cell {cell.name!r}, now {state[self.agents + cell.number]}"
            else:
                holders = [
                    runtime.agents[other].name
                    for other in range(self.agents)
                    if any(held.cell.number == operation.cell for held in self.node(state, other).held)
                ]
                by = f", held by {holders[0]!r}" if holders else ""
                waiting[runtime.agents[agent].name] = f"{lock.name!r}{by}"
        return waiting

    def broken_invariant(self, state: State) -> str | None:
        """Return the text of the first invariant of cells that does not hold; None if all do."""
        for text, cells, predicate in self.runtime.invariants:
            if not predicate(*(state[self.agents + cell] for cell in cells)):
                return text
        return None

    def dismiss(self) -> None:
        """End every coroutine that still stands somewhere."""
        for automaton in self.automata:
            automaton.dismiss()
