"""Agents that are alike: which they are, and what of a state goes with whom."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

from gputlb.errors import did_you_mean
from gputlb.explore._errors import BadQuestion, NotSymmetric

if TYPE_CHECKING:
    from gputlb.explore._runtime import ExploredRuntime

_MOST_PERMUTATIONS = 720


class Group(NamedTuple):
    """Members that may be exchanged, each with its agents and its cells (indices, in matching order)."""

    agents: tuple[tuple[int, ...], ...]
    cells: tuple[tuple[int, ...], ...]

    def _where(self, agent: int) -> tuple[int, int]:
        for m, team in enumerate(self.agents):
            if agent in team:
                return m, team.index(agent)
        raise ValueError(agent)

    def leader_of(self, agent: int) -> int:
        """Return the agent of the first member that this one is like."""
        return self.agents[0][self._where(agent)[1]]

    def followers_of(self, agent: int) -> list[int]:
        """Return the agents of the other members that are like this one of the first."""
        role = self._where(agent)[1]
        return [team[role] for team in self.agents[1:]]

    def cells_for(self, agent: int) -> dict[int, int]:
        """Return for each cell of the first member the one of this agent's member."""
        member = self._where(agent)[0]
        return dict(zip(self.cells[0], self.cells[member], strict=True))


def groups_of(runtime: ExploredRuntime) -> list[Group]:
    """Return what `symmetric` declared, looked up and checked as far as one can without running anybody."""
    numbers = {spec.name: i for i, spec in enumerate(runtime.agents)}
    groups: list[Group] = []
    taken_agents: set[int] = set()
    taken_cells: set[int] = set()
    for teams, owned in runtime.groups:
        for name in (name for team in teams for name in team):
            if name not in numbers:
                raise BadQuestion(f"symmetric() names agent {name!r}, which is unknown{did_you_mean(name, numbers)}")
        group = Group(tuple(tuple(numbers[name] for name in team) for team in teams), tuple(owned))
        agents = [agent for team in group.agents for agent in team]
        cells = [cell for each in group.cells for cell in each]
        if len(set(agents)) < len(agents) or taken_agents & set(agents):
            raise BadQuestion(f"symmetric() names an agent twice among {', '.join(n for t in teams for n in t)}")
        if len(set(cells)) < len(cells) or taken_cells & set(cells):
            raise BadQuestion("symmetric() gives a cell to two members; list only what is a member's own")
        if len({len(each) for each in group.cells}) > 1:
            raise BadQuestion("symmetric() gives its members different numbers of cells; give each as many")
        for role, first in enumerate(group.agents[0]):
            for team in group.agents:
                if runtime.agents[team[role]].forever != runtime.agents[first].forever or team[role] < first:
                    raise NotSymmetric(
                        f"agents {runtime.agents[first].name!r} and {runtime.agents[team[role]].name!r} are not alike: "
                        "add the first member's agents first, and all of one kind with the same `forever`"
                    )
        for each in group.cells:
            for first, own in zip(group.cells[0], each, strict=True):
                one, other = runtime.cells[first], runtime.cells[own]
                if (one.bits, one.initial) != (other.bits, other.initial):
                    raise NotSymmetric(
                        f"cells {one.name!r} and {other.name!r} are not alike: give both the same bits and "
                        "initial value"
                    )
        taken_agents.update(agents)
        taken_cells.update(cells)
        if len(group.agents) > 1:
            groups.append(group)
    return groups


def permuted(groups: list[Group], cells: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the cells as every renaming of alike members names them: a folded state stands for all of these."""
    versions = [cells]
    for group in groups:
        if not any(cell in own for own in group.cells for cell in cells):
            continue
        orders = list(permutations(range(len(group.cells)))) if len(group.cells) <= 6 else []
        if not orders or len(orders) * len(versions) > _MOST_PERMUTATIONS:
            raise BadQuestion(
                "an invariant or goal names cells of more alike members than can be tried in every order; state it "
                "about cells that are shared, or explore with symmetry=False"
            )
        again: list[tuple[int, ...]] = []
        for order in orders:
            renamed = {
                cell: group.cells[order[m]][j] for m, own in enumerate(group.cells) for j, cell in enumerate(own)
            }
            again.extend(tuple(renamed.get(cell, cell) for cell in version) for version in versions)
        versions = list(dict.fromkeys(again))
    return versions
