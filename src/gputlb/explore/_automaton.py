"""An agent as a finite automaton, learned by running its coroutine alone with every answer that it can get."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from gputlb.explore._errors import NondeterministicAgent, NotSymmetric
from gputlb.explore._fingerprint import Differs, fingerprint
from gputlb.explore._operations import Kind, Operation, Outcome
from gputlb.explore._run import Run
from gputlb.runtime import (
    AgentError,
    AgentFailed,
    CellOverflow,
    SleepInAtomic,
    Violation,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gputlb.explore._lock_order import LockOrder
    from gputlb.explore._runtime import AgentSpec, ExploredLock, ExploredRuntime


_MEETINGS = 500
_TIMES_AGAIN = 16
_WAYS_AGAIN = 64
_STEPS_TOGETHER = 4


class Edge(NamedTuple):
    """One transition of an agent: what it leaves in the cell, what it was answered, and where it comes to."""

    value: int
    answer: int | bool | None
    target: int


class Node:
    """A local state of an agent: what it does next, and what it holds.

    `operation` is None where the agent has ended (`failure` None) or broken a rule (`failure` says which). `inner`
    marks a state inside an atomic section that has begun: nobody else acts there.
    """

    __slots__ = (
        "answer",
        "edges",
        "failure",
        "held",
        "in_atomic",
        "inner",
        "number",
        "operation",
        "parent",
        "parked",
        "slot",
    )

    def __init__(
        self,
        number: int,
        operation: Operation | None,
        failure: AgentError | Violation | None,
        run: Run | None,
        parent: int,
        answer: int | bool | None,
        slot: int = 0,
    ) -> None:
        self.slot = slot  # the value of the parent's cell (the way of its choice) that led here
        self.number = number
        self.operation = operation
        self.failure = failure
        self.held: tuple[ExploredLock, ...] = run.actor.held if run else ()
        self.in_atomic = bool(run and run.actor.atomic)
        self.inner = bool(run and run.actor.atomic and run.actor.section_steps > 1)
        self.parent = parent
        self.answer = answer
        self.edges: dict[int, Edge | None] = {}
        self.parked: tuple[Run, ...] | None = None


class Follower(NamedTuple):
    """An agent that was declared to be as another one, with cells of its own in place of the other's."""

    spec: AgentSpec
    cells: dict[int, int]


def tabulate(runtime: ExploredRuntime, agent: str, operation: Operation, value: int) -> Outcome | AgentError | None:
    """Return what an operation does at `value`, what rule that breaks, or None if the agent has to wait."""
    try:
        outcome = operation.outcome(value)
        again = operation.outcome(value)
    except Exception as error:
        raise AgentFailed(
            agent, str(operation.place), f"raised {error!r} in the function that it gave to {operation.words()}"
        ) from error
    if outcome != again:
        raise NondeterministicAgent(
            agent,
            str(operation.place),
            f"gave {operation.words()} a function that is not pure: at {value} it gave {outcome} and then {again}; "
            "compute from the value alone",
        )
    if outcome is not None and operation.kind is Kind.UPDATE:
        cell = runtime.cells[operation.cell]
        if outcome.value >> cell.bits:
            return CellOverflow(
                agent,
                str(operation.place),
                f"stored {outcome.value:#x} in cell {cell.name!r} of {cell.bits} bits",
            )
    return outcome


def waits_in_atomic(runtime: ExploredRuntime, agent: str, operation: Operation) -> SleepInAtomic:
    """Return the broken rule of an agent that has to wait inside an atomic section."""
    cell = runtime.cells[operation.cell]
    return SleepInAtomic(agent, str(operation.place), f"waited for {cell.name!r} inside runtime.atomic()")


class Automaton:
    """The local states of one agent, learned as the search comes to them.

    A local state is what the agent can still tell of the answers that it got. `merge=False` keeps the answers
    themselves instead: more states, nothing looked at inside the coroutine.
    """

    def __init__(
        self,
        runtime: ExploredRuntime,
        spec: AgentSpec,
        *,
        merge: bool = True,
        lock_order: LockOrder | None = None,
        followers: tuple[Follower, ...] = (),
        forbidden: frozenset[int] = frozenset(),
        alike: Mapping[int, tuple[int, ...]] | None = None,
    ) -> None:
        self.runtime = runtime
        self.lock_order = lock_order
        self.spec = spec
        self.merge = merge
        self.nodes: list[Node] = []
        self.notes: set[str] = set()
        self.requirements: set[str] = set()
        self.replays = 0
        self._numbers: dict[object, int] = {}
        self._meetings: dict[int, tuple[int, int | bool | None]] = {}
        self.followers = followers
        self.forbidden = forbidden
        self.alike = alike or {}
        self._place(self._begin(), -1, None)

    def _begin(self) -> tuple[Run, ...]:
        """Return two runs of the agent, and one of each that was declared to be like it."""
        specs = (self.spec, self.spec, *(follower.spec for follower in self.followers))
        return tuple(Run(self.runtime, spec) for spec in specs)

    def edge(self, number: int, value: int) -> Edge | None:
        """Return what the agent does at `value` of its operation's cell (at way `value` of a choice); None: it waits.

        Raises `NondeterministicAgent` if it does not repeat itself.
        """
        node = self.nodes[number]
        try:
            return node.edges[value]
        except KeyError:
            return self._learn(node, value)

    def _learn(self, node: Node, value: int) -> Edge | None:
        operation = node.operation
        assert operation is not None
        outcome = tabulate(self.runtime, self.spec.name, operation, value)
        if isinstance(outcome, AgentError):
            edge: Edge | None = Edge(value, None, self._fail(node, outcome))
        elif outcome is None:
            edge = None
            if node.in_atomic:
                failure = waits_in_atomic(self.runtime, self.spec.name, operation)
                edge = Edge(value, None, self._fail(node, failure))
        else:
            runs = self._at(node)
            try:
                edge = self._go_on(node, value, operation, outcome, runs)
            except BaseException:
                for run in runs:
                    run.dismiss()
                raise
        node.edges[value] = edge
        return edge

    def _go_on(self, node: Node, value: int, operation: Operation, outcome: Outcome, runs: tuple[Run, ...]) -> Edge:
        for follower, other in zip(self.followers, runs[2:], strict=True):
            its = other.operation
            if its is None or tabulate(self.runtime, follower.spec.name, its, value) != outcome:
                self._see_repeated(node.parent, node.answer)
                raise NotSymmetric(
                    f"{operation.place}: agent {follower.spec.name!r} gives {operation.words()} another function "
                    f"than agent {self.spec.name!r}: they differ at {value}; leave them out of symmetric()"
                )
        for run in runs:
            run.step(outcome.answer)
        return Edge(outcome.value, outcome.answer, self._place(runs, node.number, outcome.answer, value))

    def _fail(self, node: Node, failure: AgentError) -> int:
        self.nodes.append(Node(len(self.nodes), None, failure, None, node.number, None))
        return len(self.nodes) - 1

    def answers(self, number: int) -> list[int | bool | None]:
        """Return the answers by which the local state was first reached, from the start of the round."""
        answers: list[int | bool | None] = []
        node = self.nodes[number]
        while node.parent >= 0:
            answers.append(node.answer)
            node = self.nodes[node.parent]
        answers.reverse()
        return answers

    def _at(self, node: Node) -> tuple[Run, ...]:
        """Return two runs that stand at `node`."""
        if node.parked is not None:
            runs, node.parked = node.parked, None
            return runs
        self.replays += 1
        path = [node]
        while path[-1].parent >= 0:
            path.append(self.nodes[path[-1].parent])
        path.reverse()
        runs = self._begin()
        for at, then in pairwise(path):
            for run in runs[:2]:
                self._check(run, at)
            for run in runs:
                run.step(then.answer)
        for run in runs[:2]:
            self._check(run, node)
        return runs

    def _check(self, run: Run, node: Node) -> None:
        self._check_like(run, node.operation)

    def _check_like(self, run: Run, expected: Operation | None) -> None:
        got = run.operation
        if expected is None and got is None:
            return
        if expected is None or got is None or not expected.like(got):
            was = "ended" if expected is None else f"came to {expected.words()} at {expected.place}"
            now = "ended" if got is None else f"came to {got.words()}"
            place = str(got.place if got is not None else expected.place if expected is not None else run.where())
            raise NondeterministicAgent(
                self.spec.name,
                place,
                f"did not repeat itself: with the same answers it {was} and then {now}; keep what outlives a round "
                "in cells, and let runtime.choose(n) pick",
                run.stack(),
            )

    def _place(self, runs: tuple[Run, ...], parent: int, answer: int | bool | None, slot: int = 0) -> int:
        """Return the number of the local state in which two runs stand, new or met before."""
        run, twin, *others = runs
        self._alike_ends(run, twin)
        try:
            for follower, other in zip(self.followers, others, strict=True):
                self._follows(run, follower, other)
        except NotSymmetric:
            self._see_repeated(parent, answer)
            raise
        stored = run.actor.even_handed
        for each in runs:
            each.actor.even_handed = {}
        self._check_even_handed(run, stored)
        if run.operation is not None and run.operation.cell in self.forbidden and not self._in_section(run):
            cell = self.runtime.cells[run.operation.cell]
            raise NotSymmetric(
                f"{run.operation.place}: agent {self.spec.name!r} uses cell {cell.name!r}, which was declared to be "
                "one member's own; declare only agents alike that nobody else tells apart"
            )
        self.notes.update(run.actor.notes)
        self.requirements |= run.actor.requirements
        if run.operation is None:
            return self._stop(run, parent, answer, slot)
        marks = self._marks(run, twin)
        actor = run.actor
        began = actor.atomic > 0 and actor.section_steps > 1
        so_far = tuple(sorted(actor.section_stores.items())) if self.forbidden else ()
        key = (marks, actor.held, actor.atomic, began, so_far) if self.merge else (parent, answer)
        number = self._numbers.get(key)
        if number is not None:
            for each in runs:
                each.dismiss()
            if len(self._meetings) < _MEETINGS:
                self._meetings.setdefault(number, (parent, answer))
            return number
        number = len(self.nodes)
        node = Node(number, run.operation, None, run, parent, answer, slot)
        if self.lock_order is not None and run.operation.kind is Kind.ACQUIRE:
            node.failure = self.lock_order.asks(actor, self.runtime.locks[run.operation.cell], run.operation.place)
        node.parked = runs
        self._numbers[key] = number
        self.nodes.append(node)
        return number

    def _alike_ends(self, run: Run, twin: Run) -> None:
        """Check that of two runs with the same answers both go on, or both stop in the same way."""
        if (run.operation is None) is not (twin.operation is None) or str(run.failure) != str(twin.failure):
            other = twin if run.operation is None else run
            place = str(other.operation.place) if other.operation is not None else run.where()
            raise NondeterministicAgent(
                self.spec.name,
                place,
                "did not repeat itself: with the same answers it went on once and stopped once; keep what outlives a "
                "round in cells",
                other.stack(),
            )

    def _marks(self, run: Run, twin: Run) -> tuple[object, ...]:
        """Return what tells the local state of two runs, which had the same answers, from others."""
        try:
            return fingerprint((run.coroutine, run.operation), (twin.coroutine, twin.operation))
        except Differs as difference:
            assert run.operation is not None
            raise NondeterministicAgent(
                self.spec.name,
                str(run.operation.place),
                f"did not repeat itself: with the same answers it came here with {difference}; keep what outlives a "
                "round in cells, and let runtime.choose(n) pick",
                run.stack(),
            ) from None

    def see_repeated(self) -> None:
        """Run many of the ways that were learned again; raises `NondeterministicAgent` where one is not repeated."""
        parents = {node.parent for node in self.nodes}
        for node in [node for node in self.nodes if node.number not in parents][:_WAYS_AGAIN]:
            self.see_way_repeated(node.number)

    def see_way_repeated(self, number: int) -> None:
        """Run the way to one local state again; raises `NondeterministicAgent` where it is not repeated."""
        node = self.nodes[number]
        if node.failure is None:
            self._see_repeated(node.parent, node.answer)

    def _see_repeated(self, parent: int, answer: int | bool | None) -> None:
        """Run one way again and again, with everybody who is said to be alike.

        Who chooses by chance, or by a clock, seems to do something else than others do; it is worth more to know
        that it does something else than it did itself. Raises `NondeterministicAgent`.
        """
        answers = [] if parent < 0 else [*self.answers(parent), answer]
        for spec in (self.spec, *(follower.spec for follower in self.followers)):
            first: list[Run] = []
            operations: list[Operation | None] = []
            for _ in range(_TIMES_AGAIN):
                run = Run(self.runtime, spec)
                for i, each in enumerate(answers):
                    if len(operations) == i:
                        operations.append(run.operation)
                    self._check_like(run, operations[i])
                    if run.operation is None:
                        break
                    run.step(each)
                first = first or [run]
                self._alike_ends(first[0], run)
                if run.operation is not None:
                    self._marks(first[0], run)

    @staticmethod
    def _in_section(run: Run) -> bool:
        """Whether what comes is part of an atomic section, of which the whole is looked at in the end."""
        assert run.operation is not None
        return run.operation.kind in {Kind.LOAD, Kind.STORE, Kind.UPDATE} and run.actor.atomic > 0

    def _check_even_handed(self, run: Run, stored: dict[int, int]) -> None:
        """Check that an ended atomic section stored the same to every member, where it stored to what is theirs."""
        for cell in stored.keys() & self.forbidden:
            for alike in self.alike.get(cell, ()):
                if stored.get(alike) != stored[cell]:
                    names = self.runtime.cells
                    raise NotSymmetric(
                        f"{run.where()}: agent {self.spec.name!r} stored {stored[cell]:#x} to {names[cell].name!r} "
                        f"and not to {names[alike].name!r} in one atomic section; declare only agents alike that "
                        "nobody tells apart"
                    )

    def _follows(self, run: Run, follower: Follower, other: Run) -> None:
        """Check that a follower does what the first of its kind does, with its own cells."""
        mine, its = run.operation, other.operation
        if mine is None or its is None:
            alike = mine is its and type(run.failure) is type(other.failure)
        else:
            alike = (
                mine.kind is its.kind
                and mine.place == its.place
                and mine.may_time_out == its.may_time_out
                and follower.cells.get(mine.cell, mine.cell) == its.cell
                and (callable(mine.argument) or mine.argument == its.argument)
            )
        if not alike:
            where = its.place if its is not None else mine.place if mine is not None else run.where()
            raise NotSymmetric(
                f"{where}: agent {follower.spec.name!r} does not do what agent {self.spec.name!r} does: "
                f"{self._told(its)} instead of {self._told(mine)}; leave them out of symmetric()"
            )

    def _told(self, operation: Operation | None) -> str:
        if operation is None:
            return "it ends"
        cell = f" {self.runtime.cells[operation.cell].name}" if operation.cell >= 0 else ""
        return f"{operation.words()}{cell}"

    def _stop(self, run: Run, parent: int, answer: int | bool | None, slot: int) -> int:
        if run.failure is None and self.spec.forever and self.nodes:
            return 0
        key = "ended" if run.failure is None else object()
        number = self._numbers.get(key)
        if number is None:
            number = len(self.nodes)
            self._numbers[key] = number
            self.nodes.append(Node(number, None, run.failure, None, parent, answer, slot))
        return number

    def cross_check(self) -> None:
        """Run histories that met another one in its local state, and see that they go on as that one did."""
        for number, (parent, answer) in self._meetings.items():
            run = Run(self.runtime, self.spec)
            for each in (*self.answers(parent), answer):
                run.step(each)
            node = self.nodes[number]
            for _ in range(_STEPS_TOGETHER):
                self._check(run, node)
                edge = next((edge for edge in node.edges.values() if edge is not None), None)
                if edge is None or self.nodes[edge.target].operation is None or edge.target == 0:
                    break
                run.step(edge.answer)
                node = self.nodes[edge.target]
            run.dismiss()

    def leave(self) -> None:
        """Forget the runs that stand somewhere, which have been dismissed: whoever learns more begins anew."""
        for node in self.nodes:
            node.parked = None
