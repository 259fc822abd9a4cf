"""Agents and cells put together: the states of the whole and the steps between them."""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from gputlb.explore._ample import Ample
from gputlb.explore._automaton import Automaton, Follower
from gputlb.explore._errors import BadQuestion, OutOfTime
from gputlb.explore._even_handed import check_sections
from gputlb.explore._folding import Folding
from gputlb.explore._lock_order import LockOrder
from gputlb.explore._relative import Shifts
from gputlb.explore._symmetry import groups_of, permuted
from gputlb.runtime import NeverPausing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gputlb.explore._automaton import Edge, Node
    from gputlb.explore._runtime import ExploredRuntime

_LONGEST_CHAIN = 300
_LONGEST_SETTLING = 20_000

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
        self.ample: Ample | None = None
        self.learned: list[tuple[int, int, int]] = []  # agent, local state and value of each edge, in order
        self.groups = groups_of(runtime) if symmetry else []
        self.learning_seconds = 0.0
        self._deadline = inf
        self._time_limit = ""
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
        self._places: list[list[int]] = [[] for _ in self.automata]
        self._foldings = [Folding(group, self.agents, self.index) for group in self.groups]
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
        """Return an agent's edge, learning it if need be; raises `OutOfTime` where that is over."""
        automaton = self.automata[agent]
        known = automaton.nodes[node].edges
        if value in known:
            return known[value]
        if time.monotonic() > self._deadline:
            raise OutOfTime(self._time_limit)
        began, met = time.perf_counter(), len(automaton.nodes)
        try:
            edge = automaton.edge(node, value)
        finally:
            self.learning_seconds += time.perf_counter() - began
        cell = self.cell_of(agent, automaton.nodes[node])
        if edge is not None and cell >= 0:
            self.index(cell - self.agents, edge.value)
        self.learned.append((agent, node, value))
        if self.ample is not None:
            for each in automaton.nodes[met:]:
                self.ample.meet(agent, each)
            self.ample.judge(agent, automaton.nodes[node], value)
        return edge

    def learn_for(self, seconds: float | None) -> None:
        """Let learning raise `OutOfTime` after so many seconds: an agent may have local states without an end."""
        self._deadline = inf if seconds is None else time.monotonic() + seconds
        self._time_limit = f"the limit of {seconds:g} s was reached" if seconds is not None else ""

    def reduce(self) -> None:
        """Let `needed_steps` take steps first that make no difference to anybody, judged by all that was learned."""
        self.ample = Ample(self)

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
        places = self._places[agent]
        if node.number >= len(places):
            for each in self.automata[agent].nodes[len(places) :]:
                cell = -1 if each.operation is None else each.operation.cell
                places.append(-1 if cell < 0 else self.agents + self._cells[agent].get(cell, cell))
        return places[node.number]

    def steps(self, state: State) -> Iterator[Move]:
        """Yield what can happen next, agent by agent in the order in which they were added."""
        for agent in range(self.agents):
            yield from self.steps_of(agent, state)

    def steps_of(self, agent: int, state: State) -> Iterator[Move]:
        """Yield what one agent can do next."""
        if self.node(state, agent).operation is not None:
            yield from self._section(agent, list(state), ())

    def needed_steps(self, state: State) -> Iterator[Move]:
        """Yield as many of the next steps as are needed to meet everything that `steps` leads to; all, unless `reduce`.

        Raises `Refuted` where what was learned on the way shows that too few were yielded before.
        """
        for move in self.ample_steps(state):
            yield move
            return
        yield from self.steps(state)

    def settled(self, state: State) -> State:
        """Return where a state leads by steps that nobody else can notice.

        Raises: `NeverPausing` for an agent that takes such steps on and on; they never lead in a circle, so what it
        remembers of them grows.
        """
        if self.ample is None:
            return state
        may_be = self.ample.may_be
        settling = True
        try:
            while settling:
                settling = False
                for agent in range(self.agents):
                    steps = 0
                    while state[agent] in may_be[agent]:
                        move = self._ample_step(agent, state)
                        if move is None:
                            break
                        state, settling, steps = move.after, True, steps + 1
                        if steps > _LONGEST_SETTLING:
                            raise self._never_pausing(agent, state)
        except OutOfTime:
            pass  # whoever goes on from there is told the same
        return state

    def _never_pausing(self, agent: int, state: State) -> NeverPausing:
        operation = self.node(state, agent).operation
        return NeverPausing(
            self.runtime.agents[agent].name,
            str(operation.place) if operation is not None else "?",
            f"took {_LONGEST_SETTLING:,} steps that nobody else has a part in and remembers ever more of them",
        )

    def ample_steps(self, state: State) -> Iterator[Move]:
        """Yield each step that nobody else can notice: taking any of them first is enough."""
        if self.ample is None:
            return
        for agent, may_be in enumerate(self.ample.may_be):
            move = self._ample_step(agent, state) if state[agent] in may_be else None
            if move is not None:
                yield move

    def _ample_step(self, agent: int, state: State) -> Move | None:
        """Return an agent's step, an atomic section as a whole, if it is ample."""
        assert self.ample is not None
        may_be = self.ample.may_be[agent]
        nodes = self.automata[agent].nodes
        fields = list(state)
        slots: tuple[int, ...] = ()
        while fields[agent] in may_be:
            node = nodes[fields[agent]]
            cell = self.cell_of(agent, node)
            slot = fields[cell]
            edge = node.edges[slot] if slot in node.edges else self.edge(agent, node.number, slot)
            if edge is None or not self.ample.has(agent, node.number, slot):
                return None
            fields[agent], fields[cell] = edge.target, edge.value
            slots = (*slots, slot)
            if not nodes[edge.target].inner:
                return Move(agent, slots, tuple(fields), None)
        return None

    def _section(self, agent: int, fields: list[int], slots: tuple[int, ...]) -> Iterator[Move]:
        """Yield where an agent's next step leads, which is a whole atomic section; `fields` is the state, to change."""
        nodes = self.automata[agent].nodes
        while True:
            node = nodes[fields[agent]]
            if node.operation is None:
                return
            if len(slots) > _LONGEST_CHAIN:
                raise NeverPausing(
                    self.runtime.agents[agent].name,
                    str(node.operation.place),
                    "goes round and round inside runtime.atomic(), which is to be one step",
                )
            cell = self.cell_of(agent, node)
            if cell < 0:
                break
            slot = fields[cell]
            edge = node.edges[slot] if slot in node.edges else self.edge(agent, node.number, slot)
            if edge is None:
                return
            fields[agent], fields[cell] = edge.target, edge.value
            slots = (*slots, slot)
            target = nodes[edge.target]
            if target.failure is not None or not target.inner:
                yield Move(agent, slots, tuple(fields), target if target.failure is not None else None)
                return
        for way in range(node.operation.ways):
            edge = self.edge(agent, node.number, way)
            if edge is None:
                continue
            taken = fields.copy()
            taken[agent] = edge.target
            target = nodes[edge.target]
            if target.failure is not None or not target.inner:
                yield Move(agent, (*slots, way), tuple(taken), target if target.failure is not None else None)
            else:
                yield from self._section(agent, taken, (*slots, way))

    def canonical(self, state: State) -> State:
        """Return the state that stands for all that are the same but for who is who."""
        for shifts in self.shifts:
            state = shifts.shift(state)
        for folding in self._foldings:
            state = folding.folded(state)
        return state

    def folded(self, state: State) -> tuple[State, list[int]]:
        """Return the state that stands for `state`, and for each agent in it which one it is in `state`."""
        for shifts in self.shifts:
            state = shifts.shift(state)
        names = list(range(self.agents))
        for folding in self._foldings:
            folding.rename(state, names)
            state = folding.folded(state)
        return state, names

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

    def see_ways_repeated(self, state: State) -> None:
        """Run every agent's way to a state again; raises `NondeterministicAgent` for one that does something else."""
        for agent, automaton in enumerate(self.automata):
            automaton.see_way_repeated(state[agent])

    def see_repeated(self) -> None:
        """Run what was learned again; raises `NondeterministicAgent` for an agent that does something else."""
        for automaton in dict.fromkeys(self.automata):
            automaton.see_repeated()

    def dismiss(self) -> None:
        """End every coroutine that still stands somewhere."""
        self.runtime.dismiss()
        for automaton in self.automata:
            automaton.leave()
