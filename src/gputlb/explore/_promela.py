"""What was explored, as Promela: a process for each agent, a label for each local state, a byte for each cell.

Every step of ours is one step of SPIN's, and nothing else is in SPIN's state: without reductions it stores the same
number of states.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from gputlb.explore._errors import BadQuestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gputlb.explore._runtime import ExploredRuntime
    from gputlb.explore._system import System


class _Chain(NamedTuple):
    """One indivisible step: what it needs of the cells, what it leaves in them, and where it leads."""

    needs: dict[int, int]
    leaves: dict[int, int]
    target: int


def export_promela(runtime: ExploredRuntime) -> str:
    """Return the explored system as Promela, to be judged by SPIN on its own.

    `spin -a -o3 FILE && gcc -O2 -DSAFETY -DNOREDUCE pan.c -o pan && ./pan` finds an error exactly where the
    exploration did, and stores exactly as many states as an exploration with `symmetry=False` that found none. The
    runtime is explored first if it has not been. Raises `BadQuestion` for invariants over cells, and for a runtime
    whose exploration was cut short.
    """
    if runtime.invariants:
        raise BadQuestion(
            f"{runtime.invariants[0][0]!r} is an invariant over cells, which the Promela export does not know; state "
            "it with require() in an agent"
        )
    if runtime.system is None:
        runtime.explore()
    if runtime.last is not None and runtime.last.kind == "bounded":
        raise BadQuestion(f"the exploration is not complete, for {runtime.last.text}; explore without limits first")
    assert runtime.system is not None
    if runtime.system.shifts:
        raise BadQuestion("what relative() shifts has no words in Promela; explore with symmetry=False first")
    return "\n".join(_lines(runtime.system)) + "\n"


def _lines(system: System) -> Iterator[str]:
    runtime = system.runtime
    words = [_word("c", number, cell.name) for number, cell in enumerate(runtime.cells)]
    coded = [_Code(system.values[number]) for number in range(len(words))]
    yield "/* Agents as they were learned, cells as they were met; one label for each local state. */"
    for word, code, cell in zip(words, coded, runtime.cells, strict=True):
        remark = "" if code.plain else f"  /* values: {', '.join(map(str, code.values))} */"
        yield f"{code.type} {word} = {code.of(cell.initial)};{remark}"
    for agent, spec in enumerate(runtime.agents):
        yield ""
        yield f"active proctype {_word('a', agent, spec.name)}()"
        yield "{"
        nodes = system.automata[agent].nodes
        resting = [node for node in nodes if not node.inner and node.failure is None]
        for node in resting:
            label = f"{'end_' if node.operation is None or spec.forever else ''}n{node.number}"
            chains = [] if node.operation is None else list(_chains(system, agent, node.number, {}, {}))
            if not chains:
                yield f"{label}: false;"
                continue
            yield f"{label}: if"
            for chain in chains:
                needs = " && ".join(f"{words[cell]} == {coded[cell].of(value)}" for cell, value in chain.needs.items())
                leaves = [
                    f"{words[cell]} = {coded[cell].of(value)}"
                    for cell, value in chain.leaves.items()
                    if chain.needs.get(cell) != value
                ]
                step = "; ".join([needs or "true", *leaves])
                if leaves:
                    step = f"d_step {{ {step} }}"
                target = nodes[chain.target]
                if target.failure is not None:
                    yield f"  :: {step} -> assert(false)"
                else:
                    to = f"{'end_' if target.operation is None or spec.forever else ''}n{target.number}"
                    yield f"  :: {step} -> goto {to}"
            yield "  fi;"
        yield "}"


def _chains(system: System, agent: int, number: int, needs: dict[int, int], leaves: dict[int, int]) -> Iterator[_Chain]:
    """Yield every way through an atomic section that was learned; a lone step is a way of length one."""
    automaton = system.automata[agent]
    node = automaton.nodes[number]
    assert node.operation is not None
    cell = system.cell_of(agent, node) - system.agents if node.operation.cell >= 0 else -1
    for value, edge in node.edges.items():
        if edge is None:
            continue
        now, then = needs, leaves
        if cell >= 0:
            if leaves.get(cell, needs.get(cell, value)) != value:
                continue
            if cell not in leaves and cell not in needs:
                now = {**needs, cell: value}
            then = {**leaves, cell: edge.value}
        target = automaton.nodes[edge.target]
        if target.inner and target.failure is None:
            yield from _chains(system, agent, edge.target, now, then)
        else:
            yield _Chain(now, then, edge.target)


class _Code:
    """How a cell's values are written: as they are if they are small, else by their place among those met."""

    def __init__(self, values: list[int]) -> None:
        self.values = values
        self.plain = max(values) < 1 << 15
        most = max(values) if self.plain else len(values)
        self.type = "bit" if most < 2 else "byte" if most < 1 << 8 else "short" if most < 1 << 15 else "int"

    def of(self, value: int) -> int:
        return value if self.plain else self.values.index(value)


def _word(kind: str, number: int, name: str) -> str:
    return f"{kind}{number}_{re.sub(r'[^A-Za-z0-9]+', '_', name).strip('_')}"
