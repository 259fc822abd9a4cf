"""Register access: forcewake is counted, asked for in order and given back late; waits have two phases."""

from __future__ import annotations

from typing import Any

import pytest

from gputlb import facts
from gputlb.driver import Uncore
from gputlb.runtime import DirectRuntime, PlainRegisters, Recorder, SimulatedRuntime, SleepUnderSpinLock, SteppedClock
from tests.driver.parts import Bar, Bench

RENDER, GT = (0xA278, 0xD84), (0xA188, 0x130044)


class TwoDomains:
    """Two forcewake domains, over registers that answer at once."""

    def __init__(self, runtime: Any = None) -> None:
        self.runtime = runtime or DirectRuntime(clock=SteppedClock())
        rows = facts.forcewake_domains(facts.platform("TGL"))[:2]
        self.bar = Bar(rows)
        self.recorder = Recorder(self.runtime.events)
        self.uncore = Uncore(self.runtime, PlainRegisters(self.runtime, self.bar), domains=rows)

    def run(self, coroutine: Any) -> Any:
        return self.runtime.run(coroutine)

    def references(self) -> list[int]:
        return [self.run(self.uncore.references(name)) for name in ("render", "gt")]

    def said(self, *kinds: str) -> list[tuple[Any, ...]]:
        return [(event.kind, *event.values) for event in self.recorder if event.kind in kinds]


def test_the_first_get_asks_every_domain_then_awaits_every_answer():
    two = TwoDomains()
    two.run(two.uncore.forcewake_get())

    assert [(RENDER[0], 0x10001), (GT[0], 0x10001)] == two.bar.writes
    assert [
        ("fw_get", "ALL"),
        ("lock", "uncore"),
        ("fw_awake", "render"),
        ("fw_awake", "gt"),
        ("unlock", "uncore"),
    ] == [(event.kind, *event.values) for event in two.recorder]


def test_a_second_get_only_counts():
    two = TwoDomains()
    two.run(two.uncore.forcewake_get())
    two.run(two.uncore.forcewake_get("GT"))

    assert [1, 2] == two.references()
    assert 2 == len(two.bar.writes)


def test_the_last_put_lets_a_domain_sleep_at_once():
    two = TwoDomains()
    two.run(two.uncore.forcewake_get())
    two.run(two.uncore.forcewake_get("GT"))
    two.bar.writes.clear()
    two.run(two.uncore.forcewake_put())

    assert [(RENDER[0], 0x10000)] == two.bar.writes
    assert [0, 1] == two.references()


def test_a_delayed_put_keeps_the_reference_for_its_timer():
    two = TwoDomains()
    two.run(two.uncore.forcewake_get())
    two.bar.writes.clear()
    two.run(two.uncore.forcewake_put_delayed())

    assert [1, 1] == two.references()
    assert [] == two.bar.writes


def test_a_put_too_many_is_an_error():
    two = TwoDomains()

    with pytest.raises(Exception, match="forcewake was given back once more than it was taken"):
        two.run(two.uncore.forcewake_put())


def timed(*steps: tuple[int, str]) -> list[tuple[float, str, str]]:
    """Run gets and delayed puts at given microseconds under real timers; return who woke and slept, and when."""
    runtime = SimulatedRuntime(seed=1)
    rows = facts.forcewake_domains(facts.platform("TGL"))[1:2]
    registers = SimulatedBar(runtime, rows)
    recorder = Recorder(runtime.events)
    uncore = Uncore(runtime, registers, domains=rows)
    uncore.start_delayed_release()

    async def act() -> None:
        now_us = 0
        for at_us, what in steps:
            await runtime.sleep(at_us - now_us)
            now_us = at_us
            await (uncore.forcewake_get() if what == "get" else uncore.forcewake_put_delayed())

    runtime.agent("client", act)
    runtime.run(until_us=20_000)
    return [
        (event.time_ns / 1000, event.kind, str(event.values[0]))
        for event in recorder
        if event.kind in ("fw_awake", "fw_asleep")
    ]


class SimulatedBar:
    """A `Bar` whose every access is over at once in virtual time."""

    def __init__(self, runtime: SimulatedRuntime, rows: Any) -> None:
        self.bar = Bar(rows)

    async def read(self, offset: int) -> int:
        return self.bar.read(offset)

    async def write(self, offset: int, value: int) -> None:
        self.bar.write(offset, value)

    async def until(self, offset: int, mask: int, value: int, timeout_us: float, how: object) -> bool:
        del timeout_us, how
        return self.bar.read(offset) & mask == value


def test_an_unused_domain_sleeps_when_its_time_is_up():
    assert [(0.0, "fw_awake", "gt"), (1600.0, "fw_asleep", "gt")] == timed((0, "get"), (100, "put"))


def test_use_before_the_time_is_up_gives_it_another_term():
    """Armed at 100 and used at 900: looked at at 1600, found touched, asleep a term later."""
    assert [(0.0, "fw_awake", "gt"), (3100.0, "fw_asleep", "gt")] == timed(
        (0, "get"), (100, "put"), (900, "get"), (950, "put")
    )


def test_a_domain_in_use_when_its_time_is_up_stays_awake():
    assert [(0.0, "fw_awake", "gt"), (8500.0, "fw_asleep", "gt")] == timed(
        (0, "get"), (100, "put"), (900, "get"), (7000, "put")
    )


def test_an_answer_that_does_not_come_is_an_error_line_and_no_more():
    two = TwoDomains()
    two.bar.silent.add(RENDER[1])
    two.run(two.uncore.forcewake_get())

    assert [("err", "render: timed out waiting for forcewake ack request.")] == two.said("err")
    assert [1, 1] == two.references()


def test_an_answer_still_up_from_before_is_awaited_first():
    two = TwoDomains()
    two.bar.silent.add(RENDER[1])
    two.bar.words[RENDER[1]] = 1
    two.run(two.uncore.forcewake_get())

    assert [("err", "render: timed out waiting for forcewake ack to clear.")] == two.said("err")


def test_all_ones_means_that_the_device_is_gone():
    two = TwoDomains()
    two.bar.silent.add(RENDER[1])
    two.bar.words[RENDER[1]] = 0xFFFFFFFF
    two.run(two.uncore.forcewake_get("ALL"))

    assert [("err", "render: MMIO unreliable (forcewake register returns 0xFFFFFFFF)!")] == two.said("err")


def test_an_answer_is_awaited_for_50_ms():
    two = TwoDomains()
    two.bar.silent.add(RENDER[1])
    two.run(two.uncore.forcewake_get())

    assert 50_000_000 <= two.runtime.now_ns < 51_000_000


def test_release_all_lets_every_domain_sleep_whatever_its_references():
    two = TwoDomains()
    two.run(two.uncore.forcewake_get())
    two.run(two.uncore.forcewake_get("GT"))
    two.bar.writes.clear()
    two.run(two.uncore.release_all())

    assert [(RENDER[0], 0x10000), (GT[0], 0x10000)] == two.bar.writes
    assert [0, 0] == two.references()


class Clearing(Bar):
    """A register whose bits clear at a given time."""

    def __init__(self, runtime: DirectRuntime, clears_us: float) -> None:
        super().__init__()
        self.runtime = runtime
        self.clears_us = clears_us
        self.looks_us: list[float] = []

    def read(self, offset: int) -> int:
        self.looks_us.append(self.runtime.now_ns / 1000)
        return 0 if self.runtime.now_ns >= self.clears_us * 1000 else 1


def wait(clears_us: float) -> tuple[bool, list[float], list[tuple[Any, ...]]]:
    runtime = DirectRuntime(clock=SteppedClock())
    recorder = Recorder(runtime.events)
    registers = Clearing(runtime, clears_us)
    uncore = Uncore(runtime, PlainRegisters(runtime, registers))
    arrived = runtime.run(uncore.wait_for_register_fw(0xCEDC, 1, 0, 100, 4))
    return arrived, registers.looks_us, [(event.kind, *event.values) for event in recorder]


def test_a_bit_that_clears_soon_is_met_spinning():
    arrived, looks_us, events = wait(40)

    assert arrived
    assert list(map(float, range(41))) == looks_us
    assert [("wait", 0xCEDC, 1, 0, 100, 4, "ok")] == events


def test_a_bit_that_clears_later_is_met_between_naps_that_double():
    arrived, looks_us, _ = wait(1000)
    assert arrived
    assert [100.0, 110.0, 130.0, 170.0, 250.0, 410.0, 730.0, 1370.0] == looks_us[101:]


def test_a_bit_that_never_clears_is_given_up_after_one_last_look():
    arrived, looks_us, events = wait(1e9)

    assert not arrived
    assert looks_us[-1] >= 100 + 4000
    assert looks_us[-2] < 100 + 4000
    assert [("wait", 0xCEDC, 1, 0, 100, 4, "timeout")] == events


def test_napping_under_a_spin_lock_is_an_error():
    runtime = DirectRuntime(clock=SteppedClock())
    uncore = Uncore(runtime, PlainRegisters(runtime, Clearing(runtime, 1e9)))

    async def nap() -> None:
        async with uncore.lock:
            await uncore.wait_for_register_fw(0xCEDC, 1, 0, 100, 4)

    with pytest.raises(SleepUnderSpinLock, match="waited while it held spin lock 'uncore'"):
        runtime.run(nap())


def test_low_offsets_move_with_a_media_gt_and_high_ones_do_not():
    bench = Bench("MTL", gt_type="media")
    uncore = bench.gt.uncore
    bench.run(uncore.write_fw(0xCEDC, 1))
    bench.run(uncore.write_fw(0x1C0000, 2))

    assert [(0x38CEDC, 1), (0x1C0000, 2)] == bench.bar.writes
    assert [("write", 0xCEDC, 1), ("write", 0x1C0000, 2)] == bench.events("write")
