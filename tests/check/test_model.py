"""A model is the driver's and the device's own code, and never a model in which nothing happens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gputlb import facts
from gputlb.check import SetUpWaits, build, engine_groups, scenario
from gputlb.driver import ProbeFailed, Scheme, scheme

SKYLAKE = facts.platform("skylake")


def model(scheme_class, name="default", platform=SKYLAKE, **numbers):
    size = replace(scenario(name), **({"clients": 1, "rounds": 1, "engines_together": 1} | numbers))
    return build(platform, scheme_class, size, engine_groups(platform, 1)[0])


def test_everybody_whom_the_scenario_names_is_there():
    names = [agent.name for agent in model(scheme("mmio"), "reset", clients=2).runtime.agents]

    assert [
        "rcs0 at page 0",
        "rcs0 at page 1",
        "rcs0 unit",
        "gt0 resetting",
        "gt0 reset unit",
        "client0",
        "client1",
    ] == names


def test_an_exploration_says_what_it_reached():
    verdict = model(scheme("mmio"), clients=2).runtime.explore(engine="plain", max_states=20_000)

    assert "safe" == verdict.kind
    assert {
        "a flush completes": True,
        "a stale entry exists before the flush": True,
    } == verdict.reached


def test_a_scheme_that_never_batches_need_not_show_that_a_flush_is_skipped():
    goals = {
        name: model(scheme(name), clients=2, rounds=2).runtime.explore(engine="plain", max_states=2_000).reached
        for name in ("mmio", "unbatched")
    }

    assert {"a flush is skipped"} == goals["mmio"].keys() - goals["unbatched"].keys()


def test_a_model_in_which_no_flush_ends_is_not_safe():
    class NeverDone(Scheme):
        name = "never done"

        async def flush(self) -> None:
            await self.gt.wedged.until(lambda wedged: wedged == 1)

    verdict = model(NeverDone).runtime.explore(engine="plain")

    assert "vacuous" == verdict.kind
    assert not verdict.reached["a flush completes"]


def test_a_scheme_that_does_not_load_says_why():
    platform = facts.platform("pontevecchio")

    with pytest.raises(ProbeFailed) as caught:
        model(scheme("mmio"), platform=platform)

    assert (
        "scheme 'mmio' does not load on PONTEVECCHIO GT0 (graphics 12.60): "
        "this version's TLB is not invalidated by registers in Linux 6.12"
    ) == str(caught.value)


def test_a_scheme_that_waits_while_it_sets_itself_up_is_refused():
    class Waits(Scheme):
        name = "waits"

        async def set_up(self) -> None:
            await self.gt.wedged.load()

        async def flush(self) -> None:
            """Do nothing."""

    with pytest.raises(SetUpWaits) as caught:
        model(Waits)

    assert str(caught.value).startswith("test_model.py:")
    assert str(caught.value).endswith("waits in set_up(), before anybody else is there; do so in flush()")
