"""Others may look at alike members in one atomic section if they do the same whoever is who; else they are refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gputlb.explore import ExploredRuntime, NotSymmetric

EVEN = ("sum", "any", "raise all", "clear all if one is set", "choose", "shared")
UNEVEN = ("first", "count up to the first", "raise the first", "weigh")


def model(members, member_steps, outsider_steps):
    """Members that raise and lower their own cell, and somebody else who looks at and changes all of them."""
    runtime = ExploredRuntime()
    shared = runtime.cell("shared", 3)
    owns = [runtime.cell(f"own{m}", 2) for m in range(members)]

    def member(own):
        async def body():
            for step in member_steps:
                match step:
                    case "raise":
                        await own.update(lambda value: (value + 1) & 3)
                    case "look":
                        runtime.require(not (await own.load() == 3 and await shared.load() == 4), "not both")
                    case "wait":
                        await own.until(lambda value: value != 1)

        return body

    async def outsider():
        for step in outsider_steps:
            async with runtime.atomic():
                match step:
                    case "sum":
                        values = [await own.load() for own in owns]
                        await shared.store(sum(values) & 7)
                    case "any":
                        values = [await own.load() for own in owns]
                        await shared.store(int(any(values)))
                    case "raise all":
                        for own in owns:
                            await own.update(lambda value: (value + 1) & 3)
                    case "clear all if one is set":
                        values = [await own.load() for own in owns]
                        if any(values):
                            for own in owns:
                                await own.store(0)
                    case "choose":
                        await shared.store(await runtime.choose(3))
                    case "shared":
                        await shared.update(lambda value: value ^ 1)
                    case "first":
                        await shared.store(await owns[0].load())
                    case "count up to the first":
                        seen = 0
                        for own in owns:
                            seen += 1
                            if await own.load():
                                break
                        await shared.store(seen & 7)
                    case "raise the first":
                        await owns[0].update(lambda value: (value + 1) & 3)
                    case "weigh":
                        values = [await own.load() for own in owns]
                        await shared.store(sum(m * value for m, value in enumerate(values)) & 7)

    for m, own in enumerate(owns):
        runtime.agent(f"member{m}", member(own))
    runtime.agent("outsider", outsider)
    runtime.symmetric([f"member{m}" for m in range(members)], [[own] for own in owns])
    return runtime


member_steps = st.lists(st.sampled_from(["raise", "look", "wait"]), max_size=3)


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 3), member_steps, st.lists(st.sampled_from(EVEN), min_size=1, max_size=3))
def test_who_treats_members_alike_is_folded_with_the_same_verdict(members, steps, outsider):
    runtime = model(members, steps, outsider)

    folded, whole = runtime.explore(engine="plain"), runtime.explore(engine="plain", symmetry=False)

    assert (folded.kind, folded.depth) == (whole.kind, whole.depth)
    if folded.witness is None:
        assert folded.states <= whole.states
    elif folded.kind == "violated":
        assert str(runtime.replay(folded.witness)) == str(folded.error)


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 3), member_steps, st.lists(st.sampled_from(EVEN + UNEVEN), min_size=1, max_size=3))
def test_who_does_not_is_refused_unless_it_makes_no_difference(members, steps, outsider):
    runtime = model(members, steps, outsider)

    whole = runtime.explore(engine="plain", symmetry=False)
    try:
        folded = runtime.explore(engine="plain")
    except NotSymmetric:
        assert set(outsider) & set(UNEVEN)
    else:
        assert (folded.kind, folded.depth) == (whole.kind, whole.depth)


@pytest.mark.parametrize("uneven", UNEVEN)
def test_each_way_of_telling_members_apart_is_refused(uneven):
    with pytest.raises(NotSymmetric, match=r"in one atomic section agent 'outsider' touches"):
        model(2, ["raise"], [uneven]).explore(engine="plain")
