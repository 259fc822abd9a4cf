"""Cells in virtual time: one step each, and three ways to wait for a value."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from gputlb.runtime import (
    SPINNING,
    AgentFailed,
    CellOverflow,
    Naps,
    NegativeSpan,
    NeverPausing,
    SimulatedRuntime,
    Stuck,
)

KERNEL_NAPS = Naps(10, 1000)
LOOKS_US = [0, 10, 30, 70, 150, 310, 630, 1270, 2550, 3830, 5110]


def run(*bodies, runtime=None):
    runtime = runtime or SimulatedRuntime()
    for number, body in enumerate(bodies):
        runtime.agent(f"agent {number}", body)
    runtime.run()
    return runtime


def test_a_cell_keeps_what_is_stored():
    runtime = SimulatedRuntime()
    cell = runtime.cell("word", initial=3)
    seen = []

    async def client():
        seen.append(await cell.load())
        await cell.store(0xFFFF_FFFF)
        seen.append(await cell.update(lambda old: old & 0xF0))
        seen.append(await cell.load())

    run(client, runtime=runtime)

    assert [3, 0xFFFF_FFFF, 0xF0] == seen


def test_cells_are_cleared_and_who_waits_for_that_is_told():
    runtime = SimulatedRuntime()
    cells = [runtime.cell(f"slot {number}", initial=number) for number in range(3)]
    seen: list[object] = []

    async def waiter():
        seen.append(await cells[2].until(lambda value: value == 0, timeout_us=10))

    async def client():
        await runtime.sleep(1)
        await runtime.clear(cells)
        seen.append([await cell.load() for cell in cells])

    run(waiter, client, runtime=runtime)

    assert [[0, 0, 0], True] == seen
    assert 1000 == runtime.now_ns


@pytest.mark.parametrize("value", [256, -1])
def test_what_does_not_fit_is_refused_and_leaves_the_cell_as_it_was(value):
    runtime = SimulatedRuntime()
    cell: Any = runtime.cell("byte", bits=8, initial=7)

    async def client():
        await cell.store(value)

    with pytest.raises(CellOverflow) as raised:
        run(client, runtime=runtime)

    line = client.__code__.co_firstlineno + 1
    where = f"test_simulated_cell.py:{line} in {client.__qualname__}"
    assert f"{where}: agent 'agent 0' stored {value:#x} in cell 'byte' of 8 bits" == str(raised.value)
    assert 7 == cell.value


def test_an_update_that_overflows_leaves_the_cell_as_it_was():
    runtime = SimulatedRuntime()
    cell: Any = runtime.cell("bit", bits=1, initial=1)

    async def client():
        await cell.update(lambda old: old + 1)

    with pytest.raises(CellOverflow, match=r"agent 'agent 0' stored 0x2 in cell 'bit' of 1 bits$"):
        run(client, runtime=runtime)
    assert 1 == cell.value


def until_end(how_long_us, timeout_us, changes_us, **how):
    """Return the answer and the end of a wait for 1, in a cell that is toggled at each of `changes_us`."""
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")
    seen = []

    async def waiter():
        fulfilled = await cell.until(lambda value: value == 1, timeout_us, **how)
        seen.append((fulfilled, runtime.now_ns / 1000))

    async def changer():
        for at_us in changes_us:
            await runtime.sleep(at_us - runtime.now_ns / 1000)
            await cell.update(lambda value: 1 - value)

    runtime.agent("waiter", waiter)
    runtime.agent("changer", changer)
    runtime.run(how_long_us)
    return seen[0]


@pytest.mark.parametrize("how", [{}, {"how": SPINNING}])
def test_who_sleeps_or_spins_sees_a_change_when_it_happens(how):
    assert (True, 7.125) == until_end(100, None, [7.125], **how)
    assert (True, 7.125) == until_end(100, 50, [7.125], **how)


@pytest.mark.parametrize("how", [{}, {"how": SPINNING}])
def test_who_sleeps_or_spins_gives_up_when_the_time_is_over(how):
    assert (False, 50) == until_end(100, 50, [50.001], **how)


@pytest.mark.parametrize("how", [{}, {"how": SPINNING}, {"how": KERNEL_NAPS}])
def test_what_holds_already_takes_no_time(how):
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag", initial=1)
    seen = []

    async def waiter():
        seen.append(await cell.until(bool, 0, **how))

    run(waiter, runtime=runtime)

    assert [True] == seen
    assert 0 == runtime.now_ns


def test_a_wait_of_no_time_looks_once():
    assert (False, 0) == until_end(100, 0, [1])


def test_naps_double_until_one_is_long_enough():
    assert LOOKS_US == [
        KERNEL_NAPS.look_ns(0, after) // 1000 for after in (0, *(us * 1000 + 1 for us in LOOKS_US[:-1]))
    ]


@pytest.mark.parametrize(("before_us", "look_us"), list(pairwise(LOOKS_US)))
def test_who_naps_sees_a_change_at_its_next_look(before_us, look_us):
    assert (True, look_us) == until_end(10_000, 4000, [before_us + 0.001], how=KERNEL_NAPS)


@pytest.mark.parametrize("timeout_us", [3830.001, 4000, 5110])
def test_who_naps_looks_for_a_last_time_when_the_time_is_over(timeout_us):
    assert (False, 5110) == until_end(10_000, timeout_us, [], how=KERNEL_NAPS)
    assert (True, 5110) == until_end(10_000, timeout_us, [5100], how=KERNEL_NAPS)


def test_who_naps_never_sees_a_change_that_is_undone_between_two_looks():
    assert (False, 5110) == until_end(10_000, 4000, [40, 60], how=KERNEL_NAPS)
    assert (True, 150) == until_end(10_000, 4000, [40, 60, 80], how=KERNEL_NAPS)


def test_who_naps_sees_a_change_right_after_a_look_in_vain_at_its_next_look():
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")
    seen = []

    async def waiter():
        seen.append((await cell.until(bool, None, KERNEL_NAPS), runtime.now_ns // 1000))

    async def flicker():
        await runtime.sleep(5)
        await cell.store(1)
        await runtime.sleep(1)
        await cell.store(0)

    async def late():
        await runtime.sleep(6)
        await runtime.sleep(4)  # at 10 µs, after the look of that time
        await cell.store(1)

    run(waiter, flicker, late, runtime=runtime)

    assert [(True, 30)] == seen


def test_who_naps_does_not_look_twice_at_the_start():
    assert (True, 10) == until_end(100, None, [0], how=KERNEL_NAPS)


def test_a_wait_without_end_is_not_cut_short():
    assert (True, 5110) == until_end(10_000, None, [4000], how=KERNEL_NAPS)


def test_all_who_wait_are_woken_in_the_order_of_coming():
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")
    seen = []

    def waiter(name):
        async def body():
            await cell.until(bool)
            seen.append(name)

        return body

    async def changer():
        await runtime.sleep(1)
        await cell.store(1)
        seen.append("stored")

    run(waiter("a"), waiter("b"), changer, runtime=runtime)

    assert ["stored", "a", "b"] == seen


def test_time_does_not_run_on_to_a_timeout_that_was_met():
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")

    async def waiter():
        assert await cell.until(bool, timeout_us=1_000_000)
        assert await cell.until(bool, timeout_us=1_000_000)
        assert not await cell.until(lambda value: value == 2, timeout_us=7)

    async def other():
        assert await cell.until(bool, timeout_us=1_000_000)

    async def changer():
        await runtime.sleep(3)
        await cell.store(1)

    run(waiter, other, changer, runtime=runtime)

    assert 10_000 == runtime.now_ns


@pytest.mark.parametrize("how", [{}, {"how": SPINNING}, {"how": KERNEL_NAPS}])
def test_a_negative_timeout_is_refused(how):
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")

    async def waiter():
        await cell.until(bool, -5, **how)

    with pytest.raises(NegativeSpan) as raised:
        run(waiter, runtime=runtime)

    line = waiter.__code__.co_firstlineno + 1
    where = f"test_simulated_cell.py:{line} in {waiter.__qualname__}"
    assert f"{where}: agent 'agent 0' waited for cell 'flag' with a timeout of -5 µs" == str(raised.value)


@pytest.mark.parametrize("operation", ["load", "update"])
def test_a_loop_that_polls_a_cell_is_told_to_wait(operation):
    runtime = SimulatedRuntime()
    runtime.most_steps_at_once = 1000
    cell = runtime.cell("flag")

    async def poller():
        while not await (cell.load() if operation == "load" else cell.update(lambda value: value)):
            pass

    with pytest.raises(NeverPausing) as raised:
        run(poller, runtime=runtime)

    line = poller.__code__.co_firstlineno + 1
    where = f"test_simulated_cell.py:{line} in {poller.__qualname__}"
    problem = "looks at cell 'flag' again and again without time passing; wait with `until`"
    assert f"{where}: agent 'agent 0' {problem}" == str(raised.value)


def test_a_thousand_looks_with_time_between_them_are_no_loop():
    runtime = SimulatedRuntime()
    runtime.most_steps_at_once = 10
    cell = runtime.cell("flag")

    async def poller():
        for _ in range(1000):
            await cell.load()
            await runtime.sleep(0.001)

    run(poller, runtime=runtime)


def test_agents_that_wake_each_other_without_end_are_noticed():
    runtime = SimulatedRuntime()
    runtime.most_steps_at_once = 1000
    cell = runtime.cell("turn")

    def player(mine):
        async def body():
            while True:
                await cell.until(lambda value: value == mine)
                await cell.store(1 - mine)

        return body

    with pytest.raises(NeverPausing, match=r"agent 'agent [01]' goes round and round without time passing$"):
        run(player(0), player(1), runtime=runtime)


def test_a_predicate_that_fails_is_reported_where_it_is_written():
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")

    def picky(value):
        if runtime.now_ns:
            raise ValueError("no")
        return False

    async def waiter():
        await cell.until(picky, 5)

    with pytest.raises(AgentFailed) as raised:
        run(waiter, runtime=runtime)

    line = picky.__code__.co_firstlineno + 2
    where = f"test_simulated_cell.py:{line} in {picky.__qualname__}"
    assert f"{where}: agent 'agent 0' raised ValueError('no')" == str(raised.value)


def test_who_waits_for_what_is_said_when_nobody_can_act():
    runtime = SimulatedRuntime()
    cell = runtime.cell("flag")

    async def waiter():
        await cell.until(bool)

    with pytest.raises(Stuck) as raised:
        run(waiter, waiter, runtime=runtime)

    expected = "nobody can act any more: agent 0 waits for cell 'flag'; agent 1 waits for cell 'flag'"
    assert expected == str(raised.value)
    assert {"agent 0": "cell 'flag'", "agent 1": "cell 'flag'"} == raised.value.waiting
