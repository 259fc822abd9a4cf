"""How long things take, and how long a driver waits for them."""

from __future__ import annotations

from functools import cache

import msgspec

from gputlb.facts._read import converted, read_records


class TimingRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the times, with where it was read."""

    name: str
    """The field of `Timing`."""
    value: int
    """In the unit that the name ends with, or a count."""
    note: str
    """What the time is of."""
    source: str


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All times by name; `timing_rows()` says of each what it means and where it was read."""

    hardware_typical_us: int
    hardware_pessimistic_us: int
    hardware_cap_us: int
    mmio_spin_us: int
    mmio_sleep_ms: int
    nap_first_us: int
    nap_longest_us: int
    range_spin_us: int
    range_sleep_ms: int
    oa_disable_ms: int
    forcewake_ack_ms: int
    forcewake_fallback_passes: int
    forcewake_fallback_pass_us: int
    forcewake_delayed_put_us: int
    forcewake_delayed_put_slack_us: int
    thread_status_ms: int
    steering_semaphore_ms: int
    error_burst: int
    error_interval_ms: int
    reset_ms: int
    reset_settle_us: int
    guc_gam_ms: int
    guc_response_ms: int
    guc_response_backports_ms: int
    xe_fence_ms: int
    backports_spin_us: int
    park_power_put_ms: int


@cache
def timing_rows() -> tuple[TimingRow, ...]:
    """Return every time with its meaning and source."""
    return read_records("timing.json", TimingRow)


@cache
def timing() -> Timing:
    """Return all times by name."""
    return converted({row.name: row.value for row in timing_rows()}, Timing)
