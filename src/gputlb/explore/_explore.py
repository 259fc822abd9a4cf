"""One exploration from question to verdict."""

from __future__ import annotations

import importlib.util
import time
from typing import TYPE_CHECKING

from gputlb.explore import _plain
from gputlb.explore._errors import BadQuestion
from gputlb.explore._outliving import Outliving
from gputlb.explore._system import System
from gputlb.explore._verdict import Verdict
from gputlb.explore._witness import witness

if TYPE_CHECKING:
    from gputlb.explore._runtime import ExploredRuntime
    from gputlb.explore._search import Found, Limits


def explore(
    runtime: ExploredRuntime,
    limits: Limits,
    symmetry: bool,
    engine: str,
    workers: int,
    merge: bool,
    lock_order: bool,
) -> Verdict:
    """Answer `ExploredRuntime.explore`."""
    if not runtime.agents:
        raise BadQuestion("there is nothing to explore: the runtime has no agents; add some with agent()")
    if engine not in {"auto", "plain", "compiled"}:
        raise BadQuestion(f"engine {engine!r} is unknown; take auto, plain or compiled")
    if workers < 1:
        raise BadQuestion(f"{workers} workers cannot search; take 1 or more")
    if engine == "auto":
        engine = "compiled" if importlib.util.find_spec("numba") else "plain"
    began = time.perf_counter()
    outliving = Outliving(runtime)
    system = System(runtime, merge=merge, lock_order=lock_order, symmetry=symmetry)
    runtime.system = system
    try:
        found = _search(system, limits, engine, workers)
        outliving.check()
        runtime.last = verdict_of(system, found, engine, time.perf_counter() - began)
        return runtime.last
    finally:
        system.dismiss()


def _search(system: System, limits: Limits, engine: str, workers: int) -> Found:
    if engine == "plain":
        return _plain.search(system, limits)
    if importlib.util.find_spec("numba") is None:
        raise BadQuestion(
            "the compiled engine needs numba, which is not installed; pip install 'gputlb[check]', or explore with "
            "engine='plain'"
        )
    from gputlb.explore import _compiled  # noqa: PLC0415 (half a second, and not always there)

    return _compiled.search(system, limits)


def verdict_of(system: System, found: Found, engine: str, seconds: float) -> Verdict:
    """Return what a search's end means, told with its witness."""
    runtime = system.runtime
    notes = set().union(*(automaton.notes for automaton in system.automata))
    reached = dict.fromkeys(sorted(notes), True)
    for text, goal in runtime.goals.items():
        reached[text] = text in notes if goal is None else text in found.goals
    kind, text, error, waiting = _what(system, found, reached)
    written, moved, required = set[int](), list[str](), set[str]()
    for agent, (spec, automaton) in enumerate(zip(runtime.agents, system.automata, strict=True)):
        required |= automaton.requirements
        if any(edge is not None for node in automaton.nodes for edge in node.edges.values()):
            moved.append(spec.name)
        for node in automaton.nodes:
            if node.operation is not None and node.operation.writes and any(node.edges.values()):
                written.add(system.own_cell(agent, node.operation.cell))
    forever = {spec.name for spec in runtime.agents if spec.forever}
    return Verdict(
        kind=kind,  # type: ignore[arg-type]
        text=text,
        states=found.states,
        transitions=found.transitions,
        depth=found.depth,
        seconds=seconds,
        engine=engine,
        bytes_per_state=found.bytes_used / found.states,
        witness=witness(system, found) if kind in {"violated", "deadlock"} else None,
        error=error,
        waiting=waiting,
        reached=reached,
        never_moved=tuple(spec.name for spec in runtime.agents if spec.name not in moved),
        never_written=tuple(cell.name for cell in runtime.cells if cell.number not in written),
        never_required=tuple(text for text in runtime.declared_requirements if text not in required),
        waits_without_timeout={
            (agent, cell): place
            for (agent, cell), place in runtime.waits_without_timeout.items()
            if agent not in forever
        },
        local_states={
            spec.name: len(automaton.nodes) for spec, automaton in zip(runtime.agents, system.automata, strict=True)
        },
        learning_seconds=system.learning_seconds,
    )


def _what(system: System, found: Found, reached: dict[str, bool]) -> tuple[str, str, Exception | None, dict[str, str]]:
    if found.kind == "violated":
        assert found.failed is not None
        return "violated", str(found.failed.failure), found.failed.failure, {}
    if found.kind == "invariant":
        assert found.path is not None
        return "violated", f"{system.broken_invariant(found.path[-1])} does not always hold", None, {}
    if found.kind == "deadlock":
        assert found.path is not None
        waiting = system.waiting(found.path[-1])
        who = "; ".join(f"{agent} waits for {what}" for agent, what in waiting.items())
        return "deadlock", f"nobody can act any more: {who}", None, waiting
    if found.kind == "bounded":
        return "bounded", f"{found.limit}; nothing wrong in what was covered", None, {}
    unreached = [text for text in system.runtime.goals if not reached[text]]
    if unreached:
        listed = ", ".join(map(repr, unreached))
        return "vacuous", f"nothing wrong, but no order came to {listed}", None, {}
    return "safe", "every order was tried and nothing is wrong", None, {}
