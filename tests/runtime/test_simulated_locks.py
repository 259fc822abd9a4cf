"""Locks in virtual time: first come, first served; and what one may not do with them."""

from __future__ import annotations

import pytest

from gputlb.runtime import (
    SPINNING,
    Exponential,
    LockLeftHeld,
    LockNotHeld,
    LockReentered,
    Naps,
    Recorder,
    SimulatedRuntime,
    SleepInAtomic,
    SleepUnderSpinLock,
    Stuck,
)

KINDS = ["mutex", "spin_lock"]


def fails(body, error, runtime, *, line):
    """Run `body` as agent 'offender' and return what is said after the place, which must be its given line."""
    runtime.agent("offender", body)
    with pytest.raises(error) as raised:
        runtime.run()
    where = f"test_simulated_locks.py:{body.__code__.co_firstlineno + line} in {body.__qualname__}"
    assert where == raised.value.place
    assert "offender" == raised.value.agent
    text = str(raised.value)
    assert text.startswith(f"{where}: agent 'offender' ")
    return text.removeprefix(f"{where}: agent 'offender' ")


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("explicitly", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_is_handed_on_in_the_order_of_coming(kind, explicitly, observed):
    runtime = SimulatedRuntime()
    lock = getattr(runtime, kind)("the lock")
    door = runtime.cell("door")
    turns = []
    if observed:
        Recorder(runtime.events)

    def client(name, comes_us):
        async def body():
            await runtime.sleep(comes_us)
            if explicitly:
                await lock.acquire()
                turns.append(name)
                await lock.release()
            else:
                async with lock:
                    turns.append(name)

        return body

    async def first():
        async with lock:
            await door.until(bool, how=SPINNING)

    async def opener():
        await runtime.sleep(50)
        await door.store(1)

    runtime.agent("first", first)
    for name, comes_us in (("c", 30), ("a", 10), ("b", 20), ("d", 30)):
        runtime.agent(name, client(name, comes_us))
    runtime.agent("opener", opener)
    runtime.run()

    assert ["a", "b", "c", "d"] == turns


@pytest.mark.parametrize("seed", range(5))
def test_no_two_agents_are_inside_at_once(seed):
    runtime = SimulatedRuntime(seed)
    mutex = runtime.mutex("m")
    inside = []

    async def client():
        for _ in range(50):
            await runtime.sleep(Exponential(10))
            async with mutex:
                inside.append(runtime.acting)
                assert 1 == len(inside)
                await runtime.sleep(Exponential(3))
                inside.pop()

    for number in range(8):
        runtime.agent(f"client {number}", client)
    runtime.run()


@pytest.mark.parametrize(
    ("kind", "taken", "given"), [("mutex", "mutex_lock", "mutex_unlock"), ("spin_lock", "lock", "unlock")]
)
def test_taking_and_giving_back_are_events(kind, taken, given):
    runtime = SimulatedRuntime()
    lock = getattr(runtime, kind)("the lock")
    recorder = Recorder(runtime.events)

    async def client():
        async with lock:
            await runtime.cell("never").until(bool, 2, SPINNING)

    runtime.agent("a", client)
    runtime.agent("b", client)
    runtime.run()

    assert [
        (0, "a", taken, ("the lock",)),
        (2000, "a", given, ("the lock",)),
        (2000, "b", taken, ("the lock",)),
        (4000, "b", given, ("the lock",)),
    ] == list(recorder)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("explicitly", [False, True])
def test_a_lock_is_free_again_after_an_error_inside(kind, explicitly):
    runtime = SimulatedRuntime()
    lock = getattr(runtime, kind)("the lock")

    async def client():
        try:
            async with lock:
                raise KeyError
        except KeyError:
            pass
        async with lock:
            pass

    runtime.agent("client", client)
    runtime.run()


@pytest.mark.parametrize("kind", KINDS)
def test_taking_a_lock_twice_is_an_error(kind):
    runtime = SimulatedRuntime()
    lock = getattr(runtime, kind)("the lock")

    async def body():
        async with lock, lock:
            pass

    assert "asked for 'the lock', which it holds already" == fails(body, LockReentered, runtime, line=1)


@pytest.mark.parametrize("kind", KINDS)
def test_giving_back_a_lock_that_is_not_held_is_an_error(kind):
    runtime = SimulatedRuntime()
    lock = getattr(runtime, kind)("the lock")

    async def body():
        await lock.release()

    assert "released 'the lock', which it does not hold" == fails(body, LockNotHeld, runtime, line=1)


def test_giving_back_the_lock_of_another_is_an_error():
    runtime = SimulatedRuntime()
    mutex = runtime.mutex("m")

    async def owner():
        async with mutex:
            await runtime.sleep(10)

    async def body():
        await runtime.sleep(5)
        await mutex.release()

    runtime.agent("owner", owner)

    assert "released 'm', which it does not hold" == fails(body, LockNotHeld, runtime, line=2)


@pytest.mark.parametrize("kind", KINDS)
def test_ending_with_a_lock_is_an_error(kind):
    runtime = SimulatedRuntime()
    lock = getattr(runtime, kind)("the lock")

    async def body():
        await lock.acquire()

    assert "ended while it still held 'the lock'" == fails(body, LockLeftHeld, runtime, line=0)


def test_ending_a_round_with_a_lock_is_an_error():
    runtime = SimulatedRuntime()
    mutex = runtime.mutex("m")

    async def body():
        await runtime.sleep(1)
        await mutex.acquire()

    runtime.agent("offender", body, forever=True)
    with pytest.raises(LockLeftHeld, match=r"agent 'offender' ended while it still held 'm'$"):
        runtime.run()


def test_a_lock_that_another_function_gives_back_is_fine():
    runtime = SimulatedRuntime()
    mutex = runtime.mutex("m")

    async def begin():
        await mutex.acquire()

    async def body():
        await begin()
        await runtime.sleep(1)
        await mutex.release()

    runtime.agent("client", body)
    runtime.run()

    assert 1000 == runtime.now_ns


async def _sleep(runtime):
    await runtime.sleep(1)


async def _sleep_a_duration(runtime):
    await runtime.sleep(Exponential(1))


async def _wait_asleep(runtime):
    await runtime.cell("flag").until(bool, 10)


async def _nap(runtime):
    await runtime.cell("flag", initial=1).until(bool, 10, Naps(1, 8))


async def _lock_mutex(runtime):
    async with runtime.mutex("m"):
        pass


async def _acquire_mutex(runtime):
    await runtime.mutex("m").acquire()


SLEEPS = [
    (_sleep, "slept"),
    (_sleep_a_duration, "slept"),
    (_wait_asleep, "waited for cell 'flag'"),
    (_nap, "waited for cell 'flag'"),
    (_lock_mutex, "waited for mutex 'm'"),
    (_acquire_mutex, "waited for mutex 'm'"),
]


@pytest.mark.parametrize(("sleeping", "what"), SLEEPS)
def test_sleeping_under_a_spin_lock_is_an_error(sleeping, what):
    runtime = SimulatedRuntime()
    mutex = runtime.mutex("outer")
    lock = runtime.spin_lock("uncore->lock")

    async def body():
        async with mutex, lock:
            await sleeping(runtime)

    runtime.agent("offender", body)
    with pytest.raises(SleepUnderSpinLock) as raised:
        runtime.run()

    where = f"test_simulated_locks.py:{sleeping.__code__.co_firstlineno + 1} in {sleeping.__qualname__}"
    expected = f"{where}: agent 'offender' {what} while it held spin lock 'uncore->lock'"
    assert expected == str(raised.value)


@pytest.mark.parametrize(("sleeping", "what"), SLEEPS)
def test_sleeping_in_an_atomic_section_is_an_error(sleeping, what):
    runtime = SimulatedRuntime()

    async def body():
        async with runtime.atomic():
            await sleeping(runtime)

    runtime.agent("offender", body)
    with pytest.raises(SleepInAtomic) as raised:
        runtime.run()

    where = f"test_simulated_locks.py:{sleeping.__code__.co_firstlineno + 1} in {sleeping.__qualname__}"
    assert f"{where}: agent 'offender' {what} inside runtime.atomic()" == str(raised.value)


def test_spinning_for_what_is_not_so_in_an_atomic_section_is_an_error():
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")

    async def body():
        async with runtime.atomic():
            await cell.until(bool, 10, SPINNING)

    assert "waited for cell 'flag' inside runtime.atomic()" == fails(body, SleepInAtomic, runtime, line=2)


def test_waiting_for_a_spin_lock_in_an_atomic_section_is_an_error():
    runtime = SimulatedRuntime()
    lock = runtime.spin_lock("l")

    async def owner():
        async with lock:
            await runtime.cell("flag").until(bool, 10, SPINNING)

    async def body():
        async with runtime.atomic(), lock:
            pass

    runtime.agent("owner", owner)

    assert "waited for 'l' inside runtime.atomic()" == fails(body, SleepInAtomic, runtime, line=1)


def test_what_does_not_wait_is_fine_under_a_spin_lock_and_in_an_atomic_section():
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")
    lock = runtime.spin_lock("l")

    async def body():
        async with lock:
            assert not await cell.until(bool, 10, SPINNING)
        async with runtime.atomic(), lock:
            async with runtime.atomic():
                await cell.store(1)
            assert await cell.until(bool, 10, SPINNING)
        await runtime.sleep(1)

    runtime.agent("client", body)
    runtime.run()

    assert 11_000 == runtime.now_ns


def test_two_agents_that_wait_for_each_others_mutex_are_stuck():
    runtime = SimulatedRuntime()
    a, b = runtime.mutex("a"), runtime.mutex("b")

    def client(first, second):
        async def body():
            async with first:
                await runtime.sleep(1)
                async with second:
                    pass

        return body

    runtime.agent("one", client(a, b))
    runtime.agent("two", client(b, a))
    with pytest.raises(Stuck) as raised:
        runtime.run()

    assert "nobody can act any more: one waits for 'b', held by 'two'; two waits for 'a', held by 'one'" == str(
        raised.value
    )
