"""The steering lock: a spin lock, and from 12.70 on a hardware semaphore and a selector as well."""

from __future__ import annotations

from tests.driver.parts import Bench

QUIET = {"lock", "unlock", "fw_awake", "fw_asleep"}


def steered(platform: str, semaphore: int = 1) -> Bench:
    bench = Bench(platform).set_up()
    bench.bar.words[0xFD0] = semaphore

    async def write() -> None:
        async with bench.gt.steering:
            await bench.gt.steering.multicast_write_fw(0xCEDC, 0x10001)

    bench.run(write())
    return bench


def test_before_12_70_it_is_a_spin_lock_and_a_plain_write():
    assert [("lock", "mcr"), ("mcr_write", 0xCEDC, 0x10001), ("unlock", "mcr")] == steered("DG2").events()


def test_from_12_70_on_the_semaphore_comes_first_and_multicast_is_selected_each_time():
    assert [
        ("fw_get", "GT"),
        ("lock", "uncore"),
        ("fw_awake", "gt"),
        ("unlock", "uncore"),
        ("sem_wait", 0xFD0, 1, 100, "ok"),
        ("lock", "mcr"),
        ("write", 0xFD4, 0x80000000),
        ("mcr_write", 0xCEDC, 0x10001),
        ("unlock", "mcr"),
        ("write", 0xFD0, 1),
        ("fw_put", "GT"),
        ("lock", "uncore"),
        ("fw_asleep", "gt"),
        ("unlock", "uncore"),
    ] == steered("MTL").events()


def test_a_semaphore_that_is_never_free_is_passed_over_after_100_ms_with_a_word():
    bench = steered("MTL", semaphore=0)
    kinds = [event for event in bench.events() if event[0] not in QUIET]

    assert [
        ("fw_get", "GT"),
        ("sem_wait", 0xFD0, 1, 100, "timeout"),
        ("err", "GT0: hardware MCR steering semaphore timed out"),
        ("taint", "WARN"),
        ("write", 0xFD4, 0x80000000),
        ("mcr_write", 0xCEDC, 0x10001),
        ("write", 0xFD0, 1),
        ("fw_put", "GT"),
    ] == kinds
    assert bench.runtime.now_ns >= 100_000_000
