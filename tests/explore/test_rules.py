"""Rules of the runtime that are broken in some order are found in it; agents that cannot be explored say why."""

from __future__ import annotations

import contextlib
import itertools
import random

import pytest

from gputlb.explore import (
    BadQuestion,
    ExploredRuntime,
    LockOrderInverted,
    NondeterministicAgent,
    NotSymmetric,
    StoppedFromOutside,
)
from gputlb.runtime import (
    SPINNING,
    AgentFailed,
    CellOverflow,
    LockLeftHeld,
    LockNotHeld,
    LockReentered,
    NeverPausing,
    SleepInAtomic,
    SleepUnderSpinLock,
    Violation,
)


def explore(*bodies, runtime, **asked):
    for i, body in enumerate(bodies):
        runtime.agent(f"agent{i}", body)
    return runtime.explore(engine="plain", **asked)


def test_sleeping_under_a_spin_lock_is_found():
    runtime = ExploredRuntime()
    lock, cell = runtime.spin_lock("uncore"), runtime.cell("cell", 1)

    async def spins():
        async with lock:
            await cell.until(lambda value: value == 0, 100, SPINNING)

    async def naps():
        async with lock:
            await runtime.sleep(10)

    verdict = explore(spins, naps, runtime=runtime)

    assert isinstance(verdict.error, SleepUnderSpinLock)
    assert verdict.text.endswith("agent 'agent1' slept while it held spin lock 'uncore'")
    assert [step.operation for step in verdict.witness.steps] == ["acquire"]


@pytest.mark.parametrize("what", ["mutex", "cell", "sleep", "taken"])
def test_having_to_wait_in_an_atomic_section_is_found(what):
    runtime = ExploredRuntime()
    mutex, spin_lock, cell = runtime.mutex("mutex"), runtime.spin_lock("spin lock"), runtime.cell("cell", 1)

    async def body():
        async with runtime.atomic():
            if what == "mutex":
                await mutex.acquire()
            elif what == "cell":
                await cell.load()
                await cell.until(lambda value: value == 1, None, SPINNING)
            elif what == "taken":
                await spin_lock.acquire()
                await spin_lock.release()
            else:
                await runtime.sleep(1)

    async def other():
        async with spin_lock:
            await cell.load()

    verdict = explore(body, other, runtime=runtime)

    assert isinstance(verdict.error, SleepInAtomic)
    assert type(runtime.replay(verdict.witness)) is SleepInAtomic


def test_a_lock_taken_twice_is_found():
    runtime = ExploredRuntime()
    lock = runtime.mutex("lock")

    async def body():
        async with lock, lock:
            pass

    assert isinstance(explore(body, runtime=runtime).error, LockReentered)


def test_a_lock_given_back_by_another_is_found():
    runtime = ExploredRuntime()
    lock = runtime.mutex("lock")

    async def body():
        await lock.release()

    assert isinstance(explore(body, runtime=runtime).error, LockNotHeld)


def test_a_lock_that_is_still_held_at_the_end_is_found():
    runtime = ExploredRuntime()
    lock = runtime.mutex("lock")

    async def body():
        await lock.acquire()

    verdict = explore(body, runtime=runtime)

    assert isinstance(verdict.error, LockLeftHeld)
    assert verdict.text.endswith("agent 'agent0' ended while it still held 'lock'")


def test_locks_taken_in_a_circle_are_found_even_where_a_third_lock_keeps_them_apart():
    runtime = ExploredRuntime()
    guard, one, two = runtime.mutex("guard"), runtime.mutex("one"), runtime.mutex("two")

    def taking(first, second):
        async def body():
            async with guard, first, second:
                pass

        return body

    verdict = explore(taking(one, two), taking(two, one), runtime=runtime)

    assert verdict.kind == "violated"
    assert isinstance(verdict.error, LockOrderInverted)
    assert verdict.text.split(": ", 1)[1].split(" at ")[0] == (
        "agent 'agent1' asked for 'one' while it held 'two', but agent 'agent0' takes 'two' under 'one'"
    )
    assert runtime.explore(engine="plain", lock_order=False).kind == "safe"


def test_a_value_that_does_not_fit_is_found():
    runtime = ExploredRuntime()
    cell = runtime.cell("cell", 2)

    async def body():
        while True:
            await cell.update(lambda value: value + 1)

    verdict = explore(body, runtime=runtime)

    assert isinstance(verdict.error, CellOverflow)
    assert verdict.text.endswith("agent 'agent0' stored 0x4 in cell 'cell' of 2 bits")
    assert len(verdict.witness.steps) == 4
    assert type(runtime.replay(verdict.witness)) is CellOverflow


def test_a_violation_that_the_agent_catches_is_one_all_the_same():
    runtime = ExploredRuntime()

    async def body():
        try:
            runtime.require(await runtime.choose(2) == 0, "zero is chosen")
        except Violation:
            await runtime.choose(2)

    assert explore(body, runtime=runtime).kind == "violated"


def test_state_kept_where_it_is_not_seen_is_found_where_it_changes_what_the_agent_does():
    runtime = ExploredRuntime()
    cell, rounds = runtime.cell("cell", 8), itertools.count()

    async def body():
        await cell.store(next(rounds))

    with pytest.raises(NondeterministicAgent) as found:
        explore(body, runtime=runtime)

    assert str(found.value).startswith("test_rules.py:")
    assert "agent 'agent0' did not repeat itself: with the same answers it came here with " in str(found.value)
    assert str(found.value).endswith("; keep what outlives a round in cells, and let runtime.choose(n) pick")


def test_what_has_changed_is_told_sooner_than_what_came_of_it():
    runtime = ExploredRuntime()
    cell, rounds = runtime.cell("cell", 8), []

    async def body():
        rounds.append(1)
        await cell.store(len(rounds))

    with pytest.raises(NondeterministicAgent) as found:
        explore(body, runtime=runtime)

    assert str(found.value).split(": ", 1)[1] == (
        "agent 'agent0' changed a list that its function reaches, which outlives its round; keep what outlives a round "
        "in cells"
    )


def test_an_agent_that_chooses_by_chance_is_not_taken_for_one_that_is_not_like_the_others():
    runtime = ExploredRuntime()
    cell, dice = runtime.cell("cell", 8), random.SystemRandom()

    async def body():
        await cell.store(dice.randrange(256))

    for name in ("one", "other"):
        runtime.agent(name, body)
    runtime.symmetric(["one", "other"], [[], []])

    with pytest.raises(NondeterministicAgent, match="did not repeat itself"):
        runtime.explore(engine="plain")


def test_state_kept_in_an_object_without_a_trace_in_the_locals_is_found_as_a_change():
    class Driver:
        def __init__(self):
            self.flushed = False

    runtime = ExploredRuntime()
    cell, driver = runtime.cell("cell", 8), Driver()

    async def body():
        await cell.load()
        driver.flushed = True
        await cell.load()

    with pytest.raises(NondeterministicAgent) as found:
        explore(body, runtime=runtime)

    assert str(found.value).split(": ", 1)[1] == (
        "agent 'agent0' changed Driver.flushed, which outlives its round; keep what outlives a round in cells"
    )


def test_two_histories_that_look_alike_and_go_on_differently_are_found():
    """A counter written in C shows neither in the locals nor in an attribute; it only turns late."""
    runtime = ExploredRuntime()
    cell, runs = runtime.cell("cell", 8), itertools.count()

    async def body():
        await runtime.choose(8)
        await cell.load()
        await cell.store(1 if next(runs) > 1 else 0)

    with pytest.raises(NondeterministicAgent, match="did not repeat itself: with the same answers it came to store 0"):
        explore(body, runtime=runtime)


def test_a_function_that_is_not_pure_is_found():
    runtime = ExploredRuntime()
    cell, calls = runtime.cell("cell", 8), []

    def impure(value):
        calls.append(value)
        return len(calls)

    async def body():
        await cell.update(impure)

    with pytest.raises(NondeterministicAgent, match="gave update a function that is not pure: at 0 it gave"):
        explore(body, runtime=runtime)


def test_an_agent_that_raises_is_named_with_its_line():
    runtime = ExploredRuntime()
    cell = runtime.cell("cell", 1)

    async def body():
        await cell.load()
        dict[str, int]()["missing"]

    with pytest.raises(AgentFailed, match=r"^test_rules.py:\d+ in .*body: agent 'agent0' raised KeyError\('missing'\)"):
        explore(body, runtime=runtime)


def test_an_agent_that_only_sleeps_is_idle_and_one_that_never_ends_its_sleep_is_refused():
    runtime = ExploredRuntime()

    async def dozes():
        await runtime.sleep(1)

    runtime.agent("dozes", dozes, forever=True)
    verdict = runtime.explore(engine="plain")
    assert (verdict.kind, verdict.states, verdict.never_moved) == ("safe", 1, ("dozes",))

    async def sleeps_for_ever():
        while True:
            await runtime.sleep(1)

    runtime.agent("sleeps", sleeps_for_ever)
    with pytest.raises(NeverPausing):
        runtime.explore(engine="plain")


def test_an_atomic_section_without_an_end_is_refused():
    runtime = ExploredRuntime()
    cell = runtime.cell("cell", 1)

    async def body():
        async with runtime.atomic():
            while await cell.load() == 0:
                pass

    for engine in ("plain", "compiled"):
        fresh = runtime
        if not fresh.agents:
            fresh.agent("agent", body)
        with pytest.raises(NeverPausing, match=r"goes round and round inside runtime.atomic\(\)"):
            fresh.explore(engine=engine)


def test_agents_that_tell_each_other_apart_are_not_folded():
    runtime = ExploredRuntime()
    owner = runtime.cell("owner", 2)

    def client(me):
        async def body():
            await owner.store(me)

        return body

    for me in (1, 2):
        runtime.agent(f"client{me}", client(me))
    runtime.symmetric(["client1", "client2"], [[], []])

    with pytest.raises(NotSymmetric) as refused:
        runtime.explore(engine="plain")

    assert str(refused.value).split(": ", 1)[1] == (
        "agent 'client2' does not do what agent 'client1' does: store 2 owner instead of store 1 owner; "
        "leave them out of symmetric()"
    )
    assert runtime.explore(engine="plain", symmetry=False).kind == "safe"


def test_a_stranger_that_uses_a_members_own_cell_forbids_folding():
    runtime = ExploredRuntime()
    own = [runtime.cell(f"own{i}", 1) for i in range(2)]

    def client(cell):
        async def body():
            await cell.store(1)

        return body

    async def stranger():
        await own[1].load()

    for i in range(2):
        runtime.agent(f"client{i}", client(own[i]))
    runtime.agent("stranger", stranger)
    runtime.symmetric(["client0", "client1"], [[own[0]], [own[1]]])

    with pytest.raises(
        NotSymmetric, match="agent 'stranger' uses cell 'own1', which was declared to be one member's own"
    ):
        runtime.explore(engine="plain")


def test_an_invariant_over_cells_is_told_with_the_shortest_way_to_break_it():
    runtime = ExploredRuntime()
    one, two = runtime.cell("one", 2), runtime.cell("two", 2)

    async def body():
        await one.store(1)
        await two.store(1)
        await one.store(0)

    runtime.always("two is not ahead of one", [one, two], lambda first, second: first >= second)

    for engine in ("plain", "compiled"):
        verdict = explore(body, runtime=runtime) if not runtime.agents else runtime.explore(engine=engine)
        assert (verdict.kind, verdict.text) == ("violated", "two is not ahead of one does not always hold")
        assert len(verdict.witness.steps) == 3


def test_nothing_is_safe_because_nothing_happened():
    runtime = ExploredRuntime()
    unused, never = runtime.cell("unused", 1), runtime.cell("never", 1)

    async def body():
        if await never.until(lambda value: value == 1):
            runtime.note("a flush completed")

    runtime.agent("waiter", body, forever=True)
    runtime.sometimes("a flush completed")
    runtime.sometimes("unused is set", [unused], lambda value: value == 1)
    runtime.expect_required("a page is not used after its release")

    verdict = runtime.explore(engine="plain")

    assert verdict.kind == "vacuous"
    assert verdict.text == "nothing wrong, but no order came to 'a flush completed', 'unused is set'"
    assert verdict.reached == {"a flush completed": False, "unused is set": False}
    assert verdict.never_moved == ("waiter",)
    assert verdict.never_written == ("unused", "never")
    assert verdict.never_required == ("a page is not used after its release",)


def three_that_count() -> ExploredRuntime:
    runtime = ExploredRuntime()
    cell = runtime.cell("cell", 8)

    async def body():
        for _ in range(40):
            await cell.update(lambda value: value + 1)

    for i in range(3):
        runtime.agent(f"agent{i}", body)
    return runtime


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"max_states": 100}, "the limit of 100 states was reached; nothing wrong in what was covered"),
        ({"timeout_s": 0.0}, "the limit of 0 s was reached; nothing wrong in what was covered"),
        ({"max_memory_bytes": 10}, "the limit of 10 bytes was reached; nothing wrong in what was covered"),
    ],
)
def test_a_search_that_was_cut_short_is_never_safe(engine, asked, text):
    verdict = three_that_count().explore(engine=engine, **asked)

    assert (verdict.kind, verdict.text, verdict.safe) == ("bounded", text, False)


@pytest.mark.parametrize("asked", [{"engine": "plain"}, {"engine": "compiled"}, {"engine": "compiled", "workers": 2}])
def test_an_interrupt_ends_a_search_with_what_was_covered(asked):
    runtime = three_that_count()

    def interrupt(_progress):
        raise KeyboardInterrupt

    verdict = runtime.explore(progress=interrupt, **asked)

    assert (verdict.kind, verdict.interrupted) == ("bounded", True)
    assert verdict.text == "it was interrupted; nothing wrong in what was covered"
    assert verdict.states > 0
    assert runtime.explore(max_states=100).interrupted is False


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_what_stops_an_agent_from_outside_waits_for_nothing_on_its_way_out(engine):
    runtime = ExploredRuntime()
    lock, cell = runtime.mutex("lock"), runtime.cell("cell", 2)
    computed = 0

    async def computes():
        nonlocal computed
        async with lock:
            await cell.store(1)
            computed += 1
            raise StoppedFromOutside("enough")

    for i in range(2):
        runtime.agent(f"agent{i}", computes)
    try:
        with pytest.raises(StoppedFromOutside, match="enough"):
            runtime.explore(engine=engine)
    finally:
        StoppedFromOutside.over()

    assert computed == 1


def test_the_limit_told_is_the_one_that_was_asked_for():
    runtime = ExploredRuntime()
    cells = [runtime.cell(f"cell{i}", 8) for i in range(4)]

    async def counts():
        while True:
            await cells[await runtime.choose(4)].update(lambda value: value + 1 & 255)

    runtime.agent("counter", counts, forever=True)
    verdict = runtime.explore(engine="plain", timeout_s=0.5)

    assert verdict.text == "the limit of 0.5 s was reached; nothing wrong in what was covered"
    assert 0.5 <= verdict.seconds


def test_waits_without_a_timeout_are_reported():
    runtime = ExploredRuntime()
    cell = runtime.cell("doorbell", 1)

    async def waits():
        await cell.until(lambda value: value == 1)

    async def rings():
        await cell.store(1)

    verdict = explore(waits, rings, runtime=runtime)

    assert list(verdict.waits_without_timeout) == [("agent0", "doorbell")]


@pytest.mark.parametrize(("slow", "ends"), [(False, {False}), (True, {False, True})])
def test_a_wait_ends_by_its_timeout_only_where_the_hardware_may_be_slow(slow, ends):
    runtime = ExploredRuntime(may_time_out=lambda name: slow and name == "busy")
    busy = runtime.cell("busy", 1, 1)

    async def driver():
        done = await busy.until(lambda value: value == 0, 4_000)
        runtime.note(f"timed out: {not done}")

    async def unit():
        await busy.store(0)

    verdict = explore(driver, unit, runtime=runtime)

    assert {f"timed out: {end}" for end in ends} == set(verdict.reached)


def test_questions_that_make_no_sense_are_answered_with_what_to_ask():
    runtime = ExploredRuntime()
    with pytest.raises(BadQuestion) as nothing:
        runtime.explore()
    assert str(nothing.value) == "there is nothing to explore: the runtime has no agents; add some with agent()"

    async def body():
        await runtime.choose(2)

    runtime.agent("client", body)
    with pytest.raises(BadQuestion) as twice:
        runtime.agent("client", body)
    assert str(twice.value) == "there are two agents 'client'; give each a name of its own"

    runtime.symmetric(["client", "clint"], [[], []])
    with pytest.raises(BadQuestion) as unknown:
        runtime.explore()
    assert str(unknown.value) == "symmetric() names agent 'clint', which is unknown; did you mean client?"


def test_a_function_reads_its_variables_as_they_were_when_it_was_handed_over():
    runtime = ExploredRuntime()
    total, other = runtime.cell("total", 8), runtime.cell("other", 1)
    runtime.always("1 and 2 are added once each", [total], lambda value: value in {0, 1, 3, 100, 101, 102, 103})

    async def adds():
        for summand in (1, 2):
            await total.update(lambda before: before + summand)  # noqa: B023 (done before the variable is bound anew)

    async def comes_late():
        for _ in range(5):
            await other.update(lambda before: 1 - before)
        await total.store(100)

    runtime.sometimes("both are added to 100", [total], lambda value: value == 103)
    verdict = explore(adds, comes_late, runtime=runtime, partial_order=False)

    assert verdict.kind == "safe", verdict


def test_an_exception_that_somebody_else_caught_meanwhile_makes_no_difference():
    runtime = ExploredRuntime()
    cell = runtime.cell("cell", 1)
    calls = itertools.count()

    def collects_garbage_now_and_then():
        if next(calls) % 2:
            with contextlib.suppress(KeyError):
                raise KeyError

    async def body():
        collects_garbage_now_and_then()
        await cell.store(1)

    assert explore(body, runtime=runtime).kind == "safe"
