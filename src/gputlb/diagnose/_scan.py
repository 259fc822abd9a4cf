"""Reading a log of any size in bounded memory, line by line or message by message."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from gputlb.diagnose._devices import GPU_DRIVERS, DevicesByLine
from gputlb.diagnose._errors import UnreadableInput
from gputlb.diagnose._events import Event
from gputlb.diagnose._extent import Extent
from gputlb.diagnose._flood import Flood, Row, boot_line, next_flood_line, wall_line
from gputlb.diagnose._formats import Shape, plain_lines, shape_of
from gputlb.diagnose._lines import cleaned, starts_entry
from gputlb.diagnose._matching import events_in, place_in, weight
from gputlb.diagnose._prefilter import file_may_hold
from gputlb.diagnose._stamps import stamp_in
from gputlb.diagnose._unwrap import Entry, entries
from gputlb.facts.messages import PREFILTER_LITERALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gputlb.diagnose._machine import MachineReader
    from gputlb.diagnose._sources import Source

THOROUGH_BYTES = 4 << 20
"""Logs up to this size are read line by line; in larger ones a word broken by wrapping may go unseen."""
BOOT_BYTES = 1 << 20
"""Of a large quiet log only so much is read for the facts about the machine: it holds the boot messages."""
LONGEST_LINE_CHARACTERS = 64 << 10
_NEAR_LINES = 4
_AROUND_CHARACTERS = 300
_SAMPLE_BYTES = 64 << 10
_MOST_ODD_SHARE = 0.3

_DRIVER_WORDS = ("i915", "xe 0", "amdgpu", "nouveau", "drmn", "panfrost", "panthor", "mali ")
_COARSE = (
    "[drm",
    "i915",
    "xe 0",
    "amdgpu",
    "nouveau",
    "callbacks suppressed",
    "nvalidat",
    "drmn",
    "panfrost",
    "panthor",
    "mali ",
    "power state",
    "PCIe Bus Error",
    "Linux version",
    "ommand line: ",
    "Comm: ",
    "[8086:",
    "MODE=",
    "AS_ACTIVE",
    "Fence expiration",
)


class LogScan:
    """One pass over one log.

    Attributes:
        extent: how much was read; complete when `events` is exhausted.
        devices: where each driver named its device.
    """

    def __init__(self, source: Source, machine: MachineReader) -> None:
        self._source = source
        self._machine = machine
        self._shape: Shape = "text"
        self.extent = Extent()
        self.devices = DevicesByLine()

    def events(self) -> Iterator[Event | Flood]:
        """Yield the events in the order of the log's lines, floods of them as one.

        Raises:
            UnreadableInput: for an empty log, and for one that is no text.
        """
        blocks = self._source.blocks()
        opening = bytearray()
        whole = True
        for block in blocks:
            opening += block
            if len(opening) > THOROUGH_BYTES:
                whole = False
                break
        self._accept(bytes(opening[:_SAMPLE_BYTES]), whole_is_blank=whole and not opening.strip(b"\0 \t\r\n"))
        self.extent.shape = self._shape = shape_of(opening[:_SAMPLE_BYTES].decode("utf-8", "replace"))
        if whole:
            self.extent.bytes_read = len(opening)
            yield from self._thorough(opening.decode("utf-8", "replace"))
            return
        plain = self._source.plain_path
        if plain is not None and not file_may_hold(plain, PREFILTER_LITERALS):
            # The opening holds the boot messages, hence the facts about the machine.
            yield from self._text(_unix(opening[:BOOT_BYTES].decode("utf-8", "replace")), 1)
            self.extent.quick, self.extent.bytes_read, self.extent.lines = (
                True,
                self._source.size_bytes or 0,
                0,
            )
            return
        yield from self._large(chain([bytes(opening)], blocks))

    def events_of_line(self, raw: str, number: int) -> list[Event]:
        """Return the events of one line that just arrived."""
        self.extent.lines = number
        return self._events_of(Entry(cleaned(raw[:LONGEST_LINE_CHARACTERS]), number))

    def _accept(self, sample: bytes, *, whole_is_blank: bool) -> None:
        name = self._source.name
        if whole_is_blank:
            what = "holds no text" if sample else "is empty"
            raise UnreadableInput(f"{name}: {what}; expected a kernel log, such as `dmesg` prints")
        text = sample.replace(b"\0", b"").decode("utf-8", "replace")
        odd = sum(
            1 for character in text if character == "\ufffd" or (character < " " and character not in "\t\n\r\f\x1b")
        )
        if odd > _MOST_ODD_SHARE * max(1, len(text)):
            raise UnreadableInput(f"{name}: is binary, not text; expected a kernel log, such as `dmesg` prints")

    def _thorough(self, text: str) -> Iterator[Event]:
        lines = _split(text)
        self.extent.lines = len(lines)
        pieces = [line if len(line) <= LONGEST_LINE_CHARACTERS else self._shortened(line) for line in lines]
        if self._shape == "text":
            found: Iterable[Entry] = entries(pieces, 1, weight)
        else:
            found = (Entry(cleaned(line), number) for number, line in plain_lines(self._shape, enumerate(pieces, 1)))
        for entry in found:
            yield from self._events_of(entry)

    def _shortened(self, line: str) -> str:
        self.extent.long_lines += 1
        kept: list[str] = []
        size = 0
        for found in _ANY_LITERAL.finditer(line):
            piece = line[max(0, found.start() - _AROUND_CHARACTERS) : found.end() + _AROUND_CHARACTERS]
            kept.append(piece)
            size += len(piece)
            if size > LONGEST_LINE_CHARACTERS:
                break
        return " ".join(kept) if kept else line[:LONGEST_LINE_CHARACTERS]

    def _events_of(self, entry: Entry) -> list[Event]:
        text = entry.text
        stamp = stamp_in(text[:100])
        if stamp is not None:
            self.extent.note(stamp)
        self._machine.read(text)
        found = events_in(entry)
        for event in found:
            if event.device is not None and event.driver is not None:
                self.devices.note(event.line, event.driver, event.device)
        if not found and any(word in text for word in _DRIVER_WORDS):
            place = place_in(text[:200])
            if place.device is not None and place.driver in GPU_DRIVERS:
                self.devices.note(entry.first_line, place.driver, place.device)
        return found

    def _large(self, blocks: Iterable[bytes]) -> Iterator[Event | Flood]:
        number = 1
        rest = b""
        carried = ""
        for block in blocks:
            self.extent.bytes_read += len(block)
            data = rest + block if rest else block
            end = data.rfind(b"\n") + 1
            if end == 0 and len(data) <= 4 * LONGEST_LINE_CHARACTERS:
                rest = data
                continue
            # A line without end is taken in pieces, so that it never fills the memory.
            end = end or len(data)
            text = carried + _unix(data[:end].decode("utf-8", "replace"))
            rest = data[end:]
            # The last lines wait for the next block: a wrapped message may straddle the border.
            done = _lines_from_end(text, _NEAR_LINES)
            if len(text) - done > _NEAR_LINES * LONGEST_LINE_CHARACTERS:
                done = len(text)
            carried = text[done:]
            yield from self._text(text[:done], number)
            number += text.count("\n", 0, done)
        carried += _unix(rest.decode("utf-8", "replace"))
        yield from self._text(carried, number)
        self.extent.lines = number - 1 + len(_split(carried))

    def _text(self, text: str, number: int) -> Iterator[Event | Flood]:
        if self._shape != "text":
            for at, line in plain_lines(self._shape, enumerate(_split(text), number)):
                yield from self._events_of(Entry(cleaned(line[:LONGEST_LINE_CHARACTERS]), at))
            return
        done = 0  # everything before is dealt with
        rows: list[Row] = []
        from_boot = True
        while True:
            found = boot_line(text, done) if from_boot else wall_line(text, done)
            if found is not None:
                rows.append(found.groups())  # type: ignore[arg-type]
                done = found.end() + 1
                continue
            if rows:
                yield self._flood(rows, number, from_boot=from_boot)
                number += len(rows)
                rows = []
            start, from_boot = next_flood_line(text, done)
            if start > done:
                yield from self._lines(_split(text[done:start]), number)
                number += text.count("\n", done, start)
                done = start
            if done >= len(text):
                return

    def _flood(self, rows: list[Row], number: int, *, from_boot: bool) -> Flood:
        flood = Flood(rows, number, from_boot=from_boot)
        self.extent.note_all(flood.times, flood.stamp(0), flood.stamp(len(rows) - 1))
        for index in (0, len(rows) - 1):
            self.devices.note(number + index, rows[index][1], rows[index][2])
        return flood

    def _lines(self, lines: list[str], number: int) -> Iterator[Event]:
        at, count = 0, len(lines)
        while at < count:
            line = lines[at]
            if not any(word in line for word in _COARSE):
                at += 1
                continue
            end = at + 1
            while end < count and end - at < _NEAR_LINES and not starts_entry(cleaned(lines[end][:150])):
                end += 1
            pieces = [raw if len(raw) <= LONGEST_LINE_CHARACTERS else self._shortened(raw) for raw in lines[at:end]]
            for entry in entries(pieces, number + at, weight, ends_here=False):
                yield from self._events_of(entry)
            at = end


_ANY_LITERAL = re.compile("|".join(re.escape(literal) for literal in PREFILTER_LITERALS))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _lines_from_end(text: str, lines: int) -> int:
    """Where the last few lines of a text begin."""
    at = len(text)
    for _ in range(lines + 1):
        at = text.rfind("\n", 0, at)
        if at < 0:
            return 0
    return at + 1


def _split(text: str) -> list[str]:
    lines = _unix(text).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines
