"""What one line of a log reports."""

from __future__ import annotations

from typing import Literal

import msgspec

Clock = Literal["boot", "wall", "day"]


class Event(msgspec.Struct, kw_only=True, gc=False):
    """One report of a driver: a TLB invalidation that failed, or a neighbour that explains it."""

    kind: str
    tlb: bool
    """True for TLB messages, False for neighbours."""
    role: str | None = None
    driver: str | None = None
    device: str | None = None
    """PCI address, platform device or FreeBSD unit, as printed; None where the log names none."""
    device_certain: bool = True
    """False where the line names no device and its neighbours were asked."""
    gt: int | None = None
    """Only where the line says so: newer xe lines name no GT."""
    tile: int | None = None
    engine: str | None = None
    seqno: int | None = None
    recv: int | None = None
    """xe: the last seqno that the firmware had answered."""
    time: float | None = None
    """Seconds, on `clock`; differences between events of one clock are meaningful."""
    clock: Clock | None = None
    """`boot`: since boot; `wall`: since 1970 (without a year, from 1972); `day`: since midnight."""
    stamp: str | None = None
    """The stamp as printed."""
    line: int
    """Number of the physical line in which the message begins, from 1."""
    text: str
    suppressed: int = 0
    """How many more of the kind the kernel did not print."""
    repeated: int = 1
    """How often the line stands for itself: `(x3)`, `message repeated 3 times`."""
    mention: bool = False
    """True for prose that quotes a message without stamp, device or number."""
    cut: bool = False
    """True where the end of the message is missing, as cut off by a pager."""
    wait_us: int | None = None
    """How long the driver had waited, as known for this message, in microseconds."""
    fields: dict[str, str] = {}
    """Everything else that the message gave, by name."""
    file: str | None = None
    """Name of the log, where several were given."""


def role_of(event: Event) -> str:
    """Return what an event tells about its device: `tlb`, or a neighbour's role."""
    return "tlb" if event.tlb else (event.role or "effect")
