"""From a path of states to a story, and from a story back to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.explore._automaton import tabulate, waits_in_atomic
from gputlb.explore._errors import BadQuestion, NondeterministicAgent, NotSymmetric
from gputlb.explore._run import Run
from gputlb.explore._verdict import Step, Witness
from gputlb.runtime import AgentError

if TYPE_CHECKING:
    from gputlb.explore._automaton import Edge
    from gputlb.explore._runtime import ExploredRuntime
    from gputlb.explore._search import Found
    from gputlb.explore._system import Move, State, System

Turn = tuple[int, tuple[int, ...]]
"""Who acts, and the ways in which its choices go."""


def witness(system: System, found: Found, *, shortest: bool) -> Witness:
    """Return the steps along the path that a search found, each with what it read and wrote."""
    turns = _turns(system, found)
    if system.ample is not None:
        system.ample = None  # from here on steps are taken as they come
        turns = _trimmed(system, found, turns)
    real = system.initial
    steps: list[Step] = []
    schedule: list[tuple[str, tuple[int | bool | None, ...]]] = []
    for agent, slots in turns:
        real, answers = _take(system, real, agent, slots, len(schedule) + 1, steps)
        schedule.append((system.runtime.agents[agent].name, answers))
    return Witness(tuple(steps), tuple(schedule), shortest)


def _turns(system: System, found: Found) -> list[Turn]:
    """Return who acts along the path that a search found, by their own names."""
    assert found.path is not None
    turns: list[Turn] = []
    state = system.initial
    who = list(range(system.agents))

    def take(moves: list[Move]) -> None:
        nonlocal state, who
        for move in moves:
            turns.append((who[move.agent], move.slots))
            state = move.after
        state, names = system.folded(state)
        who = [who[name] for name in names]

    take(_settling(system, state, found.path[0]) or [])
    for wanted in found.path[1:]:
        for move in system.steps(state):
            if move.failed is not None:
                continue
            further = _settling(system, move.after, wanted)
            if further is not None:
                take([move, *further])
                break
        else:
            raise AssertionError(f"no step leads from {state} to {wanted}")
    if found.agent >= 0:
        turns.append((who[found.agent], found.slots))
    return turns


def _settling(system: System, start: State, wanted: State) -> list[Move] | None:
    """Return steps that nobody else can notice, from `start` to what `wanted` stands for; None if there are none."""
    came: dict[State, Move | None] = {start: None}
    before: dict[State, State] = {}
    waiting = [start]
    for state in waiting:
        if system.canonical(state) == wanted:
            moves: list[Move] = []
            while (move := came[state]) is not None:
                moves.append(move)
                state = before[state]  # noqa: PLW2901 (the way back, and the loop is left)
            return moves[::-1]
        for move in system.ample_steps(state):
            if move.after not in came:
                came[move.after], before[move.after] = move, state
                waiting.append(move.after)
    return None


def _trimmed(system: System, found: Found, turns: list[Turn]) -> list[Turn]:
    """Return the turns without those that what was found can do without, tried one by one from the end."""
    last = len(turns) - (found.agent >= 0)
    for i in range(last - 1, -1, -1):
        fewer = turns[:i] + turns[i + 1 :]
        if _ends_alike(system, found, fewer):
            turns = fewer
    return turns


def _ends_alike(system: System, found: Found, turns: list[Turn]) -> bool:
    state = system.initial
    failed = None
    for agent, slots in turns:
        for way in slots:
            done = _operated(system, state, agent, way)
            if done is None:
                return False
            state, _ = done
        target = system.node(state, agent)
        failed = target if target.failure is not None else None
        if target.inner and failed is None:
            return False
    match found.kind:
        case "violated":
            return failed is found.failed
        case "invariant":
            return system.broken_invariant(state) is not None
    return system.stuck(state) and not any(system.steps(state))


def _operated(system: System, state: State, agent: int, way: int) -> tuple[State, Edge] | None:
    """Return the state after an agent's next operation; None where it waits, has ended or has not so many ways."""
    node = system.node(state, agent)
    if node.operation is None or (node.operation.cell < 0 and way >= node.operation.ways):
        return None
    cell = system.cell_of(agent, node)
    edge = system.edge(agent, node.number, way if cell < 0 else state[cell])
    if edge is None:
        return None
    after = list(state)
    after[agent] = edge.target
    if cell >= 0:
        after[cell] = edge.value
    return tuple(after), edge


def _take(
    system: System, state: State, agent: int, slots: tuple[int, ...], transition: int, steps: list[Step]
) -> tuple[State, tuple[int | bool | None, ...]]:
    """Take a step as it was taken in a folded state: the same agent and ways, on the values that are really there."""
    answers: list[int | bool | None] = []
    for way in slots:
        node = system.node(state, agent)
        operation = node.operation
        assert operation is not None
        done = _operated(system, state, agent, way)
        if done is None:
            raise NotSymmetric(
                f"{operation.place}: agent {system.runtime.agents[agent].name!r} waits where it was found to go on "
                "with everything shifted; leave relative() out, or give it a wider window"
            )
        cell = system.cell_of(agent, node)
        after, edge = done
        steps.append(
            Step(
                transition,
                system.runtime.agents[agent].name,
                operation.words(),
                None if cell < 0 else system.runtime.cells[cell - system.agents].name,
                None if cell < 0 else state[cell],
                None if cell < 0 else edge.value,
                edge.answer,
                str(operation.place),
            )
        )
        answers.append(edge.answer)
        state = after
    return state, tuple(answers)


def replay(runtime: ExploredRuntime, story: Witness) -> Exception | None:
    """Run a witness again with the agents' own coroutines on real values, publishing the events on the way.

    Returns the violation or broken rule that it ends with; None if it ends without one (a deadlock, an invariant).
    Raises `NondeterministicAgent` if an agent does something else than it did in the search.
    """
    specs = {spec.name: spec for spec in runtime.agents}
    values = [cell.initial for cell in runtime.cells]
    runtime.replaying = True
    runs: dict[str, Run] = {}
    steps = iter(story.steps)
    try:
        for spec in runtime.agents:
            runs[spec.name] = run = Run(runtime, spec)
            if run.failure is not None:
                return run.failure
        for name, answers in story.schedule:
            if name not in specs:
                raise BadQuestion(f"the witness has an agent {name!r}, and the runtime has none of that name")
            for answer in answers:
                run, told = runs[name], next(steps)
                operation = run.operation
                words = None if operation is None else operation.words()
                if operation is None or words != told.operation or str(operation.place) != told.place:
                    raise NondeterministicAgent(
                        name, told.place, f"does not repeat its witness: instead of {told.operation} came {words}"
                    )
                now = values[operation.cell] if operation.cell >= 0 else int(answer or 0)
                outcome = tabulate(runtime, name, operation, now)
                if isinstance(outcome, AgentError):
                    return outcome
                if outcome is None:
                    return waits_in_atomic(runtime, name, operation)
                if outcome.answer != answer:
                    raise NondeterministicAgent(
                        name, told.place, f"is answered {outcome.answer} instead of {answer} by its witness"
                    )
                if operation.cell >= 0:
                    values[operation.cell] = outcome.value
                run.step(answer)
                if run.failure is not None:
                    return run.failure
                if run.ended and run.spec.forever:
                    runs[name] = Run(runtime, run.spec)
        return None
    finally:
        runtime.replaying = False
        for run in runs.values():
            run.dismiss()
