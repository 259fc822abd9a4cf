"""From a path of states to a story, and from a story back to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.explore._automaton import Run, tabulate, waits_in_atomic
from gputlb.explore._errors import BadQuestion, NondeterministicAgent, NotSymmetric
from gputlb.explore._verdict import Step, Witness
from gputlb.runtime import AgentError

if TYPE_CHECKING:
    from gputlb.explore._runtime import ExploredRuntime
    from gputlb.explore._search import Found
    from gputlb.explore._system import State, System


def witness(system: System, found: Found) -> Witness:
    """Return the steps along the path that a search found, each with what it read and wrote."""
    assert found.path is not None
    real = system.initial
    folded, who = system.folded(real)
    steps: list[Step] = []
    schedule: list[tuple[str, tuple[int | bool | None, ...]]] = []

    def take(agent: int, slots: tuple[int, ...]) -> None:
        nonlocal real
        real, answers = _take(system, real, agent, slots, len(schedule) + 1, steps)
        schedule.append((system.runtime.agents[agent].name, answers))

    for wanted in found.path[1:]:
        for move in system.steps(folded):
            if move.failed is not None:
                continue
            after, names = system.folded(move.after)
            if after == wanted:
                take(who[move.agent], move.slots)
                folded, who = after, [who[name] for name in names]
                break
        else:
            raise AssertionError(f"no step leads from {folded} to {wanted}")
    if found.agent >= 0:
        take(who[found.agent], found.slots)
    return Witness(tuple(steps), tuple(schedule))


def _take(
    system: System, state: State, agent: int, slots: tuple[int, ...], transition: int, steps: list[Step]
) -> tuple[State, tuple[int | bool | None, ...]]:
    """Take a step as it was taken in a folded state: the same agent and ways, on the values that are really there."""
    answers: list[int | bool | None] = []
    for way in slots:
        node = system.node(state, agent)
        operation = node.operation
        assert operation is not None
        cell = system.cell_of(agent, node)
        edge = system.edge(agent, node.number, way if cell < 0 else state[cell])
        if edge is None:
            raise NotSymmetric(
                f"{operation.place}: agent {system.runtime.agents[agent].name!r} waits where it was found to go on "
                "with everything shifted; leave relative() out, or give it a wider window"
            )
        after = list(state)
        after[agent] = edge.target
        if cell >= 0:
            after[cell] = edge.value
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
        state = tuple(after)
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
