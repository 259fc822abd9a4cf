"""What scenarios are made of: every two ingredients make a possible machine, in which what they add does happen."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from gputlb import facts
from gputlb.check import INGREDIENTS, CheckResult, Limits, NotOnPlatform, check, check_everywhere, defect, scenario
from gputlb.driver import scheme

BCS0 = 1
"""The copy engine's group: its one forcewake domain keeps what is explored small."""


def checked(*ingredients: str, platform: str = "tigerlake", wrong: str = "none", limits: Limits | None = None):
    return check(
        facts.platform(platform),
        scheme("mmio"),
        replace(scenario("default").having(*ingredients), clients=1, rounds=1),
        defect=defect(wrong),
        limits=limits or Limits(),
        only_group=BCS0,
    )


def unreached(result: CheckResult) -> list[str]:
    return [text for group in result.groups for text, came in group.verdict.reached.items() if not came]


def expected(*ingredients: str) -> str:
    """Return what is known of mainline: waits that run out, an OA unit nobody waits for, and writes that come late."""
    has = set(ingredients)
    if has & {"slow", "stuck", "oa"}:
        return "violated"
    # Waking domains drains the buffer, as does a request; nothing is written where engine or GT is left alone.
    late = has >= {"posted", "asleep"} or has >= {"posted", "park"}
    return "violated" if late else "safe"


PAIRS = [pair for pair in combinations(INGREDIENTS, 2) if "two-gts" not in pair]


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_two_ingredients_come_to_what_is_known_of_mainline(pair: tuple[str, str]):
    """A reset, for one, takes no more power back than contexts have asked for."""
    result = checked(*pair)

    assert expected(*pair) == result.kind
    if result.kind == "violated":
        assert result.story
        assert " reached page 0 through a translation that " in result.story.sentence or "accounted" in pair
    else:
        assert [] == unreached(result)


@pytest.mark.parametrize("other", sorted(INGREDIENTS.keys() - {"two-gts", "oa", "power"}))
def test_an_ingredient_comes_to_the_same_on_two_gts(other: str):
    assert expected(other) == checked("two-gts", other, platform="meteorlake").kind


@pytest.mark.parametrize(
    ("ingredient", "goals"),
    [
        ("park", ["an engine wakes up", "an engine parks"]),
        ("asleep", ["an engine wakes up", "an engine parks", "the GT falls asleep"]),
        ("reset", ["a reset is done"]),
        ("wedge", ["a reset is done", "the GT is given up"]),
        ("slow", ["the driver gives up waiting for an invalidation"]),
        ("stuck", ["the driver gives up waiting for an invalidation"]),
        ("oa", ["the OA unit reads a page"]),
        ("posted", ["a cleared entry waits in a store buffer"]),
        ("power", ["an engine wakes up", "an engine parks", "a forcewake domain falls asleep"]),
        ("accounted", ["a flush is counted while an engine is awake"]),
    ],
)
def test_what_an_ingredient_adds_must_be_reached(ingredient: str, goals: list[str]):
    model = checked(ingredient, limits=Limits(max_states=2)).model

    assert model
    assert set(goals) <= model.runtime.goals.keys()


def test_each_of_two_gts_must_be_flushed():
    reached = checked("two-gts", platform="meteorlake").groups[0].verdict.reached

    assert {f"a flush completes on GT{gt}": True for gt in (0, 1)}.items() <= reached.items()


def test_what_never_happens_is_vacuous(monkeypatch: pytest.MonkeyPatch):
    async def never(_gt: object) -> bool:
        return False

    monkeypatch.setattr("gputlb.check.model.reset_gt", never)

    result = checked("reset")

    assert ("vacuous", ["a reset is done"]) == (result.kind, unreached(result))


@pytest.mark.parametrize(
    ("ingredient", "platform", "sentence"),
    [
        (
            "oa",
            "skylake",
            "SKYLAKE has no OA unit with a TLB of its own, so ingredient 'oa' would do nothing; leave it out, or "
            "choose one of TIGERLAKE, ROCKETLAKE, DG1, ALDERLAKE_S, ALDERLAKE_P",
        ),
        (
            "two-gts",
            "tigerlake",
            "TIGERLAKE has one GT alone, so ingredient 'two-gts' would do nothing; leave it out, or choose one of "
            "METEORLAKE, LUNARLAKE, BATTLEMAGE, PANTHERLAKE",
        ),
    ],
)
def test_a_platform_that_lacks_what_an_ingredient_is_about_is_refused(ingredient: str, platform: str, sentence: str):
    with pytest.raises(NotOnPlatform) as caught:
        checked(ingredient, platform=platform)

    assert sentence == str(caught.value)


def test_on_every_platform_it_is_that_platform_s_reason():
    small = replace(scenario("two-gts"), rounds=1)
    done = list(check_everywhere(scheme("mmio"), small, limits=Limits(max_states=2)))

    assert {"METEORLAKE"} == {each.platform.kernel for each in done if each.result is not None}
    assert {"SKYLAKE has one GT alone, so ingredient 'two-gts' would do nothing"} == {
        each.reason for each in done if each.platform.kernel == "SKYLAKE"
    }
    assert {"SKYLAKE": False, "METEORLAKE": True}.items() <= {each.platform.kernel: each.fits for each in done}.items()
