"""Members that are alike put in order, so that one state stands for all that differ by who is who."""

from __future__ import annotations

from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.explore._symmetry import Group

    State = tuple[int, ...]


class Folding:
    """The order of one group's members: by their agents' local states first, then by their cells.

    Args:
        group: the members.
        agents: how many agents stand in a state before its cells.
        index: the place of a value among those that a cell was found with.

    """

    def __init__(self, group: Group, agents: int, index: Callable[[int, int], int]) -> None:
        self._members = [
            (*team, *(agents + cell for cell in cells)) for team, cells in zip(group.agents, group.cells, strict=True)
        ]
        self._teams = group.agents
        self._cells = group.cells
        self._agents = agents
        self._index = index
        self._locals = [itemgetter(*team) for team in group.agents]
        self._in_place = list(range(len(group.agents)))

    def folded(self, state: State) -> State:
        """Return the state with the members in order."""
        order = self._order(state)
        if order is None:
            return state
        fields = list(state)
        for to, was in zip(self._members, order, strict=True):
            for i, j in zip(to, self._members[was], strict=True):
                fields[i] = state[j]
        return tuple(fields)

    def rename(self, state: State, names: list[int]) -> None:
        """Write down for each agent of the folded state which one it is in `state`."""
        for team, was in zip(self._teams, self._order(state) or self._in_place, strict=True):
            for agent, before in zip(team, self._teams[was], strict=True):
                names[agent] = before

    def _order(self, state: State) -> list[int] | None:
        """Return which member comes in each place; None if all are in place."""
        found = [of(state) for of in self._locals]
        if all(one < other for one, other in pairwise(found)):
            return None  # most are: what their cells hold need not be looked at
        order = sorted(self._in_place, key=lambda m: (found[m], self._contents(state, m)))
        return None if order == self._in_place else order

    def _contents(self, state: State, member: int) -> tuple[int, ...]:
        return tuple(self._index(cell, state[self._agents + cell]) for cell in self._cells[member])
