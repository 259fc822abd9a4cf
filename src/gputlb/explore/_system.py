"""Agents and cells put together: the states of the whole and the steps between them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from gputlb.explore._automaton import Automaton, Follower
from gputlb.explore._errors import BadQuestion
from gputlb.explore._even_handed import check_sections
from gputlb.explore._lock_order import LockOrder
from gputlb.explore._relative import Shifts
from gputlb.explore._symmetry import groups_of, permuted
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

    def __init__(
        self, runtime: ExploredRuntime, *, merge: bool = True, lock_order: bool = True, symmetry: bool = True
    ) -> None:
        self.runtime = runtime
        self.groups = groups_of(runtime) if symmetry else []
        self.learning_seconds = 0.0
        order = LockOrder() if lock_order else None
        began = time.perf_counter()
        owners = {cell: group for group in self.groups for cells in group.cells for cell in cells}
        alike = {cell: tuple(each) for group in self.groups for each in zip(*group.cells, strict=True) for cell in each}
        led = {agent: group for group in self.groups for team in group.agents for agent in team}
        self.automata: list[Automaton] = []
        self._cells: list[dict[int, int]] = []
        for agent, spec in enumerate(runtime.agents):
            group = led.get(agent)
            if group is None:
                followers, forbidden, mapped = [], frozenset(owners), {}
            else:
                leader, mapped = group.leader_of(agent), group.cells_for(agent)
                if leader != agent:
                    self.automata.append(self.automata[leader])
                    self._cells.append(mapped)
                    continue
                followers = [
                    Follower(runtime.agents[other], group.cells_for(other)) for other in group.followers_of(agent)
                ]
                forbidden = frozenset(owners) - frozenset(group.cells[0])
            self._cells.append(mapped)
            self.automata.append(
                Automaton(
                    runtime,
                    spec,
                    merge=merge,
                    lock_order=order,
                    followers=tuple(followers),
                    forbidden=forbidden,
                    alike=alike,
                )
            )
        self.learning_seconds += time.perf_counter() - began
        self.agents = len(self.automata)
        self.forever = [spec.forever for spec in runtime.agents]
        self.values: list[list[int]] = [[cell.initial] for cell in runtime.cells]
        self._indexes: list[dict[int, int]] = [{cell.initial: 0} for cell in runtime.cells]
        for group in self.groups:
            for cells in group.cells[1:]:
                for first, own in zip(group.cells[0], cells, strict=True):
                    self.values[own], self._indexes[own] = self.values[first], self._indexes[first]
        self.invariants = [
            (text, cells, predicate)
            for text, named, predicate in runtime.invariants
            for cells in permuted(self.groups, named)
        ]
        self.goals = [
            (text, cells, goal[1])
            for text, goal in runtime.goals.items()
            if goal is not None
            for cells in permuted(self.groups, goal[0])
        ]
        self.shifts = [Shifts(self, relation) for relation in runtime.relations] if symmetry else []
        self._refuse_shifted_invariants()
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
        return [
            [
                (*team, *(self.agents + cell for cell in cells))
                for team, cells in zip(group.agents, group.cells, strict=True)
            ]
            for group in self.groups
        ]

    def alike(self, agent: int) -> list[int]:
        """Return the agents that share an automaton with `agent`, itself included."""
        automaton = self.automata[agent]
        return [other for other in range(self.agents) if self.automata[other] is automaton]

    def own_cell(self, agent: int, cell: int) -> int:
        """Return the cell that an agent uses where its automaton says `cell`."""
        return self._cells[agent].get(cell, cell)

    def cell_of(self, agent: int, node: Node) -> int:
        """Return the cell that an agent's operation is about, as an index into a state; -1: none."""
        assert node.operation is not None
        cell = node.operation.cell
        return -1 if cell < 0 else self.agents + self._cells[agent].get(cell, cell)

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
        return self.folded(state)[0]

    def folded(self, state: State) -> tuple[State, list[int]]:
        """Return the state that stands for `state`, and for each agent in it which one it is in `state`."""
        for shifts in self.shifts:
            state = shifts.shift(state)
        names = list(range(self.agents))
        if not self.groups:
            return state, names
        fields = list(state)
        for group in self.groups:
            packed = sorted(
                (
                    tuple(state[agent] for agent in team)
                    + tuple(self.index(cell, state[self.agents + cell]) for cell in cells),
                    m,
                )
                for m, (team, cells) in enumerate(zip(group.agents, group.cells, strict=True))
            )
            for (member, m), team, cells in zip(packed, group.agents, group.cells, strict=True):
                for agent, was in zip(team, group.agents[m], strict=True):
                    names[agent] = was
                for agent, local in zip(team, member, strict=False):
                    fields[agent] = local
                for cell, index in zip(cells, member[len(team) :], strict=True):
                    fields[self.agents + cell] = self.values[cell][index]
        return tuple(fields), names

    def _refuse_shifted_invariants(self) -> None:
        shifted = {cell for shifts in self.shifts for cell in shifts.relation.cells}
        for text, cells, _ in (*self.invariants, *self.goals):
            if shifted & set(cells):
                raise BadQuestion(
                    f"{text!r} is about a counter or stamp that relative() shifts; state it with require() or note() "
                    "in an agent, or explore with symmetry=False"
                )

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
            node = self.node(state, agent)
            if node.operation is None or node.operation.cell < 0:
                continue
            number = self.own_cell(agent, node.operation.cell)
            lock = runtime.locks.get(number)
            if lock is None:
                cell = runtime.cells[number]
                waiting[runtime.agents[agent].name] = f"cell {cell.name!r}, now {state[self.agents + number]}"
            else:
                holders = [
                    runtime.agents[other].name
                    for other in range(self.agents)
                    if any(self.own_cell(other, held.cell.number) == number for held in self.node(state, other).held)
                ]
                by = f", held by {holders[0]!r}" if holders else ""
                waiting[runtime.agents[agent].name] = f"{lock.name!r}{by}"
        return waiting

    def broken_invariant(self, state: State) -> str | None:
        """Return the text of the first invariant of cells that does not hold; None if all do."""
        for text, cells, predicate in self.invariants:
            if not predicate(*(state[self.agents + cell] for cell in cells)):
                return text
        return None

    def cross_check(self) -> None:
        """Check merged local states and alike members; raises `NondeterministicAgent`, `NotSymmetric`."""
        for automaton in dict.fromkeys(self.automata):
            automaton.cross_check()
        check_sections(self)

    def dismiss(self) -> None:
        """End every coroutine that still stands somewhere."""
        for automaton in set(self.automata):
            automaton.dismiss()
