"""Atomic sections that touch what is alike members' own: they must do the same whoever of them is who."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from gputlb.explore._errors import NotSymmetric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gputlb.explore._automaton import Node
    from gputlb.explore._symmetry import Group
    from gputlb.explore._system import System

    Cells = dict[int, int]


def check_sections(system: System) -> None:
    """Check every section that was learned of those who are no members, with any two neighbours exchanged.

    Neighbours suffice, since their exchanges make up every permutation, and what is learned on the way is checked in
    its turn. Raises `NotSymmetric`.
    """
    for group in system.groups:
        members = {agent for team in group.agents for agent in team}
        owned = {cell for cells in group.cells for cell in cells}
        for agent in range(system.agents):
            if agent not in members:
                _check_agent(system, group, owned, agent)


def _check_agent(system: System, group: Group, owned: set[int], agent: int) -> None:
    nodes = system.automata[agent].nodes
    seen: set[tuple[int, tuple[tuple[int, int], ...]]] = set()
    grown = True
    while grown:
        grown = False
        for node in [*nodes]:
            if node.inner or node.operation is None or not node.in_atomic:
                continue
            for needs, leaves, target in [*_learned(system, agent, node, {}, {})]:
                key = node.number, tuple(sorted(needs.items()))
                if key in seen or not owned & needs.keys():
                    continue
                seen.add(key)
                grown = True
                for one, other in pairwise(group.cells):
                    renamed = dict(zip(one + other, other + one, strict=True))
                    wanted = _renamed(leaves, renamed), target
                    if wanted not in _ends(system, agent, node, _renamed(needs, renamed), {}):
                        raise _refusal(system, agent, node, "does not do the same with them exchanged")


def _renamed(cells: Cells, renamed: Cells) -> Cells:
    return {renamed.get(cell, cell): value for cell, value in cells.items()}


def _learned(system: System, agent: int, node: Node, needs: Cells, leaves: Cells) -> Iterator[tuple[Cells, Cells, int]]:
    """Yield every way through a section that was learned: what it found in cells, what it left, where it leads."""
    cell = _cell(system, agent, node)
    for value, edge in [*node.edges.items()]:
        if edge is None:
            continue
        now, then = needs, leaves
        if cell >= 0:
            if leaves.get(cell, value) != value:
                continue
            if cell not in leaves:
                now = {**needs, cell: value}
            then = {**leaves, cell: edge.value}
        target = system.automata[agent].nodes[edge.target]
        if target.inner and target.failure is None:
            yield from _learned(system, agent, target, now, then)
        else:
            yield now, then, edge.target


def _ends(system: System, agent: int, node: Node, needs: Cells, leaves: Cells) -> list[tuple[Cells, int]]:
    """Return what a section comes to where it finds `needs`, all ways of its choices together."""
    cell = _cell(system, agent, node)
    assert node.operation is not None
    slots = range(node.operation.ways)
    if cell >= 0:
        value = leaves.get(cell, needs.get(cell))
        if value is None:
            raise _refusal(
                system, agent, node, "looks at another one once they are exchanged; let it look at all of them"
            )
        slots = range(value, value + 1)
    ends: list[tuple[Cells, int]] = []
    for slot in slots:
        edge = system.edge(agent, node.number, slot)
        if edge is None:
            continue
        then = leaves if cell < 0 else {**leaves, cell: edge.value}
        target = system.automata[agent].nodes[edge.target]
        if target.inner and target.failure is None:
            ends += _ends(system, agent, target, needs, then)
        else:
            ends.append((then, edge.target))
    return ends


def _cell(system: System, agent: int, node: Node) -> int:
    return -1 if node.operation is None or node.operation.cell < 0 else system.own_cell(agent, node.operation.cell)


def _refusal(system: System, agent: int, node: Node, what: str) -> NotSymmetric:
    assert node.operation is not None
    return NotSymmetric(
        f"{node.operation.place}: in one atomic section agent {system.runtime.agents[agent].name!r} touches what was "
        f"declared to be alike members' own, and {what}; declare only agents alike that nobody tells apart"
    )
