"""What somebody recorded: when objects were bound, unbound and released."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

from gputlb.errors import did_you_mean
from gputlb.simulate.number_columns import DamagedColumns, number_in, rows_of

if TYPE_CHECKING:
    from pathlib import Path

Deed = Literal["bind", "unbind", "release"]
DEEDS: tuple[Deed, ...] = get_args(Deed)
COLUMNS = "time_us,event,object,pages"

MOST_PAGES = 16_384
"""Pages that may be bound at once: 64 MiB of address space."""
MOST_PAGES_OF_OBJECT = 4096
"""16 MiB."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the address space, and what objects do in it, one after the other, in order of time."""

    first: int
    pages: int
    deeds: tuple[tuple[float, Deed], ...]
    """Time since the recording began, in µs, and what is done."""


@dataclass(frozen=True, slots=True)
class Recording:
    """All places of a recorded run."""

    path: str
    places: tuple[Place, ...]
    pages: int
    """Size of the address space that they need together."""
    releases: int


class _Reader:
    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._begun_us: float | None = None
        self._last_us = 0.0
        self._bound: dict[str, tuple[int, bool]] = {}  # the place of each object, and whether it is still bound
        self._free: dict[int, list[int]] = {}  # places that nobody has, by pages
        self._deeds: list[list[tuple[float, Deed]]] = []
        self._sizes: list[int] = []

    def row(self, line: int, fields: list[str]) -> None:
        where = f"{self._path}, line {line}"
        if not 3 <= len(fields) <= 4:
            raise DamagedColumns(f"{where}: {len(fields)} columns; write {COLUMNS}")
        time_us = number_in(self._path, line, "time_us", fields[0])
        if self._begun_us is None:
            self._begun_us = time_us
        elif time_us < self._last_us:
            raise DamagedColumns(f"{where}: {time_us:g} comes after {self._last_us:g}; sort the lines by time")
        self._last_us = time_us
        deed, name = fields[1], fields[2]
        if not name:
            raise DamagedColumns(f"{where}: object is missing; write which object it is")
        if deed == "bind":
            self._bind(line, where, time_us - self._begun_us, name, fields)
        elif deed in ("unbind", "release"):
            self._end(where, time_us - self._begun_us, name, "unbind" if deed == "unbind" else "release")
        else:
            raise DamagedColumns(
                f"{where}: event {deed[:40]!r} is unknown{did_you_mean(deed, DEEDS)}; there are {', '.join(DEEDS)}"
            )

    def _bind(self, line: int, where: str, at_us: float, name: str, fields: list[str]) -> None:
        if name in self._bound:
            raise DamagedColumns(f"{where}: {name!r} is bound although it was not released; release it first")
        pages = number_in(self._path, line, "pages", fields[3], least=1) if len(fields) == 4 else 1.0
        if pages != int(pages) or pages > MOST_PAGES_OF_OBJECT:
            raise DamagedColumns(
                f"{where}: pages must be a whole number up to {MOST_PAGES_OF_OBJECT}, not {fields[3][:40]}"
            )
        count = int(pages)
        free = self._free.get(count)
        if free:
            place = free.pop()
        else:
            place = len(self._deeds)
            self._deeds.append([])
            self._sizes.append(count)
            if sum(self._sizes) > MOST_PAGES:
                raise DamagedColumns(
                    f"{where}: more than {MOST_PAGES} pages are bound at once; leave objects out, or write fewer pages"
                )
        self._bound[name] = place, True
        self._deeds[place].append((at_us, "bind"))

    def _end(self, where: str, at_us: float, name: str, deed: Deed) -> None:
        place, bound = self._bound.get(name, (-1, False))
        if place < 0:
            raise DamagedColumns(f"{where}: {deed} of {name!r}, which was not bound before; write its bind first")
        if bound != (deed == "unbind"):
            mend = "write its unbind first" if bound else "leave one out"
            raise DamagedColumns(f"{where}: {deed} of {name!r}, which is {'still' if bound else 'not'} bound; {mend}")
        self._deeds[place].append((at_us, deed))
        if deed == "unbind":
            self._bound[name] = place, False
        else:
            del self._bound[name]
            self._free.setdefault(self._sizes[place], []).append(place)

    def recording(self) -> Recording:
        releases = sum(deed == "release" for deeds in self._deeds for _, deed in deeds)
        if not releases:
            raise DamagedColumns(f"{self._path}: nothing is released; write {COLUMNS}, a line each")
        places, first = [], 0
        for pages, deeds in zip(self._sizes, self._deeds, strict=True):
            places.append(Place(first, pages, tuple(deeds)))
            first += pages
        return Recording(str(self._path), tuple(places), first, releases)


@lru_cache(maxsize=16)
def recording(path: str) -> Recording:
    """Read a recording: lines of `time_us,event,object,pages`, ascending, with or without a heading.

    `event` is `bind`, `unbind` or `release`, `object` any name, `pages` (1 unless given) belongs to a bind.

    Raises: `DamagedColumns` naming file, line and mend.
    """
    reader = _Reader(path)
    for line, fields in rows_of(path, COLUMNS):
        reader.row(line, fields)
    return reader.recording()
