"""Random walkers find what is deep, find it again by their seed, and never call anything safe."""

from __future__ import annotations

import pytest

from gputlb.explore import BadQuestion, ExploredRuntime, swarm, walk


def combination(*, digits=(2, 0, 3)):
    """A lock that opens when somebody happens to choose its digits in a row."""
    runtime = ExploredRuntime()
    right = runtime.cell("right digits", 3)

    async def burglar():
        digit = await runtime.choose(4)
        now = await right.update(lambda n: n + 1 if digit == digits[n] else 0)
        runtime.require(now + (digit == digits[now]) < len(digits), "the lock stays shut")

    runtime.agent("burglar", burglar, forever=True)
    return runtime


def test_a_finding_is_found_again_by_its_seed_alone():
    found = swarm(combination, seed=7, walkers=4, depth=5_000).finding

    again = walk(combination, found.seed, 5_000)

    assert found.verdict.kind == "violated"
    assert again.verdict.witness == found.verdict.witness
    assert str(combination().replay(found.verdict.witness)).startswith("the lock stays shut")


def test_walkers_that_find_nothing_say_how_far_they_went():
    result = swarm(lambda: combination(digits=(4, 4, 4)), walkers=2, depth=100)

    assert result.finding is None
    assert result.steps == 200
    assert {each.verdict.kind for each in result.walks} == {"bounded"}
    assert result.walks[0].verdict.text == "100 random steps were taken; nothing wrong in what was covered"


def test_a_swarm_of_nobody_is_refused():
    with pytest.raises(BadQuestion, match="all must be at least 1"):
        swarm(combination, walkers=0)
