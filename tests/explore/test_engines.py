"""The compiled search and the plain one agree on every small model, merged local states or not."""

from __future__ import annotations

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
@given(programs)
def test_the_engines_give_the_same_verdict_counts_and_witness(agents):
    runtime = model(agents)

    plain = runtime.explore(engine="plain", max_states=3_000)

    if plain.kind != "bounded":
        assert seen(runtime.explore(engine="compiled")) == seen(plain)
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
        assert merged.states <= unmerged.states
        if merged.witness is not None:
            assert len(merged.witness.schedule) == len(unmerged.witness.schedule)
