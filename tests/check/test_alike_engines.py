"""Engines are folded where a scheme treats them alike, and only there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gputlb import facts
from gputlb.check import CheckResult, Limits, UnfitScheme, build, check, defect, engine_groups, scenario
from gputlb.driver import Scheme, scheme
from gputlb.driver.schemes.mmio import Mmio
from gputlb.driver.schemes.requests import request_6_12


class Broadcast(Scheme):
    """Asks all engines in one step, and looks at all at once until none is busy: as one register for all would."""

    treats_engines_alike = True

    async def flush(self) -> None:
        gt = self.gt
        requests = [request for engine in gt.engines if (request := request_6_12(engine, gt.description))]
        async with gt.uncore.lock, gt.runtime.atomic():
            for request in requests:
                await gt.uncore.write_fw(request.offset, request.request)
        busy = 1
        while busy:
            busy = 0
            async with gt.runtime.atomic():
                for request in requests:
                    busy |= await gt.uncore.registers.read(request.offset) & request.done


class NeverWaits(Broadcast):
    """Asks all engines, and waits for none."""

    async def flush(self) -> None:
        gt = self.gt
        async with gt.uncore.lock, gt.runtime.atomic():
            for engine in gt.engines:
                request = request_6_12(engine, gt.description)
                assert request is not None
                await gt.uncore.write_fw(request.offset, request.request)


class ForgetsTheFirst(Broadcast):
    """Claims to treat engines alike, and asks all but one."""

    async def flush(self) -> None:
        gt = self.gt
        async with gt.uncore.lock, gt.runtime.atomic():
            for engine in gt.engines[1:]:
                request = request_6_12(engine, gt.description)
                assert request is not None
                await gt.uncore.write_fw(request.offset, request.request)


class InTurn(Mmio):
    """Claims to treat engines alike, and visits them in turn."""

    treats_engines_alike = True


def explored(
    kind: type[Scheme], name: str = "default", engines: int = 2, wrong: str = "none", **limits: object
) -> CheckResult:
    size = replace(scenario(name), clients=1, rounds=1, engines_together=engines)
    return check(
        facts.platform("skylake"),
        kind,
        size,
        defect=defect(wrong),
        limits=Limits(**{"engine": "plain"} | limits),  # type: ignore[arg-type]
        only_group=0,
    )


@pytest.mark.parametrize("name", ["default", "parked", "asleep", "stuck", "slow", "posted"])
@pytest.mark.parametrize("kind", [Broadcast, NeverWaits, scheme("none")])
@pytest.mark.parametrize("wrong", ["none", "stamp-by-value", "walks-survive"])
def test_folding_engines_changes_the_size_and_not_the_verdict(kind: type[Scheme], name: str, wrong: str):
    folded, whole = (
        explored(kind, name, wrong=wrong, symmetry=symmetry, max_states=4_000) for symmetry in (True, False)
    )

    assert whole.kind in {folded.kind, "bounded"}
    if whole.kind != "bounded":
        assert folded.states <= whole.states
        assert folded.depth == whole.depth
        if folded.story and whole.story:
            assert len(folded.story.schedule) == len(whole.story.schedule)


def test_two_engines_make_almost_half_as_many_states():
    sizes = (explored(Broadcast, symmetry=symmetry, partial_order=False).states for symmetry in (True, False))

    assert (422, 730) == tuple(sizes)


def test_both_search_engines_fold_engines_alike():
    plain, compiled = explored(Broadcast), explored(Broadcast, engine="compiled")

    assert (plain.states, plain.transitions, plain.depth) == (compiled.states, compiled.transitions, compiled.depth)


@pytest.mark.parametrize("kind", [ForgetsTheFirst, InTurn])
def test_a_claim_that_is_not_true_is_refused(kind: type[Scheme]):
    with pytest.raises(UnfitScheme) as refused:
        explored(kind)

    assert str(refused.value).endswith(" tells engines apart; leave its treats_engines_alike out")
    assert f"so scheme {kind.__qualname__!r} (test_alike_engines.py:" in str(refused.value)


def test_the_shipped_schemes_visit_engines_in_turn_so_that_clients_are_folded():
    platform = facts.platform("skylake")
    size = replace(scenario("default"), engines_together=3, clients=2)
    members = [
        build(platform, scheme(name), size, engine_groups(platform, 3)[0]).runtime.groups[0][0]
        for name in ("mmio", "none")
    ]

    assert ["client0", "client1"] == [team[0] for team in members[0]]
    assert ["rcs0 unit", "bcs0 unit", "vcs0 unit"] == [team[-1] for team in members[1]]
