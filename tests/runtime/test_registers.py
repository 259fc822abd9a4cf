"""The user's own registers: anything with `read` and `write`."""

from __future__ import annotations

import pytest

from gputlb.runtime import SPINNING, DirectRuntime, Naps, PlainRegisters, SleepUnderSpinLock, SteppedClock


class Array:
    """Registers in a dict; the bits of `clears_us` clear after so many microseconds."""

    def __init__(self, runtime, clears_us=None):
        self.runtime = runtime
        self.clears_us = clears_us
        self.values = {}
        self.looks_us = []

    def read(self, offset):
        self.looks_us.append(self.runtime.now_ns // 1000)
        if self.clears_us is not None and self.runtime.now_ns >= self.clears_us * 1000:
            return 0
        return self.values.get(offset, 0)

    def write(self, offset, value):
        self.values[offset] = value


def begin(clears_us=None):
    runtime = DirectRuntime(clock=SteppedClock())
    array = Array(runtime, clears_us)
    return runtime, array, PlainRegisters(runtime, array)


def test_reads_and_writes_go_to_the_users_object():
    runtime, array, registers = begin()
    runtime.run(registers.write(0xCED8, 1))

    assert {0xCED8: 1} == array.values
    assert 1 == runtime.run(registers.read(0xCED8))


@pytest.mark.parametrize(
    ("how", "looks_us"),
    [(SPINNING, [0, 1, 2, 3]), (Naps(1, 2), [0, 1, 3])],
)
def test_a_wait_looks_until_the_bits_have_the_value(how, looks_us):
    runtime, array, registers = begin(clears_us=3)
    array.values[0xCED8] = 0b11

    assert runtime.run(registers.until(0xCED8, 0b01, 0, 10, how))
    assert looks_us == array.looks_us


@pytest.mark.parametrize(("how", "looks_us"), [(SPINNING, [0, 1, 2, 3, 4]), (Naps(1, 2), [0, 1, 3, 5])])
def test_a_wait_gives_up_after_a_last_look(how, looks_us):
    runtime, array, registers = begin()
    array.values[0xCED8] = 1

    assert not runtime.run(registers.until(0xCED8, 1, 0, 4, how))
    assert looks_us == array.looks_us


def test_bits_outside_the_mask_do_not_matter():
    runtime, array, registers = begin()
    array.values[0xCED8] = 0b10

    assert runtime.run(registers.until(0xCED8, 0b01, 0, 0, SPINNING))


def test_napping_under_a_spin_lock_is_an_error_even_if_the_bits_are_right():
    runtime, _, registers = begin()
    lock = runtime.spin_lock("uncore->lock")

    async def body():
        async with lock:
            assert await registers.until(0, 1, 0, 10, SPINNING)
            await registers.until(0, 1, 0, 10, Naps(10, 1000))

    with pytest.raises(SleepUnderSpinLock) as raised:
        runtime.run(body())

    where = f"test_registers.py:{body.__code__.co_firstlineno + 3} in {body.__qualname__}"
    expected = f"{where}: agent 'MainThread' waited while it held spin lock 'uncore->lock'"
    assert expected == str(raised.value)
