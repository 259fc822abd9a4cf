"""Power references: a GT is taken only if it is awake, and an engine is awake while somebody holds it."""

from __future__ import annotations

from gputlb.driver import EnginePower, GtPower
from gputlb.runtime import DirectRuntime, Recorder
from tests.driver.parts import value_of


def test_a_sleeping_gt_is_not_woken():
    runtime = DirectRuntime()
    power = GtPower(runtime, "gt0")
    recorder = Recorder(runtime.events)

    async def use() -> bool:
        async with power.if_awake() as awake:
            return awake

    assert not runtime.run(use())
    assert 0 == runtime.run(value_of(power.count))
    assert [("pm_get_if_awake", (False,))] == [(event.kind, event.values) for event in recorder]


def test_a_gt_that_is_awake_is_held_for_as_long_as_it_is_used():
    runtime = DirectRuntime()
    power = GtPower(runtime, "gt0", references=1)
    recorder = Recorder(runtime.events)

    async def use() -> int:
        async with power.if_awake() as awake:
            assert awake
            return await power.count.load()

    assert 2 == runtime.run(use())
    assert 1 == runtime.run(value_of(power.count))
    assert [("pm_get_if_awake", (True,)), ("pm_put", ())] == [(event.kind, event.values) for event in recorder]


def test_the_first_get_wakes_and_the_last_put_may_park():
    runtime = DirectRuntime()
    for power in (GtPower(runtime, "gt0"), EnginePower(runtime, "gt0.rcs0")):
        said = [runtime.run(step()) for step in (power.get, power.get, power.put, power.put)]

        assert [True, False, False, True] == said


def test_an_engine_is_awake_while_somebody_holds_it():
    runtime = DirectRuntime()
    power = EnginePower(runtime, "gt0.rcs0")
    seen = [runtime.run(power.is_awake())]
    for step in (power.get, power.put):
        runtime.run(step())
        seen.append(runtime.run(power.is_awake()))

    assert [False, True, False] == seen
