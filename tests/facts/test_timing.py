"""The driver waits as long as the kernel does."""

from __future__ import annotations

from gputlb.facts import timing, timing_rows


def test_a_register_is_polled_for_100_us_and_then_4_ms():
    assert (timing().mmio_spin_us, timing().mmio_sleep_ms) == (100, 4)


def test_naps_double_from_10_us_to_1_ms():
    assert (timing().nap_first_us, timing().nap_longest_us) == (10, 1000)


def test_the_hardware_takes_40_us_as_a_rule_and_never_more_than_1_ms():
    times = timing()

    assert (times.hardware_typical_us, times.hardware_pessimistic_us, times.hardware_cap_us) == (
        40,
        100,
        1000,
    )


def test_messages_are_waited_for_in_seconds():
    assert (timing().guc_response_ms, timing().xe_fence_ms) == (2000, 2250)


def test_every_time_has_a_row_of_its_own():
    assert [row.name for row in timing_rows()] == list(timing().__struct_fields__)
