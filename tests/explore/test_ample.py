"""Steps that nobody else can notice are taken alone, and everything that is to be found is still found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gputlb.explore import ExploredRuntime, _ample, _explore
from tests.explore.test_engines import alike_agents, model, model_of_alike, programs

needs_numba = pytest.importorskip("numba")
WRONG = {"violated", "deadlock"}


@pytest.fixture(autouse=True)
def no_second_look(monkeypatch):
    """Keep what the reduced search found, instead of looking for a shortest way with all steps."""
    monkeypatch.setattr(_explore, "_SHORTEST_AMONG", {"plain": 0, "compiled": 0})


def learned(verdict):
    """Return what a verdict tells of the agents alone: no reduction may hide any of it."""
    return (
        verdict.kind,
        verdict.reached,
        verdict.never_moved,
        verdict.never_written,
        verdict.never_required,
        verdict.waits_without_timeout,
    )


def assert_finds_the_same(runtime, engine, **asked):
    whole = runtime.explore(engine="plain", partial_order=False, max_states=4_000, **asked)
    if whole.kind == "bounded":
        return
    reduced = runtime.explore(engine=engine, **asked)

    if whole.kind not in WRONG:
        assert learned(reduced) == learned(whole)
        assert reduced.states <= whole.states
    else:
        # Where several things are wrong, either search may come to another of them first.
        assert reduced.kind in WRONG
        assert reduced.reduced or reduced.states == 1
        assert len(reduced.witness.schedule) >= len(whole.witness.schedule) or reduced.text != whole.text
        again = runtime.replay(reduced.witness)
        assert type(again) is type(reduced.error)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@settings(max_examples=300, deadline=None)
@given(programs)
def test_nothing_is_lost_in_any_small_model(engine, agents):
    assert_finds_the_same(model(agents), engine)


@settings(max_examples=150, deadline=None)
@given(alike_agents(), st.booleans())
def test_nothing_is_lost_where_alike_agents_are_folded_too(agents, symmetry):
    assert_finds_the_same(model_of_alike(*agents), "plain", symmetry=symmetry)


def explored(*bodies, runtime, **asked: Any):
    for i, body in enumerate(bodies):
        runtime.agent(f"agent{i}", body)
    return runtime.explore(engine="plain", **asked)


def test_agents_that_share_nothing_are_explored_one_after_the_other():
    runtime = ExploredRuntime()

    def of(cell):
        async def body():
            for _ in range(3):
                await cell.update(lambda value: value + 1)

        return body

    bodies = [of(runtime.cell(f"cell{i}", 8)) for i in range(4)]

    verdict = explored(*bodies, runtime=runtime)

    assert ("safe", 1, True) == (verdict.kind, verdict.states, verdict.reduced)
    assert 4**4 == runtime.explore(engine="plain", partial_order=False).states


def test_what_is_done_under_a_lock_of_ours_is_put_off_by_nobody():
    runtime = ExploredRuntime()
    lock, cell = runtime.mutex("lock"), runtime.cell("cell", 8)

    async def body():
        async with lock:
            seen = await cell.load()
            await cell.store(seen + 1)

    verdict = explored(body, body, runtime=runtime)

    # Nobody yet, either of them, both.
    assert ("safe", 4) == (verdict.kind, verdict.states)


def test_what_an_invariant_looks_at_is_never_passed_over():
    runtime = ExploredRuntime()
    cell = runtime.cell("cell", 2)
    runtime.always("the cell is not 1", [cell], lambda value: value != 1)

    async def body():
        await cell.store(1)
        await cell.store(2)

    assert "violated" == explored(body, runtime=runtime).kind


def test_a_goal_that_holds_for_a_moment_is_reached():
    runtime = ExploredRuntime()
    cells = [runtime.cell(f"cell{i}", 1) for i in range(2)]
    runtime.sometimes("both are set", cells, lambda one, other: one == other == 1)

    def of(cell):
        async def body():
            await cell.store(1)
            await cell.store(0)

        return body

    assert "safe" == explored(*map(of, cells), runtime=runtime).kind


def test_an_agent_that_goes_round_for_ever_keeps_nobody_from_acting():
    runtime = ExploredRuntime()
    own, cell = runtime.cell("own", 1), runtime.cell("cell", 1)

    async def spins():
        while True:
            await own.load()

    async def fails():
        await cell.store(1)
        runtime.require(False, "somebody else's turn comes")

    assert "violated" == explored(spins, fails, runtime=runtime).kind


def test_somebody_who_is_met_late_refutes_what_was_taken_first(monkeypatch):
    monkeypatch.setattr(_ample, "_TURNS", 0)  # nothing is learned beforehand
    runtime = ExploredRuntime()
    count, cell = runtime.cell("count", 16), runtime.cell("cell", 2)

    async def writes():
        while True:
            await cell.store(1)
            seen = await cell.load()
            runtime.require(seen == 1, "nobody else writes")
            await cell.store(0)

    async def stranger():
        for _ in range(20):
            await count.update(lambda n: n + 1)
        await cell.store(2)

    verdict = explored(writes, stranger, runtime=runtime)

    assert "violated" == verdict.kind
    assert not verdict.witness.shortest
    assert "nobody else writes" in str(verdict.error)


@settings(max_examples=150, deadline=None)
@given(programs)
def test_nothing_is_lost_where_everything_is_met_late(agents):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_ample, "_TURNS", 0)
        assert_finds_the_same(model(agents), "plain")


def test_a_trimmed_way_has_no_turns_that_the_finding_can_do_without():
    runtime = ExploredRuntime()
    others = [runtime.cell(f"cell{i}", 8) for i in range(3)]
    shared = runtime.cell("shared", 2)

    def idle(cell):
        async def body():
            for _ in range(20):
                await cell.update(lambda value: value + 1)

        return body

    async def fails():
        runtime.require(await shared.load() == 0, "nobody stores")

    async def stores():
        await shared.store(1)

    verdict = explored(*map(idle, others), fails, stores, runtime=runtime)

    assert ["agent4", "agent3"] == [name for name, _ in verdict.witness.schedule]
    assert not verdict.witness.shortest


def test_a_shortest_way_is_told_where_it_can_be_found(monkeypatch):
    monkeypatch.undo()
    runtime = ExploredRuntime()
    shared = runtime.cell("shared", 4)

    async def counts():
        for _ in range(3):
            await shared.update(lambda value: value + 1)
        runtime.require(await shared.load() == 3, "nobody else counts")

    verdict = explored(counts, counts, runtime=runtime)

    assert verdict.witness.shortest
    assert len(runtime.explore(engine="plain", partial_order=False).witness.schedule) == len(verdict.witness.schedule)
