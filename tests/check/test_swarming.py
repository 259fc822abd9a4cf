"""Random walkers find what is wrong, find it again by their seed, and never call anything safe."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.check import CheckResult, Limits, Swarming, check, scenario
from gputlb.driver import scheme

if TYPE_CHECKING:
    from gputlb.explore import Verdict


def swarmed(
    name: str, walkers: int, seed: int = 0, depth: int = 2000, processes: int = 1, only_group: int | None = None
) -> CheckResult:
    one = replace(scenario("default"), clients=1)
    swarming = Swarming(seed, walkers, depth, processes)
    limits = Limits(swarm=swarming)
    return check(facts.platform("tigerlake"), scheme(name), one, limits=limits, only_group=only_group)


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


def test_as_many_processes_as_you_like_come_to_the_same():
    alone, together = (swarmed("mmio", walkers=3, depth=400, processes=processes, only_group=0) for processes in (1, 2))

    assert told(alone.decisive.verdict) == told(together.decisive.verdict)


def told(verdict: Verdict) -> dict[str, object]:
    """Return all that a verdict says, but how long it took."""
    return {name: said for name, said in asdict(verdict).items() if "seconds" not in name}


def test_a_swarm_keeps_to_the_time_of_each_group():
    one = replace(scenario("default"), clients=1, rounds=1, engines_together=4)
    limits = Limits(timeout_s=0.1, swarm=Swarming(depth=100_000_000, walkers=2))
    result = check(facts.platform("tigerlake"), scheme("mmio"), one, limits=limits)

    assert ["bounded", "bounded"] == [group.verdict.kind for group in result.groups]
    assert all(group.verdict.text.startswith("the limit of 0.1 s was reached after ") for group in result.groups)


def test_a_walk_of_clients_that_end_is_no_walk_of_engines_alone():
    one = replace(scenario("default"), clients=2, rounds=2, engines_together=1)
    limits = Limits(swarm=Swarming(depth=5_000, walkers=1))
    result = check(facts.platform("tigerlake"), scheme("mmio"), one, limits=limits, only_group=0)

    assert result.depth < 1_000
    assert 5_000 == result.transitions
