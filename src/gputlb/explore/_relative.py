"""Counters of which only distances matter: states that differ by a shift of counter and stamps are one.

A counter that is compared by the sign of a difference, modulo its width, behaves the same wherever it stands. So all
states are shifted to where the counter stands in the middle of its range. A stamp that has fallen behind by more than
`window` is moved up until it is just behind by more than that, keeping its remainder modulo `step`.

What agents have loaded is shifted too: an agent that got certain answers is put where it would be had it got the
shifted ones. Its way there is run, and has to be the same step for step: that is the check of the claim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gputlb.explore._errors import BadQuestion, NotSymmetric
from gputlb.explore._operations import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.explore._automaton import Automaton, Node
    from gputlb.explore._operations import Operation
    from gputlb.explore._system import State, System

_ANSWERING = (Kind.LOAD, Kind.UPDATE, Kind.UNTIL)


class Relation(NamedTuple):
    """One counter and the stamps that are taken from it, as numbers of cells."""

    counter: int
    stamps: tuple[int, ...]
    bits: int
    step: int
    window: int
    none: frozenset[int]

    @property
    def cells(self) -> tuple[int, ...]:
        """Return all of its cells."""
        return (self.counter, *self.stamps)

    def home(self, value: int) -> int:
        """Return where the counter stands once everything is shifted."""
        return (1 << self.bits - 1) + value % self.step

    def shifted(self, values: Iterable[int], now: int) -> dict[int, int]:
        """Return where each value goes when the counter goes home from `now`.

        Distances up to `window` between neighbours stay; longer ones become the shortest that is longer than
        `window` with the same remainder. So what was near stays near, and what was far stays far.
        """
        size, half = 1 << self.bits, 1 << self.bits - 1
        home = self.home(now)
        lags = {value: (now - value + half) % size - half for value in values if value not in self.none}
        shifted: dict[int, int] = {}
        before = after = 0
        for value, lag in sorted(lags.items(), key=lambda item: item[1]):
            if lag <= 0:
                shifted[value] = (home - lag) % size
                continue
            gap = lag - before
            if gap > self.window:
                gap = self.window + 1 + (gap - self.window - 1) % self.step
            before, after = lag, after + gap
            if after >= half // 2:
                raise BadQuestion(
                    f"a counter of {self.bits} bits is too narrow for stamps {after} behind; give it more bits, or a "
                    "smaller window"
                )
            shifted[value] = (home - after) % size
        return shifted


class Shifts:
    """The shifts of one relation, remembered."""

    def __init__(self, system: System, relation: Relation) -> None:
        self.system = system
        self.relation = relation
        self._nodes: dict[tuple[int, int, int], int] = {}

    def at_home(self, value: int) -> bool:
        """Whether the counter stands where it is to stand."""
        return value == self.relation.home(value)

    def shift(self, state: State) -> State:
        """Return the state with the counter at home."""
        agents = self.system.agents
        now = state[agents + self.relation.counter]
        if self.at_home(now):
            return state
        return tuple(self.field(i, value, now) for i, value in enumerate(state))

    def field(self, i: int, value: int, now: int) -> int:
        """Return what becomes of one field of a state (an agent's local state or a cell's value)."""
        agents, relation = self.system.agents, self.relation
        if i < agents:
            return self._node(i, value, now)
        if i - agents == relation.counter:
            return relation.home(now)
        if i - agents in relation.stamps:
            self._check_stamp(i - agents, value)
            return relation.shifted((value,), now).get(value, value)
        return value

    def _check_stamp(self, cell: int, value: int) -> None:
        """Refuse a stamp that a shift could turn into one that means no stamp."""
        relation = self.relation
        if value not in relation.none and any((value - none) % relation.step == 0 for none in relation.none):
            cells = self.system.runtime.cells
            raise NotSymmetric(
                f"stamp {cells[cell].name!r} holds {value:#x}, which a shift of {cells[relation.counter].name!r} by "
                f"steps of {relation.step} could turn into a value that means no stamp; leave relative() out"
            )

    def _node(self, agent: int, number: int, now: int) -> int:
        automaton = self.system.automata[agent]
        key = (id(automaton), number, now)
        if key not in self._nodes:
            self._nodes[key] = self._walk(agent, automaton, number, now)
        return self._nodes[key]

    def _walk(self, agent: int, automaton: Automaton, number: int, now: int) -> int:
        relation, nodes = self.relation, automaton.nodes
        path: list[tuple[Node, Node]] = []
        node = nodes[number]
        while node.parent >= 0:
            path.append((nodes[node.parent], node))
            node = nodes[node.parent]
        path.reverse()
        points = {
            child.slot
            for parent, child in path
            if parent.operation is not None
            and parent.operation.cell in relation.cells
            and parent.operation.kind in _ANSWERING
        }
        if not points:
            return number
        shifted = relation.shifted(points, now)
        shifted[now] = relation.home(now)
        at = nodes[0]
        for parent, child in path:
            self._check(agent, parent.operation, at.operation, shifted)
            assert at.operation is not None
            slot = child.slot
            if at.operation.cell in relation.cells and at.operation.kind in _ANSWERING:
                slot = shifted.get(slot, slot)
            elif at.edges and at.operation.kind is Kind.STORE:
                slot = slot if slot in at.edges else next(iter(at.edges))  # what was there before a store is no matter
            edge = self.system.edge(agent, at.number, slot)
            if edge is None:
                raise self._refusal(agent, at.operation, "waits there once its counter is shifted")
            at = nodes[edge.target]
        self._check(agent, nodes[number].operation, at.operation, shifted)
        return at.number

    def _check(self, agent: int, one: Operation | None, other: Operation | None, shifted: dict[int, int]) -> None:
        if one is None and other is None:
            return
        if one is None or other is None or one.kind is not other.kind or one.cell != other.cell:
            raise self._refusal(agent, one or other, "does something else once its counter is shifted")
        if one.place != other.place or callable(one.argument) is not callable(other.argument):
            raise self._refusal(agent, one, "does something else once its counter is shifted")
        if callable(one.argument) or one.argument == other.argument:
            return
        size = 1 << self.relation.bits
        if one.cell not in self.relation.cells or not any(
            (one.argument - value - (other.argument - there)) % size == 0  # type: ignore[operator]
            for value, there in shifted.items()
        ):
            cell = self.system.runtime.cells[one.cell].name
            raise self._refusal(agent, one, f"stores what it made of its counter in {cell!r}, no stamp")

    def _refusal(self, agent: int, operation: Operation | None, what: str) -> NotSymmetric:
        place = operation.place if operation is not None else "at its end"
        runtime = self.system.runtime
        return NotSymmetric(
            f"{place}: agent {runtime.agents[agent].name!r} {what}, so not only the distance from "
            f"{runtime.cells[self.relation.counter].name!r} matters; leave relative() out, or give it a wider window"
        )
