"""Random walkers find what is wrong, find it again by their seed, and never call anything safe."""

from __future__ import annotations

from dataclasses import replace

from gputlb import facts
from gputlb.check import CheckResult, Limits, Swarming, check, scenario
from gputlb.driver import scheme


def swarmed(name: str, walkers: int, seed: int = 0, depth: int = 2000, processes: int = 1) -> CheckResult:
    one = replace(scenario("default"), clients=1)
    swarming = Swarming(seed, walkers, depth, processes)
    return check(facts.platform("tigerlake"), scheme(name), one, limits=Limits(swarm=swarming))


def test_a_walker_finds_the_ignored_request():
    result = swarmed("mmio-2022", walkers=4)

    assert "violated" == result.kind
    assert result.story
    assert "was ignored, its mask bits were not set" in result.story.sentence


def test_a_seed_finds_the_same_way_again():
    found = swarmed("mmio-2022", walkers=4).decisive
    again = swarmed("mmio-2022", walkers=1, seed=found.seed or 0).decisive

    assert found.verdict.witness is not None
    assert found.verdict.witness == again.verdict.witness


def test_a_swarm_that_finds_nothing_is_bounded():
    assert "bounded" == swarmed("mmio", walkers=2, depth=300).kind


def test_as_many_processes_as_you_like_give_the_same():
    assert swarmed("mmio-2022", walkers=2).decisive.seed == swarmed("mmio-2022", walkers=2, processes=2).decisive.seed
