"""Steps that may be taken before all others: what nobody else can notice, however long it is put off.

Where an agent is about to take such a step, only that step is explored; the orders in which others go first lead to
the same. In the field's terms the step alone is an ample set (Peled), a persistent set (Godefroid). A step is ample at
a value of its cell if

- it leads to no finding, chooses nothing, and no goal or invariant looks at what it changes;
- whatever somebody else may do to the cell meanwhile has to wait at that value, or leaves it as it is, as the step
  itself does then too. What cannot be under way meanwhile, because it is done under a lock that the agent holds, does
  not count;
- the ample steps of an agent never lead in a circle, so that they come to an end and everybody else's turn comes.

An atomic section is ample if all of it is. All this is judged by what was learned so far, at once for every step that
is learned, and again whenever somebody turns out to use the cell in another way: then `Refuted` is raised and the
search begins anew, knowing more. Nobody who could refute a step escapes it: the first one who could is met in the
reduced search too, since until then all that was put off or preferred made no difference.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from gputlb.explore._operations import Kind

if TYPE_CHECKING:
    from gputlb.explore._automaton import Node
    from gputlb.explore._system import System

_TURNS = 1_500
_TURNS_IN_VAIN = 50
"""After so many turns of each agent without anything new a walk is given up."""

_LONGEST_TURN = 17


class Refuted(Exception):
    """A step that was taken first is not ample: the search has to begin anew."""


class _Use(NamedTuple):
    """What some agent may do to a cell, and the locks that it holds then."""

    agent: int
    node: Node
    locks: frozenset[int]


class _Claim(NamedTuple):
    """A step that was found to be ample: its agent, its local state, and its cell's value before and after it."""

    use: _Use
    before: int
    after: int


class Ample:
    """Which of the steps learned so far are ample."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._watched = {
            cell for _, cells, _ in (*system.invariants, *system.goals) for cell in cells
        }  # what these tell must not be passed over
        self._relative = {cell for relation in system.runtime.relations for cell in relation.cells}
        self._uses: defaultdict[int, dict[int, dict[object, _Use]]] = defaultdict(dict)  # by cell and by agent
        self._claims: defaultdict[int, list[_Claim]] = defaultdict(list)
        self._before: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        self._leads: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        self._ample: set[tuple[int, int, int]] = set()
        self.closed = False
        self.may_be: list[set[int]] = []
        """For each agent the local states of which a step may be ample: at some value, or nothing is known of them."""
        self.changed: set[int] = set()
        """The agents of which `may_be` is another than when this was last emptied."""
        self._leader = [system.alike(agent)[0] for agent in range(system.agents)]
        leaders = sorted(set(self._leader))
        own: dict[int, set[int]] = {agent: set() for agent in leaders}
        self.may_be = [own[leader] for leader in self._leader]
        for agent in leaders:
            for node in system.automata[agent].nodes:
                self.meet(agent, node)
        for agent in leaders:
            for node in system.automata[agent].nodes:
                for value in node.edges:
                    self.judge(agent, node, value)

    def has(self, agent: int, number: int, value: int) -> bool:
        """Whether what an agent does in a local state at a value is ample."""
        return (self._leader[agent], number, value) in self._ample

    def meet(self, agent: int, node: Node) -> None:
        """Take note of a local state, new to the automaton of `agent`; raises `Refuted`."""
        if self.closed or node.operation is None or node.operation.cell < 0:
            return
        self.may_be[agent].add(node.number)
        self.changed.add(self._leader[agent])
        for other in self._system.alike(agent):
            use = self._use(other, node)
            cell = self._system.own_cell(other, node.operation.cell)
            known = self._uses[cell].setdefault(other, {})
            operation = node.operation
            argument = id(operation.argument) if callable(operation.argument) else operation.argument
            key = operation.kind, argument, operation.may_time_out, node.in_atomic, use.locks
            if key not in known:
                known[key] = use
                if any(self._interferes(use, claim, cell) for claim in self._claims[cell]):
                    raise Refuted

    def judge(self, agent: int, node: Node, value: int) -> None:
        """Find out whether the step just learned, from `node` at `value`, is ample."""
        if self.closed:
            return
        agent = self._leader[agent]
        if self._is_ample(agent, node, value):
            self._ample.add((agent, node.number, value))
        self._look_ahead(agent, node)

    def _is_ample(self, agent: int, node: Node, value: int) -> bool:
        system = self._system
        operation, edge = node.operation, node.edges[value]
        if edge is None or operation is None or operation.kind is Kind.CHOOSE:
            return False
        if system.automata[agent].nodes[edge.target].failure is not None:
            return False
        cell = system.own_cell(agent, operation.cell)
        if edge.value != value and cell in self._watched:
            return False
        claim = _Claim(self._use(agent, node), value, edge.value)
        for other, uses in self._uses[cell].items():
            if other != agent and any(self._interferes(use, claim, cell) for use in uses.values()):
                return False
        if self._leads_to(agent, edge.target, node.number):
            return False
        self._leads[agent, node.number].add(edge.target)
        self._before[agent, edge.target].add(node.number)
        self._claims[cell].append(claim)
        return True

    def _look_ahead(self, agent: int, node: Node) -> None:
        """See whether `node` still may be ample, and if not, which of those that lead to it within a section."""
        nodes, may_be = self._system.automata[agent].nodes, self.may_be[agent]
        waiting = [node.number]
        while waiting:
            number = waiting.pop()
            hopeful = not nodes[number].edges or any(
                not nodes[target].inner or target in may_be for target in self._leads.get((agent, number), ())
            )
            if hopeful is not (number in may_be):
                (may_be.add if hopeful else may_be.discard)(number)
                self.changed.add(agent)
                if nodes[number].inner:
                    waiting += self._before[agent, number]

    def close(self) -> None:
        """Leave everything as it is from now on: the search is over."""
        self.closed = True

    def _use(self, agent: int, node: Node) -> _Use:
        return _Use(agent, node, frozenset(self._system.own_cell(agent, lock.cell.number) for lock in node.held))

    def _interferes(self, use: _Use, claim: _Claim, cell: int) -> bool:
        """Whether what somebody may do to a cell could be noticed by, or notice, the step that is to go first."""
        if use.agent == claim.use.agent or use.locks & claim.use.locks:
            return False
        assert use.node.operation is not None
        assert claim.use.node.operation is not None
        if cell in self._relative:
            # There what is known of one value stands for all that differ by a shift.
            return not use.node.operation.kind is claim.use.node.operation.kind is Kind.LOAD
        try:
            outcome = use.node.operation.outcome(claim.before)
        except Exception:  # a function of the user's that was not made for this value
            return True
        if outcome is None:
            return use.node.in_atomic  # to have to wait there is a finding
        return not outcome.value == claim.before == claim.after

    def _leads_to(self, agent: int, start: int, goal: int) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            number = waiting.pop()
            if number == goal:
                return True
            further = self._leads.get((agent, number), set()) - seen
            seen |= further
            waiting += further
        return False


def walk_around(system: System) -> None:
    """Learn most of the agents' ways from one long walk in which they take turns of many lengths.

    It saves searches that would begin anew; nothing is judged by it.
    """
    state = start = system.canonical(system.initial)
    moved = learned_at = learned = 0
    for turn in range(_TURNS):
        agent = turn % system.agents
        if learned != len(system.learned):
            learned, learned_at = len(system.learned), turn
        elif turn - learned_at > _TURNS_IN_VAIN * system.agents:
            return
        if turn - moved > system.agents:
            state, moved = start, turn
        for _ in range(1 + turn // system.agents % _LONGEST_TURN):
            moves = [move for move in system.steps_of(agent, state) if move.failed is None]
            if not moves:
                break
            state, moved = system.canonical(moves[turn % len(moves)].after), turn
