"""What an incident is, as it is reported."""

from __future__ import annotations

from typing import Literal

import msgspec

IncidentClass = Literal[
    "device_unreachable",
    "firmware_channel_dead_or_busy",
    "engine_hang_then_failed_reset",
    "engine_hang",
    "slow_invalidation",
    "invalidation_only",
]


class SilentGap(msgspec.Struct, frozen=True):
    """A stretch without any line about the device."""

    after_line: int
    before_line: int
    seconds: float
    reading: str


class Incident(msgspec.Struct, kw_only=True):
    """What happened to one device in one burst."""

    device: str | None
    driver: str | None
    function: Literal["PF", "VF"] | None = None
    """SR-IOV: physical or virtual function; None where the log does not tell."""
    class_: IncidentClass = msgspec.field(default="invalidation_only", name="class")
    first_line: str = ""
    """Text of the first abnormal line."""
    first_line_number: int = 0
    last_line_number: int = 0
    first_stamp: str | None = None
    last_stamp: str | None = None
    duration_s: float | None = None
    count: int = 0
    """TLB failures: lines, plus suppressed and repeated ones, less duplicates."""
    event_lines: int = 0
    """Lines that report a TLB failure, as they stand."""
    suppressed: int = 0
    duplicates: int = 0
    kinds: dict[str, int] = {}
    """Every kind of event with the number of its lines."""
    engines: list[str] = []
    gts: list[int] = []
    """Only those that lines name."""
    seqno_first: int | None = None
    seqno_last: int | None = None
    recv_last: int | None = None
    recv_frozen: bool | None = None
    """xe: True where the firmware answered nothing between the first and the last timeout."""
    answer_reading: str | None = None
    spacing_s: float | None = None
    """Typical time between TLB failures."""
    spacing_reading: str | None = None
    recovered: bool | None = None
    recovered_because: str = ""
    silent_gaps: list[SilentGap] = []
    uncertain: list[str] = []
    """What was inferred rather than read."""
    advice: list[str] = []
    """Ids of the advice that fits; see `advice` in the diagnosis."""
