"""Virtual time: who acts when, what is an error, and that the same seed gives the same run."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gputlb
from gputlb.runtime import (
    SPINNING,
    AgentFailed,
    Constant,
    Exponential,
    Latency,
    Naps,
    NegativeSpan,
    NeverPausing,
    NotACoroutine,
    Recorder,
    Runtime,
    SimulatedRuntime,
    SleepUnderSpinLock,
    Stuck,
    Violation,
)


def line_of(function, after):
    return f"test_simulated.py:{function.__code__.co_firstlineno + after} in {function.__qualname__}"


def test_agents_take_turns_in_the_order_in_which_they_became_ready():
    runtime = SimulatedRuntime()
    turns = []

    def client(name, *naps_us):
        async def body():
            for nap_us in naps_us:
                await runtime.sleep(nap_us)
                turns.append((runtime.now_ns, name))

        return body

    runtime.agent("a", client("a", 2, 2))
    runtime.agent("b", client("b", 1, 1, 2))
    runtime.agent("c", client("c", 0, 4))
    runtime.run()

    assert [(0, "c"), (1000, "b"), (2000, "a"), (2000, "b"), (4000, "c"), (4000, "a"), (4000, "b")] == turns


@pytest.mark.parametrize(
    ("duration", "span_ns"),
    [(3, 3000), (0, 0), (True, 1000), (0.25, 250), (0.0004, 0), (0.0006, 1), (Constant(1.5), 1500)],
)
def test_spans_are_rounded_to_whole_nanoseconds(duration, span_ns):
    runtime = SimulatedRuntime()

    async def client():
        await runtime.sleep(duration)

    runtime.agent("client", client)
    runtime.run()

    assert span_ns == runtime.now_ns
    assert isinstance(runtime.now_ns, int)


@pytest.mark.parametrize(("duration", "text"), [(-2, "-2"), (-0.5, "-0.5"), (Constant(-1), "-1")])
def test_time_does_not_go_back(duration, text):
    runtime = SimulatedRuntime()

    async def client():
        await runtime.sleep(duration)

    runtime.agent("client", client)
    with pytest.raises(NegativeSpan) as raised:
        runtime.run()

    assert f"{line_of(client, 1)}: agent 'client' slept for {text} µs" == str(raised.value)


def test_a_run_may_be_cut_short_and_resumed():
    def records(*untils_us):
        runtime = SimulatedRuntime(seed=3)
        recorder = Recorder(runtime.events)
        mutex = runtime.mutex("m")

        async def client():
            for _ in range(20):
                await runtime.sleep(Exponential(5))
                async with mutex:
                    await runtime.sleep(3)

        runtime.agent("a", client)
        runtime.agent("b", client)
        for until_us in untils_us:
            runtime.run(until_us)
            assert until_us * 1000 == runtime.now_ns
        runtime.run()
        return list(recorder)

    assert records() == records(0, 3, 10, 10, 50)


def test_what_is_due_at_the_end_of_a_cut_is_done():
    runtime = SimulatedRuntime()
    seen = []

    async def client():
        await runtime.sleep(10)
        seen.append(runtime.now_ns)

    runtime.agent("client", client)
    runtime.run(9.999)
    assert [] == seen
    runtime.run(10)
    assert [10_000] == seen


def test_a_cut_in_the_past_does_not_turn_the_clock_back():
    runtime = SimulatedRuntime()

    async def client():
        await runtime.sleep(1)
        await runtime.sleep(100)

    runtime.agent("client", client)
    runtime.run(50)
    runtime.run(20)
    assert 50_000 == runtime.now_ns

    runtime.run()
    assert 101_000 == runtime.now_ns


def test_time_goes_on_to_the_cut_when_all_have_ended():
    runtime = SimulatedRuntime()
    runtime.run(25)

    assert 25_000 == runtime.now_ns


def test_agents_may_be_added_meanwhile_and_afterwards():
    runtime = SimulatedRuntime()
    acted = []

    async def child():
        acted.append((runtime.acting, runtime.now_ns))

    async def parent():
        await runtime.sleep(1)
        runtime.agent("child", child)
        await runtime.sleep(1)
        acted.append((runtime.acting, runtime.now_ns))

    runtime.agent("parent", parent)
    runtime.run()
    runtime.agent("late", child)
    runtime.run()

    assert [("child", 1000), ("parent", 2000), ("late", 2000)] == acted


def test_an_agent_for_ever_begins_anew_each_time_and_keeps_nobody_waiting():
    runtime = SimulatedRuntime()
    rounds = []
    asked = runtime.cell("asked")

    async def server():
        await asked.until(bool)
        await runtime.sleep(2)
        await asked.store(0)
        rounds.append(runtime.now_ns)

    async def client():
        for _ in range(3):
            await asked.store(1)
            await asked.until(lambda value: value == 0)

    runtime.agent("server", server, forever=True)
    runtime.agent("client", client)
    runtime.run()

    assert [2000, 4000, 6000] == rounds


def test_nobody_acts_before_and_after_a_run():
    runtime = SimulatedRuntime()
    recorder = Recorder(runtime.events)

    async def client():
        runtime.emit("trace")

    runtime.agent("client", client)
    runtime.emit("trace")
    runtime.run()
    runtime.emit("trace")

    assert ["nobody", "client", "nobody"] == [event.agent for event in recorder]


def test_an_agent_that_fails_is_named_with_the_line_that_raised():
    runtime = SimulatedRuntime()

    async def inner():
        await runtime.sleep(1)
        raise KeyError("x")

    async def client():
        await inner()

    runtime.agent("client", client)
    with pytest.raises(AgentFailed) as raised:
        runtime.run()

    assert f"{line_of(inner, 2)}: agent 'client' raised KeyError('x')" == str(raised.value)
    assert isinstance(raised.value.__cause__, KeyError)


def test_an_agent_that_failed_is_dead_and_the_others_go_on():
    runtime = SimulatedRuntime()
    seen = []

    async def dying():
        await runtime.sleep(1)
        raise KeyError

    async def living():
        await runtime.sleep(1)
        seen.append(runtime.now_ns)
        await runtime.sleep(1)
        seen.append(runtime.now_ns)

    runtime.agent("dying", dying)
    runtime.agent("living", living)
    with pytest.raises(AgentFailed):
        runtime.run()
    runtime.run()

    assert [1000, 2000] == seen


class _Foreign:
    def __await__(self):
        yield "something"


def test_awaiting_what_is_not_of_the_runtime_is_an_error():
    runtime = SimulatedRuntime()

    async def client():
        await _Foreign()

    runtime.agent("client", client)
    with pytest.raises(AgentFailed) as raised:
        runtime.run()

    problem = "awaited what is not of this runtime; await its own cells, locks and sleeps alone"
    assert f"{line_of(client, 1)}: agent 'client' {problem}" == str(raised.value)


def test_a_coroutine_in_place_of_its_function_is_an_error():
    runtime = SimulatedRuntime()

    async def client():
        pass

    with pytest.raises(NotACoroutine) as raised:
        runtime.agent("client", cast("Any", client()))

    text = str(raised.value)
    assert text.startswith("test_simulated.py:")
    assert text.endswith(": agent 'client' was given a coroutine; give the function that makes it, not called")


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_body_that_is_not_async_is_an_error(wrapped):
    runtime = SimulatedRuntime()

    def client():
        return 5

    runtime.agent("client", functools.partial(client) if wrapped else client)
    with pytest.raises(NotACoroutine) as raised:
        runtime.run()

    expected = (
        f"{line_of(client, 0)}: agent 'client' has a body that gave 5, not a coroutine; write it with `async def`"
    )
    assert expected == str(raised.value)


def test_an_agent_for_ever_that_never_waits_is_an_error():
    runtime = SimulatedRuntime()
    runtime.most_steps_at_once = 1000

    async def busy():
        pass

    runtime.agent("busy", busy, forever=True)
    with pytest.raises(NeverPausing) as raised:
        runtime.run()

    assert f"{line_of(busy, 0)}: agent 'busy' goes round and round without time passing" == str(raised.value)


def test_an_agent_that_sleeps_for_no_time_without_end_is_an_error():
    runtime = SimulatedRuntime()
    runtime.most_steps_at_once = 1000

    async def busy():
        while True:
            await runtime.sleep(0)

    runtime.agent("busy", busy)
    with pytest.raises(NeverPausing) as raised:
        runtime.run()

    assert f"{line_of(busy, 2)}: agent 'busy' goes round and round without time passing" == str(raised.value)
    runtime.run()


def test_a_violation_ends_the_run():
    runtime = SimulatedRuntime()
    recorder = Recorder(runtime.events)

    async def client():
        await runtime.sleep(1.5)
        runtime.require(True, "one is one")
        runtime.require(False, "one is two", left=1, right=2)

    runtime.agent("client", client)
    with pytest.raises(Violation) as raised:
        runtime.run()

    assert "one is two (agent 'client', at 1.500 µs)" == str(raised.value)
    violation = raised.value
    assert ("one is two", "client", 1500, {"left": 1, "right": 2}) == (
        violation.text,
        violation.agent,
        violation.time_ns,
        violation.facts,
    )
    assert [(1500, "client", "violation", ("one is two", {"left": 1, "right": 2}))] == list(recorder)
    assert 1 == runtime.violations


def test_violations_are_counted_if_they_are_not_to_end_the_run():
    runtime = SimulatedRuntime(stop_at_violation=False)
    recorder = Recorder(runtime.events)

    async def client():
        for number in range(4):
            await runtime.sleep(1)
            runtime.require(number % 2 == 0, "even", number=number)

    runtime.agent("client", client)
    runtime.run()

    assert 2 == runtime.violations
    assert [("even", {"number": 1}), ("even", {"number": 3})] == [event.values for event in recorder]


def test_who_has_not_ended_is_stuck_even_if_others_act_for_ever():
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")

    async def waits():
        await cell.until(bool)

    runtime.agent("server", waits, forever=True)
    runtime.run()
    runtime.agent("client", waits)
    with pytest.raises(Stuck, match=r"^nobody can act any more: client waits for cell 'flag'$"):
        runtime.run()
    with pytest.raises(Stuck):
        runtime.run(100)


# Small programs: what an agent does is a list of these steps, repeated.
STEPS = st.sampled_from(["sleep", "draw", "mutex", "spin", "store", "update", "until", "nap", "choose", "atomic"])
PROGRAMS = st.lists(st.lists(STEPS, min_size=1, max_size=6), min_size=1, max_size=4)


def play(programs, seed, until_us=300):
    """Return every event of agents that do what `programs` say, among them an event after each step."""
    runtime = SimulatedRuntime(seed)
    recorder = Recorder(runtime.events)
    mutex, lock = runtime.mutex("m"), runtime.spin_lock("l")
    cell: Any = runtime.cell("c", bits=2)

    async def step(what):
        match what:
            case "sleep":
                await runtime.sleep(2)
            case "draw":
                await runtime.sleep(Exponential(3))
            case "mutex":
                async with mutex:
                    await runtime.sleep(Latency(1, 5, 8))
            case "spin":
                async with lock:
                    await cell.until(lambda value: value == 1, 1, SPINNING)
            case "store":
                await cell.store(1)
            case "update":
                await cell.update(lambda value: value + 1 & 3)
            case "until":
                await cell.until(lambda value: value == 2, 10)
            case "nap":
                await cell.until(lambda value: value == 3, 20, Naps(1, 4))
            case "choose":
                await runtime.sleep(await runtime.choose(5))
            case "atomic":
                async with runtime.atomic():
                    await cell.store(await cell.load())

    def body_of(program):
        async def body():
            for what in program:
                await step(what)
                runtime.emit(what, cell.value)
            await runtime.sleep(1)

        return body

    for number, program in enumerate(programs):
        runtime.agent(f"agent {number}", body_of(program), forever=True)
    runtime.run(until_us)
    return list(recorder)


@settings(max_examples=60, deadline=None)
@given(programs=PROGRAMS, seed=st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_events(programs, seed):
    assert play(programs, seed) == play(programs, seed)


@settings(max_examples=60, deadline=None)
@given(programs=PROGRAMS, seed=st.integers(0, 2**32))
def test_time_never_goes_back(programs, seed):
    times = [event.time_ns for event in play(programs, seed)]

    assert times == sorted(times)


@settings(max_examples=30, deadline=None)
@given(programs=PROGRAMS, seed=st.integers(0, 2**32))
def test_locks_are_taken_and_given_back_in_turn(programs, seed):
    holder: dict[tuple[object, ...], str | None] = {}
    for event in play(programs, seed):
        match event.kind:
            case "mutex_lock" | "lock":
                assert None is holder.get(event.values)
                holder[event.values] = event.agent
            case "mutex_unlock" | "unlock":
                assert event.agent == holder[event.values]
                holder[event.values] = None


def test_another_seed_gives_another_run():
    assert play([["draw", "mutex"]] * 3, seed=1) != play([["draw", "mutex"]] * 3, seed=2)


def draws(names, seed=5):
    runtime = SimulatedRuntime(seed)
    drawn = []

    async def client():
        for _ in range(5):
            drawn.append((runtime.acting, await runtime.choose(1_000_000)))
            await runtime.sleep(Exponential(10))

    for name in names:
        runtime.agent(name, client)
    runtime.run()
    return [sorted(value for agent, value in drawn if agent == name) for name in names]


def test_what_an_agent_draws_does_not_depend_on_who_else_is_there():
    (alone,) = draws(["a"])

    assert alone == draws(["b", "a", "c"])[1]
    assert alone != draws(["b"])[0]
    assert alone != draws(["a"], seed=6)[0]


def search(choose_occupied, seed, places, changes):
    """Return what an agent finds in `places` cells while another one stores `changes`, and when, and a last draw."""
    runtime = SimulatedRuntime(seed)
    going = runtime.cell("going", initial=1)
    cells = [[runtime.cell(f"{name}{number}") for name in "ab"] for number in range(places)]
    found: list[object] = []

    async def seeker():
        for _ in range(5):
            number = await choose_occupied(runtime, Exponential(2), cells, going)
            found.append((runtime.now_ns, number))
        found.append(await runtime.choose(1_000_000))

    async def other():
        for pause_us, number, value in changes:
            await runtime.sleep(Exponential(pause_us))
            if number == places:
                await going.store(value)
            else:
                await cells[number][value].update(lambda old: 1 - old)
        await going.store(0)

    runtime.agent("seeker", seeker)
    runtime.agent("other", other)
    runtime.run()
    return found


@given(
    st.integers(0, 99),
    st.integers(1, 9).flatmap(
        lambda places: st.tuples(
            st.just(places),
            st.lists(st.tuples(st.sampled_from([1, 5, 50]), st.integers(0, places), st.integers(0, 1)), max_size=30),
        )
    ),
)
def test_choosing_what_is_occupied_is_what_its_parts_do(seed, places_and_changes):
    whole = search(SimulatedRuntime.choose_occupied, seed, *places_and_changes)

    assert search(Runtime.choose_occupied, seed, *places_and_changes) == whole


def test_choosing_what_is_occupied_goes_on_until_something_is():
    runtime = SimulatedRuntime()
    cells = [[runtime.cell(f"c{number}")] for number in range(3)]
    going = runtime.cell("going", initial=1)
    found = []

    async def seeker():
        found.append((await runtime.choose_occupied(Constant(1), cells, going), runtime.now_ns >= 50_000))

    async def other():
        await runtime.sleep(49.5)
        await cells[1][0].store(1)

    runtime.agent("seeker", seeker)
    runtime.agent("other", other)
    runtime.run()

    assert [(1, True)] == found


@pytest.mark.parametrize(("places", "pace", "error"), [(0, Constant(1), AgentFailed), (1, Constant(-1), NegativeSpan)])
def test_choosing_from_nothing_or_into_the_past_is_an_error(places, pace, error):
    runtime = SimulatedRuntime()
    cells = [[runtime.cell("c")] for _ in range(places)]
    going = runtime.cell("going", initial=1)

    async def seeker():
        await runtime.choose_occupied(pace, cells, going)

    runtime.agent("seeker", seeker)
    with pytest.raises(error, match="seeker"):
        runtime.run()


def test_choosing_what_is_occupied_is_sleeping_too():
    runtime = SimulatedRuntime()
    lock = runtime.spin_lock("l")

    async def seeker():
        async with lock:
            await runtime.choose_occupied(Constant(1), [[runtime.cell("c", initial=1)]], runtime.cell("going"))

    runtime.agent("seeker", seeker)
    with pytest.raises(SleepUnderSpinLock):
        runtime.run()


def test_two_agents_of_one_name_draw_from_two_streams():
    both = draws(["a", "a"])[0]

    assert 10 == len(set(both))
    assert set(draws(["a"])[0]) < set(both)


UNFINISHED = """
import gc
from gputlb.runtime import Recorder, SimulatedRuntime

def begin(until_us):
    runtime = SimulatedRuntime()
    Recorder(runtime.events)
    mutex, lock, cell = runtime.mutex("m"), runtime.spin_lock("l"), runtime.cell("c")

    async def sleeper():
        async with mutex:
            await runtime.sleep(10)

    async def explicit():
        await mutex.acquire()
        try:
            await runtime.sleep(10)
        finally:
            await mutex.release()

    async def spinner():
        from gputlb.runtime import SPINNING
        async with lock:
            await cell.until(bool, how=SPINNING)

    async def waits_for_lock():
        async with lock:
            pass

    async def waiter():
        await cell.until(bool, 1000)

    for body in (sleeper, explicit, spinner, waits_for_lock, waiter):
        runtime.agent(body.__name__, body, forever=True)
    if until_us is not None:
        runtime.run(until_us)
    return runtime

for until_us in (None, 0, 5, 15, 2000):
    begin(until_us)
    gc.collect()
kept = begin(5)
"""


def test_a_runtime_whose_agents_have_not_ended_goes_in_silence():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", UNFINISHED],
        env={"PYTHONPATH": str(Path(gputlb.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


FORGETFUL = {
    "sleep": lambda runtime: runtime.sleep(1),
    "choose": lambda runtime: runtime.choose(2),
    "choose_occupied": lambda runtime: runtime.choose_occupied(Constant(1), [()], runtime.cell("c")),
    "acquire": lambda runtime: runtime.mutex("m").acquire(),
    "release": lambda runtime: runtime.mutex("m").release(),
    "SimulatedSpinLock.acquire": lambda runtime: runtime.spin_lock("l").acquire(),
    "SimulatedSpinLock.release": lambda runtime: runtime.spin_lock("l").release(),
    "load": lambda runtime: runtime.cell("c").load(),
    "store": lambda runtime: runtime.cell("c").store(1),
    "update": lambda runtime: runtime.cell("c").update(int),
    "until": lambda runtime: runtime.cell("c").until(bool),
}


@pytest.mark.parametrize("operation", FORGETFUL)
def test_a_forgotten_await_speaks_up(operation):
    runtime = SimulatedRuntime()

    async def client():
        FORGETFUL[operation](runtime)

    runtime.agent("client", client)
    with pytest.warns(RuntimeWarning, match=rf"^coroutine '.*{operation}' was never awaited$"):
        runtime.run()
