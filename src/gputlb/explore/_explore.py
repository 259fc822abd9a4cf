"""One exploration from question to verdict."""

from __future__ import annotations

import importlib.util
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb.explore import _plain
from gputlb.explore._ample import Refuted, walk_around
from gputlb.explore._errors import BadQuestion, NondeterministicAgent, NotSymmetric, OutOfTime
from gputlb.explore._outliving import Outliving
from gputlb.explore._system import System
from gputlb.explore._verdict import Verdict
from gputlb.explore._witness import witness

if TYPE_CHECKING:
    from gputlb.explore._runtime import ExploredRuntime
    from gputlb.explore._search import Found, Limits

_FEW_STATES = 5_000
"""What the plain engine does while the compiled one would still be loading."""

_FEW_WITH_ALL_STEPS = 250
"""So few states are met one by one sooner than it is found out which steps are needed."""

_FEW_TO_COUNT_ANEW = 100_000

_SHORTEST_AMONG = {"plain": 50_000, "compiled": 2_000_000}
"""Among so many states a shortest way is looked for where some way to something wrong is known."""


def explore(
    runtime: ExploredRuntime,
    limits: Limits,
    symmetry: bool,
    engine: str,
    workers: int,
    merge: bool,
    lock_order: bool,
    partial_order: bool,
) -> Verdict:
    """Answer `ExploredRuntime.explore`."""
    if not runtime.agents:
        raise BadQuestion("there is nothing to explore: the runtime has no agents; add some with agent()")
    if engine not in {"auto", "plain", "compiled"}:
        raise BadQuestion(f"engine {engine!r} is unknown; take auto, plain or compiled")
    if workers < 1:
        raise BadQuestion(f"{workers} workers cannot search; take 1 or more")
    if limits.max_memory_bytes is None:
        limits = replace(limits, max_memory_bytes=_half_of_free_memory())
    began = time.perf_counter()
    outliving = Outliving(runtime)
    try:
        system = runtime.system = System(runtime, merge=merge, lock_order=lock_order, symmetry=symmetry)
        system.learn_for(limits.timeout_s)
        found, engine = _search(system, limits, engine, workers, partial_order)
        system.learn_for(None)
        if found.kind != "all" and found.path:
            system.see_ways_repeated(found.path[-1])
        system.cross_check()
        outliving.check()
        runtime.last = verdict_of(system, found, engine, time.perf_counter() - began)
        return runtime.last
    except (NondeterministicAgent, NotSymmetric) as error:
        if isinstance(error, NotSymmetric) or error.stack:
            outliving.check()  # what has changed is worth more than what came of it
        if isinstance(error, NotSymmetric) and runtime.system is not None:
            runtime.system.see_repeated()
        raise
    finally:
        runtime.dismiss()
        if runtime.system is not None:
            runtime.system.dismiss()


def _half_of_free_memory() -> int | None:
    """Return half of the bytes that the machine can give without swapping; None where it does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    free_kib = next((int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)
    return None if free_kib is None else free_kib * 512


def _search(system: System, limits: Limits, engine: str, workers: int, partial_order: bool) -> tuple[Found, str]:
    numba = importlib.util.find_spec("numba") is not None
    if engine == "compiled" and not numba:
        raise BadQuestion(
            "the compiled engine needs numba, which is not installed; pip install 'gputlb[check]', or explore with "
            "engine='plain'"
        )
    if engine == "auto" and not numba:
        engine = "plain"
    if not partial_order:
        return _tried(system, limits, engine, workers)
    if engine == "auto":
        found = _first_few(system, limits, _FEW_WITH_ALL_STEPS)
        if found is not None:
            return found, "plain"
    return _reduced(system, limits, engine, workers)


def _tried(system: System, limits: Limits, engine: str, workers: int) -> tuple[Found, str]:
    """Search with an engine; if any will do, with the one that is done first."""
    if engine == "plain":
        return _plain.search(system, limits), "plain"
    if engine == "auto":
        found = _first_few(system, limits, _FEW_STATES)
        if found is not None:
            return found, "plain"
    from gputlb.explore import _compiled, _parallel  # noqa: PLC0415 (half a second, and not always there)

    if workers > 1:
        return _parallel.search(system, limits, workers), "compiled"
    return _compiled.search(system, limits), "compiled"


def _first_few(system: System, limits: Limits, most: int) -> Found | None:
    """Search as far as few states go; return how it ended, if that was the end."""
    few = most if limits.max_states is None else min(most, limits.max_states)
    found = _plain.search(system, replace(limits, max_states=few))
    is_end = found.kind != "bounded" or found.interrupted or few == limits.max_states or found.states < few
    return found if is_end else None


def _reduced(system: System, limits: Limits, engine: str, workers: int) -> tuple[Found, str]:
    """Search with only the steps that are needed; for what is found, look for a shorter way with all of them."""
    with suppress(OutOfTime):  # which the search is going to tell
        walk_around(system)
    while True:
        system.reduce()
        try:
            found, used = _tried(system, limits, engine, workers)
        except Refuted:
            continue
        # Where it costs little, what was found out on the way is used from the start, so that the number of states
        # does not hang on when that was.
        if found.kind != "all" or found.states > _FEW_TO_COUNT_ANEW or not found.unsettled:
            break
    assert system.ample is not None
    system.ample.close()
    found.reduced = True
    if found.kind not in {"violated", "invariant", "deadlock"}:
        return found, used
    most = _SHORTEST_AMONG["plain" if engine == "plain" else "compiled"]
    few = most if limits.max_states is None else min(most, limits.max_states)
    reduction, system.ample = system.ample, None
    whole, whole_used = _tried(system, replace(limits, max_states=few), engine, workers)
    assert whole.kind != "all", "all steps together miss what few of them led to"
    if whole.kind != "bounded":
        return whole, whole_used
    system.ample = reduction
    return found, used


def verdict_of(system: System, found: Found, engine: str, seconds: float) -> Verdict:
    """Return what a search's end means, told with its witness."""
    runtime = system.runtime
    notes = set().union(*(automaton.notes for automaton in system.automata))
    reached = dict.fromkeys(sorted(notes), True)
    for text, goal in runtime.goals.items():
        reached[text] = text in notes if goal is None else text in found.goals
    kind, text, error, waiting = _what(system, found, reached)
    shortest = not (found.reduced or engine == "walk")
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
        reduced=found.reduced,
        interrupted=found.interrupted,
        bytes_per_state=found.bytes_used / found.states,
        witness=witness(system, found, shortest=shortest) if kind in {"violated", "deadlock"} else None,
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
        limit = "it was interrupted" if found.interrupted else found.limit
        return "bounded", f"{limit}; nothing wrong in what was covered", None, {}
    unreached = [text for text in system.runtime.goals if not reached[text]]
    if unreached:
        listed = ", ".join(map(repr, unreached))
        return "vacuous", f"nothing wrong, but no order came to {listed}", None, {}
    return "safe", "every order was tried and nothing is wrong", None, {}
