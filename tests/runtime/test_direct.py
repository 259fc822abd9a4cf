"""Doing it now, for real: one coroutine to its end, agents as threads, locks between them."""

from __future__ import annotations

import threading
from random import Random
from typing import Any, cast

import pytest

from gputlb.errors import GputlbError
from gputlb.runtime import (
    SPINNING,
    AgentFailed,
    CellOverflow,
    Constant,
    DirectRuntime,
    LockLeftHeld,
    LockNotHeld,
    LockReentered,
    Naps,
    NegativeSpan,
    NotACoroutine,
    Recorder,
    SleepInAtomic,
    SleepUnderSpinLock,
    SteppedClock,
    Violation,
)

KINDS = ["mutex", "spin_lock"]


@pytest.fixture
def runtime():
    return DirectRuntime(clock=SteppedClock())


def fails(runtime, body, error, *, line):
    """Run `body` and return what is said after the place, which must be its given line, and the agent."""
    with pytest.raises(error) as raised:
        runtime.run(body())
    where = f"test_direct.py:{body.__code__.co_firstlineno + line} in {body.__qualname__}: agent 'MainThread' "
    text = str(raised.value)
    assert text.startswith(where)
    return text.removeprefix(where)


def test_a_coroutine_is_driven_to_its_end(runtime):
    cell = runtime.cell("word", initial=1)

    async def body():
        await cell.store(5)
        assert 5 == await cell.update(lambda old: old + 1)
        return await cell.load()

    assert 6 == runtime.run(body())


def test_what_the_coroutine_raises_comes_out_as_it_is(runtime):
    async def body():
        raise KeyError("x")

    with pytest.raises(KeyError, match=r"^'x'$"):
        runtime.run(body())


def test_a_value_that_does_not_fit_is_refused(runtime):
    cell = runtime.cell("byte", bits=8)

    async def store():
        await cell.store(256)

    async def update():
        await cell.update(lambda old: old - 1)

    assert "stored 0x100 in cell 'byte' of 8 bits" == fails(runtime, store, CellOverflow, line=1)
    assert "stored -0x1 in cell 'byte' of 8 bits" == fails(runtime, update, CellOverflow, line=1)
    assert 0 == cell.value


@pytest.mark.parametrize(("duration", "span_ns"), [(5, 5000), (0.25, 250), (Constant(3), 3000)])
def test_sleeping_lets_the_clock_go_on(duration, span_ns):
    runtime = DirectRuntime(clock=SteppedClock(), random=Random(1))

    runtime.run(runtime.sleep(duration))

    assert span_ns == runtime.now_ns


def test_a_duration_takes_no_time_without_a_generator(runtime):
    runtime.run(runtime.sleep(Constant(3)))

    assert runtime.now_ns <= SteppedClock.breath_ns


def test_choices_come_from_the_generator_or_are_the_first():
    assert [0, 0, 0] == [DirectRuntime().run(DirectRuntime().choose(9)) for _ in range(3)]

    expected, random = Random(4), DirectRuntime(random=Random(4))
    assert [expected.randrange(9) for _ in range(5)] == [random.run(random.choose(9)) for _ in range(5)]


def test_who_naps_looks_where_the_kernel_does(runtime):
    looks_us = []

    def look():
        looks_us.append(runtime.now_ns // 1000)
        return False

    assert not runtime.look_until(look, 4000, Naps(10, 1000))
    assert [0, 10, 30, 70, 150, 310, 630, 1270, 2550, 3830, 5110] == looks_us


def test_who_spins_looks_at_every_breath_and_once_when_the_time_is_over(runtime):
    looks_us = []

    def look():
        looks_us.append(runtime.now_ns // 1000)
        return False

    assert not runtime.look_until(look, 5, SPINNING)
    assert [0, 1, 2, 3, 4, 5] == looks_us


def test_a_wait_ends_when_its_cell_holds_the_value(runtime):
    cell = runtime.cell("flag", initial=1)

    assert runtime.run(cell.until(bool, 0))
    assert not runtime.run(cell.until(lambda value: value == 2, 100))
    assert runtime.now_ns >= 100_000


def test_negative_spans_are_refused(runtime):
    cell = runtime.cell("flag")

    async def sleep():
        await runtime.sleep(-2)

    async def wait():
        await cell.until(bool, -5)

    assert "slept for -2 µs" == fails(runtime, sleep, NegativeSpan, line=1)
    assert "waited with a timeout of -5 µs" == fails(runtime, wait, NegativeSpan, line=1)


@pytest.mark.parametrize("kind", KINDS)
def test_taking_a_lock_twice_is_an_error(runtime, kind):
    lock = getattr(runtime, kind)("the lock")

    async def body():
        async with lock, lock:
            pass

    assert "asked for 'the lock', which it holds already" == fails(runtime, body, LockReentered, line=1)
    runtime.run(_take(lock))


@pytest.mark.parametrize("kind", KINDS)
def test_giving_back_a_lock_that_is_not_held_is_an_error(runtime, kind):
    lock = getattr(runtime, kind)("the lock")

    async def body():
        await lock.release()

    assert "released 'the lock', which it does not hold" == fails(runtime, body, LockNotHeld, line=1)


@pytest.mark.parametrize("kind", KINDS)
def test_ending_with_a_lock_is_an_error(runtime, kind):
    lock = getattr(runtime, kind)("the lock")

    async def body():
        await lock.acquire()

    with pytest.raises(LockLeftHeld) as raised:
        runtime.run(body())

    expected = ": agent 'MainThread' ended while it still held 'the lock'"
    assert str(raised.value).endswith(expected)


async def _sleep(runtime):
    await runtime.sleep(1)


async def _wait_asleep(runtime):
    await runtime.cell("flag").until(bool, 10)


async def _nap(runtime):
    await runtime.cell("flag", initial=1).until(bool, 10, Naps(1, 8))


async def _lock_mutex(runtime):
    async with runtime.mutex("m"):
        pass


SLEEPS = [(_sleep, "slept"), (_wait_asleep, "waited"), (_nap, "waited"), (_lock_mutex, "waited for mutex 'm'")]


@pytest.mark.parametrize(("sleeping", "what"), SLEEPS)
def test_sleeping_under_a_spin_lock_is_an_error(runtime, sleeping, what):
    lock = runtime.spin_lock("uncore->lock")

    async def body():
        async with lock:
            await sleeping(runtime)

    with pytest.raises(SleepUnderSpinLock) as raised:
        runtime.run(body())

    where = f"test_direct.py:{sleeping.__code__.co_firstlineno + 1} in {sleeping.__qualname__}"
    expected = f"{where}: agent 'MainThread' {what} while it held spin lock 'uncore->lock'"
    assert expected == str(raised.value)
    runtime.run(_sleep(runtime))


@pytest.mark.parametrize(("sleeping", "what"), SLEEPS)
def test_sleeping_in_an_atomic_section_is_an_error(runtime, sleeping, what):
    async def body():
        async with runtime.atomic():
            async with runtime.atomic():
                pass
            await sleeping(runtime)

    with pytest.raises(SleepInAtomic) as raised:
        runtime.run(body())

    where = f"test_direct.py:{sleeping.__code__.co_firstlineno + 1} in {sleeping.__qualname__}"
    assert f"{where}: agent 'MainThread' {what} inside runtime.atomic()" == str(raised.value)
    runtime.run(_sleep(runtime))


def test_spinning_is_fine_under_a_spin_lock(runtime):
    lock, cell = runtime.spin_lock("l"), runtime.cell("flag")

    async def body():
        async with lock:
            return await cell.until(bool, 10, SPINNING)

    assert not runtime.run(body())


class _Foreign:
    def __await__(self):
        yield


def test_awaiting_what_is_not_of_the_runtime_is_an_error(runtime):
    async def body():
        await _Foreign()

    problem = "awaited what is not of this runtime; await its own cells, locks and sleeps alone"
    assert problem == fails(runtime, body, AgentFailed, line=1)


def test_a_false_requirement_is_a_violation(runtime):
    recorder = Recorder(runtime.events)
    runtime.require(True, "fine")
    with pytest.raises(Violation) as raised:
        runtime.require(False, "one is two", left=1)

    assert "one is two (agent 'MainThread', at 0.000 µs)" == str(raised.value)
    assert [("violation", ("one is two", {"left": 1}))] == [(event.kind, event.values) for event in recorder]


def test_agents_are_threads_that_share_cells_and_locks():
    runtime = DirectRuntime()
    mutex, lock = runtime.mutex("m"), runtime.spin_lock("l")
    added, done = runtime.cell("added"), runtime.cell("done")
    plain = {"mutex": 0, "spin_lock": 0}
    stored = runtime.cell("stored")

    async def client():
        for _ in range(200):
            async with mutex:
                seen = plain["mutex"]
                await stored.store(seen)
                plain["mutex"] = seen + 1
            async with lock:
                seen = plain["spin_lock"]
                await stored.load()
                plain["spin_lock"] = seen + 1
            await added.update(lambda value: value + 1)
            async with runtime.atomic():
                await added.store(await added.load() + 1)
        await done.update(lambda value: value + 1)

    for number in range(4):
        runtime.agent(f"client {number}", client)
    with runtime:
        runtime.run(_set(done, 4))

    assert {"mutex": 800, "spin_lock": 800} == plain
    assert 1600 == runtime.run(_content(added))


def test_events_of_a_lock_never_overlap_between_threads():
    runtime = DirectRuntime()
    mutex, done = runtime.mutex("m"), runtime.cell("done")
    recorder = Recorder(runtime.events)

    async def client():
        for _ in range(100):
            async with mutex:
                pass
        await done.update(lambda value: value + 1)

    for number in range(3):
        runtime.agent(f"client {number}", client)
    with runtime:
        runtime.run(_set(done, 3))

    taken, given = list(recorder)[::2], list(recorder)[1::2]
    assert {"mutex_lock"} == {event.kind for event in taken}
    assert {"mutex_unlock"} == {event.kind for event in given}
    assert [event.agent for event in taken] == [event.agent for event in given]


def test_a_thread_bears_its_agents_name():
    runtime = DirectRuntime()
    names, done = [], runtime.cell("done")

    async def client():
        names.append(runtime.acting)
        await done.store(1)

    runtime.agent("rcs0", client)
    with runtime:
        runtime.run(_set(done))

    assert ["rcs0"] == names


def test_an_agent_added_after_the_start_begins_at_once():
    runtime = DirectRuntime()
    done = runtime.cell("done")

    async def client():
        await done.store(1)

    with runtime:
        runtime.agent("late", client)
        runtime.run(_set(done))


def test_starting_twice_starts_once():
    runtime = DirectRuntime()
    begun = runtime.cell("begun")

    async def client():
        await begun.update(lambda value: value + 1)

    runtime.agent("client", client)
    runtime.start()
    runtime.start()
    runtime.run(_set(begun))
    runtime.close()

    assert 1 == runtime.run(_content(begun))


def test_agents_end_where_they_sleep_or_wait_when_the_runtime_is_closed():
    runtime = DirectRuntime()
    mutex, ready, never = runtime.mutex("m"), runtime.cell("ready"), runtime.cell("never")
    went_on = []

    async def waiter():
        async with mutex:
            await ready.update(lambda value: value + 1)
            await never.until(bool)
            went_on.append("waiter")

    async def spinner():
        await ready.update(lambda value: value + 1)
        await never.until(bool, how=SPINNING)
        went_on.append("spinner")

    async def sleeper():
        await ready.update(lambda value: value + 1)
        while True:
            await runtime.sleep(10)

    async def again():
        await ready.update(lambda value: value + 1 if value < 1000 else value)

    for body in (waiter, spinner, sleeper):
        runtime.agent(body.__name__, body)
    runtime.agent("again", again, forever=True)
    with runtime:
        runtime.run(_set(ready, 1000))

    assert [] == went_on
    assert not {"waiter", "spinner", "sleeper", "again"} & {thread.name for thread in threading.enumerate()}
    runtime.run(_take(mutex))


async def _set(cell, wanted=1):
    await cell.until(lambda value: value == wanted)


async def _content(cell):
    return await cell.load()


async def _take(lock):
    async with lock:
        pass


@pytest.mark.parametrize("error", [GputlbError("no such register"), Violation("wrong", "client", 0, {})])
def test_closing_raises_what_an_agent_raised(error):
    runtime = DirectRuntime()

    async def client():
        raise error

    runtime.agent("client", client)
    runtime.start()
    with pytest.raises(type(error)) as raised:
        runtime.close()

    assert error is raised.value


def test_closing_wraps_what_an_agents_own_code_raised():
    runtime = DirectRuntime()

    async def client():
        raise KeyError("x")

    runtime.agent("client", client)
    runtime.start()
    with pytest.raises(AgentFailed) as raised:
        runtime.close()

    where = f"test_direct.py:{client.__code__.co_firstlineno + 1} in {client.__qualname__}"
    assert f"{where}: agent 'client' raised KeyError('x')" == str(raised.value)
    assert isinstance(raised.value.__cause__, KeyError)
    runtime.close()


def test_a_body_must_make_a_coroutine():
    runtime = DirectRuntime()

    async def client():
        pass

    def plain():
        return 5

    with pytest.raises(
        NotACoroutine, match=r": agent 'a' was given a coroutine; give the function that makes it, not called$"
    ):
        runtime.agent("a", cast("Any", client()))

    runtime.agent("b", plain)
    runtime.start()
    with pytest.raises(NotACoroutine) as raised:
        runtime.close()

    where = f"test_direct.py:{plain.__code__.co_firstlineno} in {plain.__qualname__}"
    expected = f"{where}: agent 'b' has a body that gave 5, not a coroutine; write it with `async def`"
    assert expected == str(raised.value)
