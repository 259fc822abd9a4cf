"""The compiled search and the plain one agree on every small model, merged local states or not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gputlb.explore import ExploredRuntime

pytest.importorskip("numba")

CELLS, LOCKS = 3, 2
instructions = st.one_of(
    st.tuples(st.just("load"), st.integers(0, CELLS - 1)),
    st.tuples(st.just("store"), st.integers(0, CELLS - 1), st.integers(0, 3)),
    st.tuples(st.just("store last"), st.integers(0, CELLS - 1)),
    st.tuples(st.just("add"), st.integers(0, CELLS - 1)),
    st.tuples(st.just("until"), st.integers(0, CELLS - 1), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("with lock"), st.integers(0, LOCKS - 1)),
    st.tuples(st.just("choose"), st.integers(1, 3)),
    st.tuples(st.just("atomic add twice"), st.integers(0, CELLS - 1)),
    st.tuples(st.just("atomic choice"), st.integers(0, CELLS - 1)),
    st.tuples(st.just("sleep")),
    st.tuples(st.just("require not"), st.integers(0, 3)),
)
programs = st.lists(st.tuples(st.lists(instructions, max_size=5), st.booleans()), min_size=1, max_size=3)


def model(agents):
    """Return a runtime whose agents run small straight-line programs with one variable."""
    runtime = ExploredRuntime(may_time_out=True)
    cells = [runtime.cell(f"cell{i}", 2) for i in range(CELLS)]
    locks = [runtime.mutex(f"lock{i}") for i in range(LOCKS)]

    def body_of(program):
        async def body():
            last = 0
            for instruction in program:
                match instruction:
                    case ("load", cell):
                        last = await cells[cell].load()
                    case ("store", cell, value):
                        await cells[cell].store(value)
                    case ("store last", cell):
                        await cells[cell].store(last)
                    case ("add", cell):
                        last = await cells[cell].update(lambda value: (value + 1) & 3)
                    case ("until", cell, wanted, hurried):
                        await cells[cell].until(lambda value, wanted=wanted: value == wanted, 10 if hurried else None)
                    case ("with lock", lock):
                        async with locks[lock]:
                            await cells[0].update(lambda value: value ^ 1)
                    case ("choose", ways):
                        last = await runtime.choose(ways)
                    case ("atomic add twice", cell):
                        async with runtime.atomic():
                            last = await cells[cell].load()
                            await cells[cell].store((last + 2) & 3)
                    case ("atomic choice", cell):
                        async with runtime.atomic():
                            if await runtime.choose(2):
                                await cells[cell].store(await runtime.choose(3))
                    case ("sleep",):
                        await runtime.sleep(1)
                    case ("require not", value):
                        runtime.require(last != value, "the last value is another", last=last)

        return body

    for i, (program, forever) in enumerate(agents):
        runtime.agent(f"agent{i}", body_of(program), forever=forever)
    return runtime


def seen(verdict):
    """Return what two engines must agree on."""
    return (
        verdict.kind,
        verdict.text,
        verdict.states,
        verdict.transitions,
        verdict.depth,
        verdict.witness,
        verdict.waiting,
        verdict.reached,
        verdict.never_moved,
        verdict.never_written,
    )


@settings(max_examples=150, deadline=None)
@given(programs, st.booleans())
def test_the_engines_give_the_same_verdict_counts_and_witness(agents, partial_order):
    runtime = model(agents)

    plain = runtime.explore(engine="plain", max_states=3_000, partial_order=partial_order)

    if plain.kind != "bounded":
        assert seen(runtime.explore(engine="compiled", partial_order=partial_order)) == seen(plain)
        if plain.witness is not None and plain.kind == "violated":
            assert str(runtime.replay(plain.witness)) == str(plain.error)


@settings(max_examples=60, deadline=None)
@given(programs)
def test_merging_local_states_changes_the_number_of_states_and_not_the_verdict(agents):
    runtime = model(agents)

    merged = runtime.explore(engine="plain", max_states=3_000)
    unmerged = runtime.explore(engine="plain", merge=False, max_states=3_000)

    if "bounded" not in {merged.kind, unmerged.kind}:
        assert (merged.kind, merged.text) == (unmerged.kind, unmerged.text)
        assert merged.depth <= unmerged.depth
        if merged.witness is None:  # else both stop on the way, each after as many states as its order brings
            assert merged.states <= unmerged.states
        if merged.witness is not None:
            assert len(merged.witness.schedule) == len(unmerged.witness.schedule)


@st.composite
def alike_agents(draw):
    """A program for two or three agents that are alike, and one for somebody else."""
    return draw(st.integers(2, 3)), draw(st.lists(instructions, max_size=4)), draw(st.booleans())


def model_of_alike(members, program, forever):
    """Agents that run one program, each with cell 0 and lock 0 of its own, the others shared."""
    runtime = ExploredRuntime(may_time_out=True)
    shared = [runtime.cell(f"shared{i}", 2) for i in range(1, CELLS)]
    shared_lock = runtime.mutex("shared lock")

    def body_of(cells, locks):
        async def body():
            last = 0
            for instruction in program:
                match instruction:
                    case ("load", cell):
                        last = await cells[cell].load()
                    case ("store", cell, value):
                        await cells[cell].store(value)
                    case ("store last", cell):
                        await cells[cell].store(last)
                    case ("add", cell) | ("atomic add twice", cell):
                        last = await cells[cell].update(lambda value: (value + 1) & 3)
                    case ("until", cell, wanted, hurried):
                        await cells[cell].until(lambda value, wanted=wanted: value == wanted, 10 if hurried else None)
                    case ("with lock", lock):
                        async with locks[lock]:
                            await cells[1].update(lambda value: value ^ 1)
                    case ("choose", ways):
                        last = await runtime.choose(ways)
                    case ("atomic choice", cell):
                        async with runtime.atomic():
                            if await runtime.choose(2):
                                await cells[cell].store(await runtime.choose(3))
                    case ("require not", value):
                        runtime.require(last != value, "the last value is another")

        return body

    owned: list[list[Any]] = []
    for m in range(members):
        own, lock = runtime.cell(f"own{m}", 2), runtime.mutex(f"lock{m}")
        owned.append([own, lock])
        runtime.agent(f"member{m}", body_of([own, *shared], [lock, shared_lock]), forever=forever)
    runtime.symmetric([f"member{m}" for m in range(members)], owned)
    runtime.sometimes("two cells differ", [own[0] for own in owned[:2]], lambda one, other: one > other)
    return runtime


@settings(max_examples=100, deadline=None)
@given(alike_agents())
def test_folding_alike_agents_keeps_the_verdict_in_both_engines(agents):
    runtime = model_of_alike(*agents)

    unfolded = runtime.explore(engine="plain", symmetry=False, partial_order=False, max_states=5_000)

    if unfolded.kind != "bounded":
        plain = runtime.explore(engine="plain", partial_order=False)
        compiled = runtime.explore(engine="compiled", partial_order=False)
        assert seen(compiled) == seen(plain)
        assert plain.kind == unfolded.kind
        assert plain.text.split(" (")[0] == unfolded.text.split(" (")[0] or plain.kind == "deadlock"
        assert plain.depth == unfolded.depth
        if plain.witness is None:  # else both stop on the way, each after as many states as its order brings
            assert plain.states <= unfolded.states
        if plain.witness is not None and plain.kind == "violated":
            assert len(plain.witness.schedule) == len(unfolded.witness.schedule)
            assert type(runtime.replay(plain.witness)) is type(plain.error)


def test_three_clients_of_five_states_fold_to_the_multisets_of_three_out_of_five():
    runtime = model_of_alike(3, [("load", 1), ("add", 0), ("store last", 2), ("add", 1)], False)

    folded, unfolded = (
        runtime.explore(engine="compiled", symmetry=symmetry, partial_order=False) for symmetry in (True, False)
    )

    assert (unfolded.states, folded.states) == (5**3, 35)


@settings(max_examples=60, deadline=None)
@given(programs, st.sampled_from([2, 4]))
def test_several_workers_give_the_verdict_of_one(agents, workers):
    runtime = model(agents)

    plain = runtime.explore(engine="plain", max_states=3_000)

    if plain.kind != "bounded":
        several = runtime.explore(engine="compiled", workers=workers)
        assert several.kind == plain.kind
        if plain.witness is None:
            assert seen(several) == seen(plain)
        else:
            assert len(several.witness.schedule) == len(plain.witness.schedule)
