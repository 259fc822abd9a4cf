"""A state keeps its meaning from one layout to another."""

from __future__ import annotations

import random

import pytest

np = pytest.importorskip("numpy")

from gputlb.explore import ExploredRuntime  # noqa: E402
from gputlb.explore._layout import Layout  # noqa: E402
from gputlb.explore._system import System  # noqa: E402


def counters(number: int) -> System:
    """Learn agents that each count in a cell of their own, in steps, and know who was last."""
    runtime = ExploredRuntime()
    last = runtime.cell("last", 4)

    def counter(i: int) -> None:
        counted = runtime.cell(f"counted{i}", 8)

        async def body() -> None:
            for _ in range(5 * i + 1):
                await counted.update(lambda n: n + 7)
                await last.store(i)

        runtime.agent(f"counter{i}", body)

    for i in range(number):
        counter(i)
    runtime.explore(engine="plain", max_states=20_000)
    assert runtime.system is not None
    return runtime.system


@pytest.mark.parametrize("agents", [1, 3, 12])
def test_states_packed_anew_are_as_if_they_had_been_packed_so_at_once(agents: int) -> None:
    system, chance = counters(agents), random.Random(agents)
    states = [
        (
            *(chance.randrange(len(automaton.nodes)) for automaton in system.automata),
            *(chance.choice(values) for values in system.values),
        )
        for _ in range(200)
    ]
    roomy, narrow = Layout(system, roomy=True), Layout(system)
    for before, after in ((roomy, narrow), (narrow, roomy)):
        packed = np.array([before.pack(state) for state in states], np.uint64)
        anew = after.repack(packed, before)
        assert anew.tolist() == [after.pack(state) for state in states]
        assert [after.unpack(words) for words in anew.tolist()] == states
