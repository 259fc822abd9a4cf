"""Lines that name no device, attributed to the one their neighbours name."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.diagnose._events import Event

GPU_DRIVERS = frozenset({"i915", "xe", "amdgpu", "nouveau", "panfrost", "panthor", "mali", "drmn"})
_MOST_NOTES = 20_000


class DevicesByLine:
    """Where in a log each driver named its device."""

    def __init__(self) -> None:
        self._notes: dict[str, list[tuple[int, str]]] = {}

    def note(self, line: int, driver: str, device: str) -> None:
        """Remember that `driver` named `device` in a line; lines come in ascending order."""
        notes = self._notes.setdefault(driver, [])
        if len(notes) >= 2 and notes[-1][1] == notes[-2][1] == device:
            notes[-1] = (line, device)  # within a run of one device only its ends matter
        elif len(notes) < _MOST_NOTES:
            notes.append((line, device))

    def nearest(self, line: int, driver: str) -> str | None:
        """Return the device that `driver` named nearest to a line; the one before it on a tie."""
        notes = self._notes.get(driver, [])
        if not notes:
            return None
        at = bisect_left(notes, (line, ""))
        near = notes[max(0, at - 1) : at + 1]
        return min(near, key=lambda note: abs(note[0] - line))[1]

    def known(self) -> dict[str, str]:
        """Return every device with its driver."""
        return {device: driver for driver, notes in self._notes.items() for _, device in notes}


def attribute(events: Iterable[Event], devices: DevicesByLine) -> None:
    """Give each event without a device the nearest one of its driver, marked as uncertain.

    Prose stays without: it speaks of some machine, not of a line of this log.
    """
    for event in events:
        if event.device is None and event.driver is not None and not event.mention:
            device = devices.nearest(event.line, event.driver) or devices.nearest(event.line, "drmn")
            if device is not None:
                event.device = device
                event.device_certain = False
