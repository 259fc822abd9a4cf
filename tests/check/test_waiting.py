"""Who waits for ever is found although engines go on and on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gputlb import facts
from gputlb.check import Limits, check, replay, saved, scenario
from gputlb.driver.schemes.mmio import Mmio

if TYPE_CHECKING:
    from gputlb.driver import Gt


class MayWaitForEver(Mmio):
    """Flushes, and now and then waits for what nobody does."""

    async def flush(self) -> None:
        await super().flush()
        if await self.gt.runtime.choose(2):
            await self.gt.wedged.until(lambda wedged: wedged == 1)


class SecondFlushWaits(Mmio):
    """Its first flush leaves a mark, and the next one waits until somebody has taken it away."""

    def __init__(self, gt: Gt) -> None:
        super().__init__(gt)
        self.mark = gt.runtime.cell(f"{gt.name}.mark", 1)

    async def flush(self) -> None:
        await super().flush()
        if await self.mark.update(lambda _: 1):
            await self.mark.until(lambda mark: mark == 0, 100)


def small(name: str = "default", *, clients: int = 1, rounds: int | None = 1):
    return replace(scenario(name), clients=clients, rounds=rounds, engines_together=1)


@pytest.mark.parametrize("rounds", [1, None])
@pytest.mark.parametrize("name", ["default", "parked", "reset"])
def test_a_wait_without_an_end_is_a_deadlock_although_engines_go_on(name: str, rounds: int | None):
    result = check(facts.platform("skylake"), MayWaitForEver, small(name, rounds=rounds), limits=Limits(engine="plain"))

    assert "deadlock" == result.kind
    assert result.story
    assert "client0 waits for cell 'gt0.wedged', now 0" in result.story.sentence
    assert f"{__name__}:MayWaitForEver" == result.scheme


def test_who_waits_for_whom_is_told():
    result = check(facts.platform("skylake"), MayWaitForEver, small(clients=2), limits=Limits(engine="plain"))

    assert result.story
    assert (
        "nobody who has work left can go on: client0 waits for cell 'gt0.wedged', now 0; "
        "client1 waits for 'gt0.tlb.invalidate_lock', held by 'client0'"
    ) == result.story.sentence


def test_what_only_a_second_round_waits_for_is_found_too():
    result = check(
        facts.platform("skylake"), SecondFlushWaits, small(rounds=None), limits=Limits(engine="plain"), only_group=0
    )

    assert "deadlock" == result.kind


def test_its_witness_runs_again(tmp_path: Path):
    result = check(facts.platform("skylake"), MayWaitForEver, small(), limits=Limits(engine="plain"))
    path = tmp_path / "witness.json"
    path.write_bytes(saved(result, MayWaitForEver))

    witness, story = replay(path, f"{__name__}:MayWaitForEver")

    assert "deadlock" == witness.ending.kind
    assert result.story
    assert result.story.sentence == story.sentence


def test_a_search_for_waits_that_was_cut_short_is_not_safe():
    result = check(
        facts.platform("skylake"), Mmio, small(clients=2), limits=Limits(engine="plain", max_states=200), only_group=0
    )

    assert "bounded" == result.kind
