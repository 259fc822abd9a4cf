"""Floods: many lines that a stencil fits, with no other line between them, taken column by column."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import chain, compress, count
from operator import sub
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gputlb.diagnose._devices import DevicesByLine
    from gputlb.diagnose._events import Event
    from gputlb.diagnose._stamps import Stamp
    from gputlb.diagnose._stencils import Stencil

_FARTHEST_NEIGHBOUR_LINES = 50
_MANY_EVENTS = 256


class Part(NamedTuple):
    """The lines of a flood that one stencil fits, or those of them that belong to one device."""

    stencil: Stencil
    indexes: list[int]
    """Where in the flood the lines stand, ascending."""
    lines: list[bytes]


class Flood:
    """Lines that follow each other without any other between them.

    Attributes:
        first_line: number of the first line; the others follow without a gap.
        times: seconds, one for each line, all on one clock.
        parts: the lines by stencil, in the order of their first lines.

    Raises:
        LookupError: where a line only seems to fit its stencil.
        ValueError: where lines have stamps of different clocks, or what is no time of day.
    """

    __slots__ = ("_by_device", "first_line", "lines", "parts", "stencils", "times")

    def __init__(
        self, lines: list[bytes], stencils: list[Stencil], first_line: int, known_devices: DevicesByLine
    ) -> None:
        self.lines = lines
        self.stencils = stencils
        self.first_line = first_line
        self.parts = _parts(lines, stencils)
        if len({part.stencil.clock for part in self.parts}) > 1:
            raise ValueError("stamps of different clocks")
        self.times = self._read_times()
        self._by_device: dict[str | None, list[Part]] = {}
        homeless: list[Part] = []
        for part in self.parts:
            stencil, _, mine = part
            if not stencil.fits(mine):
                raise LookupError(stencil.model.kind)
            if stencil.model.device is None and stencil.model.driver is not None and not stencil.model.mention:
                homeless.append(part)
            else:
                self._share_out(part, stencil.devices(mine))
        named = self._devices_by_line() if homeless else {}
        for part in homeless:
            driver = part.stencil.model.driver or ""
            near = [self._neighbour(index, driver, named, known_devices) for index in part.indexes]
            self._share_out(part, near)

    def _read_times(self) -> list[float]:
        first = self.parts[0].stencil
        if all(part.stencil.stamp_place == first.stamp_place for part in self.parts):
            return first.times(self.lines)
        times = [0.0] * len(self.lines)
        for stencil, indexes, lines in self.parts:
            for index, time in zip(indexes, stencil.times(lines), strict=True):
                times[index] = time
        return times

    def _share_out(self, part: Part, devices: list[str | None]) -> None:
        if devices.count(devices[0]) == len(devices):
            self._by_device.setdefault(devices[0], []).append(part)
            return
        for device in dict.fromkeys(devices):
            mine = [each == device for each in devices]
            share = Part(part.stencil, list(compress(part.indexes, mine)), list(compress(part.lines, mine)))
            self._by_device.setdefault(device, []).append(share)

    def _devices_by_line(self) -> dict[int, tuple[str | None, str | None]]:
        return {
            index: (part.stencil.model.driver, device)
            for device, parts in self._by_device.items()
            for part in parts
            for index in part.indexes
        }

    def _neighbour(
        self, index: int, driver: str, named: dict[int, tuple[str | None, str | None]], known_devices: DevicesByLine
    ) -> str | None:
        for near in range(index - 1, max(-1, index - _FARTHEST_NEIGHBOUR_LINES), -1):
            its_driver, device = named.get(near, (None, None))
            if its_driver == driver:
                return device
        return known_devices.nearest(self.first_line + index, driver)

    def stamp(self, index: int) -> Stamp:
        """Return the stamp of a line."""
        return self.stencils[index].stamp(self.lines[index])

    def named_devices(self, *, ends_only: bool) -> list[tuple[int, str, str]]:
        """Return line, driver and device where lines name one: every one, or the last of each kind of line."""
        return sorted(
            (self.first_line + index, part.stencil.model.driver, device)
            for device, parts in self._by_device.items()
            for part in parts
            if part.stencil.model.device is not None and part.stencil.model.driver is not None and device is not None
            for index in (part.indexes[-1:] if ends_only else part.indexes)
        )

    def events(self) -> list[Event]:
        """Return the lines one by one; devices that lines do not name are left to the reader's own search."""
        return self.events_at(range(len(self.lines)))

    def events_at(self, indexes: Sequence[int]) -> list[Event]:
        """Return some lines as events, in the order of the indexes."""
        places: dict[Stencil, list[int]] = {}
        for place, index in enumerate(indexes):
            places.setdefault(self.stencils[index], []).append(place)
        events: list[Event | None] = [None] * len(indexes)
        for stencil, mine in places.items():
            at = [indexes[place] for place in mine]
            lines, times = [self.lines[index] for index in at], [self.times[index] for index in at]
            numbers = [self.first_line + index for index in at]
            for place, event in zip(mine, stencil.events(lines, numbers, times), strict=True):
                events[place] = event
        return cast("list[Event]", events)

    def by_device(self) -> Iterator[DeviceFlood]:
        """Yield the lines of each device, in the order of their first lines."""
        for device, parts in sorted(self._by_device.items(), key=lambda item: min(part.indexes[0] for part in item[1])):
            yield DeviceFlood(self, device, parts)


class DeviceFlood:
    """The lines of a flood that belong to one device.

    Attributes:
        indexes: where in the flood they stand, ascending.
        times: their times in seconds.
        parts: the lines by stencil.
    """

    __slots__ = ("_device", "_flood", "indexes", "parts", "times")

    def __init__(self, flood: Flood, device: str | None, parts: list[Part]) -> None:
        self._flood = flood
        self._device = device
        self.parts = parts
        self.indexes = parts[0].indexes if len(parts) == 1 else sorted(chain.from_iterable(p.indexes for p in parts))
        self.times = (
            flood.times if len(self.indexes) == len(flood.lines) else [flood.times[index] for index in self.indexes]
        )

    def __len__(self) -> int:
        return len(self.indexes)

    def after(self, place: int) -> DeviceFlood:
        """Return the flood without the lines up to a place."""
        last = self.indexes[place]
        parts = []
        for stencil, indexes, lines in self.parts:
            dropped = bisect_right(indexes, last)
            if dropped < len(indexes):
                parts.append(Part(stencil, indexes[dropped:], lines[dropped:]))
        return DeviceFlood(self._flood, self._device, parts)

    def events(self) -> Iterator[Event]:
        """Yield the lines as events; few are made at first, as a burst may want one or all of them."""
        at, number = 0, 1
        while at < len(self.indexes):
            for event in self._flood.events_at(self.indexes[at : at + number]):
                if event.device is None and self._device is not None:
                    event.device, event.device_certain = self._device, False
                yield event
            at, number = at + number, min(4 * number, _MANY_EVENTS)

    def line_at(self, index: int) -> bytes:
        """Return a line of the flood as it stands."""
        return self._flood.lines[index]

    def line_number(self, index: int) -> int:
        """Return the number of a line of the flood."""
        return self._flood.first_line + index

    def time_at(self, index: int) -> float:
        """Return the time of a line of the flood in seconds."""
        return self._flood.times[index]

    def is_one_burst(self, gap_s: float) -> bool:
        """Whether all lines are in order (but for a second) and without a gap."""
        steps = list(map(sub, self.times[1:], self.times))
        return not steps or (min(steps) >= -1.0 and max(steps) <= gap_s)

    def failures(self) -> list[int]:
        """Return the indexes of the lines that report a failed TLB invalidation, ascending."""
        if all(part.stencil.is_failure for part in self.parts):
            return self.indexes
        return sorted(chain.from_iterable(part.indexes for part in self.parts if part.stencil.is_failure))


def _parts(lines: list[bytes], stencils: list[Stencil]) -> list[Part]:
    if stencils.count(stencils[0]) == len(stencils):
        return [Part(stencils[0], list(range(len(lines))), lines)]
    places: dict[Stencil, list[int]] = {stencil: [] for stencil in dict.fromkeys(stencils)}
    # Every line passes here: a loop within the interpreter's C costs a third of one in Python.
    deque(map(list.append, map(places.__getitem__, stencils), count()), maxlen=0)
    return [Part(stencil, indexes, list(map(lines.__getitem__, indexes))) for stencil, indexes in places.items()]
