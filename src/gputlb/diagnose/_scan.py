"""Reading a log of any size in bounded memory, line by line or message by message."""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING, cast

from gputlb.diagnose._devices import GPU_DRIVERS, DevicesByLine
from gputlb.diagnose._errors import UnreadableInput
from gputlb.diagnose._events import Event
from gputlb.diagnose._extent import Extent
from gputlb.diagnose._flood import Flood
from gputlb.diagnose._formats import Shape, plain_lines, shape_of
from gputlb.diagnose._lines import cleaned, starts
from gputlb.diagnose._matching import events_in, place_in, weight
from gputlb.diagnose._prefilter import file_may_hold
from gputlb.diagnose._stamps import stamp_in
from gputlb.diagnose._stencils import Stencil, Stencils, skeleton
from gputlb.diagnose._unwrap import Entry, entries
from gputlb.facts.messages import PREFILTER_LITERALS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from gputlb.diagnose._machine import MachineReader
    from gputlb.diagnose._sources import Source

THOROUGH_BYTES = 4 << 20
"""Logs up to this size are read line by line; in larger ones a word broken by wrapping may go unseen."""
BOOT_BYTES = 1 << 20
"""Of a large quiet log only so much is read for the facts about the machine: it holds the boot messages."""
LONGEST_LINE_CHARACTERS = 64 << 10
MOST_FLOOD_LINES = 8_000
_FEWEST_FLOOD_LINES = 64
_SHORT_RUN_LINES = 16
_NEAR_LINES = 4
_AROUND_CHARACTERS = 300
_SAMPLE_BYTES = 64 << 10
_MOST_WRAPPED_LINES = 5_000
_NARROWEST_MARGIN, _WIDEST_MARGIN = 38, 260
_LONGEST_WORD = 16
_LEAST_WRAPPED_SHARE = 0.02
_MOST_ODD_SHARE = 0.3

_DRIVER_WORDS = ("i915", "xe 0", "amdgpu", "nouveau", "drmn", "panfrost", "panthor", "mali ")
_COARSE = (
    b"[drm",
    b"i915",
    b"xe 0",
    b"amdgpu",
    b"nouveau",
    b"callbacks suppressed",
    b"nvalidat",
    b"drmn",
    b"panfrost",
    b"panthor",
    b"mali ",
    b"power state",
    b"PCIe Bus Error",
    b"Linux version",
    b"ommand line: ",
    b"Comm: ",
    b"[8086:",
    b"MODE=",
    b"AS_ACTIVE",
    b"Fence expiration",
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
        self._stencils = Stencils()

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
        sample = bytes(opening[:BOOT_BYTES])
        if plain is not None and not _looks_wrapped(sample) and not self._may_hold(plain):
            # The opening holds the boot messages, hence the facts about the machine.
            boot = _unix_lines(bytes(opening[:BOOT_BYTES]))
            yield from self._lines(boot, len(boot), 1)
            self.extent.quick, self.extent.bytes_read, self.extent.lines = (
                True,
                self._source.size_bytes or 0,
                0,
            )
            return
        yield from self._large(chain([bytes(opening)], blocks))

    def _may_hold(self, path: str) -> bool:
        source = self._source
        watch = source.watch
        source.is_searched = True
        try:
            return file_may_hold(path, PREFILTER_LITERALS, None if watch is None else lambda: watch(source))
        finally:
            source.is_searched = False

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
        pieces = [line if _ESCAPED_BREAK in line else self._piece(line) for line in lines]
        if self._shape == "text":
            found: Iterable[Entry] = _entries_of(pieces)
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
        carried: list[bytes] = []
        for block in blocks:
            self.extent.bytes_read += len(block)
            data = rest + block if rest else block
            end = data.rfind(b"\n") + 1
            if end == 0 and len(data) <= 4 * LONGEST_LINE_CHARACTERS:
                rest = data
                continue
            # A line without end is taken in pieces, so that it never fills the memory.
            pieces = 0 if end else 1
            end = end or len(data)
            lines = carried + _unix_lines(data[:end])
            rest = data[end:]
            # The last lines wait for the next block: a wrapped message may straddle the border.
            done = max(0, len(lines) - _NEAR_LINES)
            if sum(map(len, lines[done:])) > _NEAR_LINES * LONGEST_LINE_CHARACTERS:
                done = len(lines)
            used = yield from self._lines(lines, done, number)
            carried = lines[used:]
            number += used - pieces
        lines = carried + _unix_lines(rest)
        yield from self._lines(lines, len(lines), number)
        self.extent.lines = number - 1 + len(lines)

    def _lines(self, lines: list[bytes], done: int, number: int) -> Generator[Event | Flood, None, int]:
        """Read the first `done` lines, and those after them that continue the last; return how many were read."""
        if self._shape != "text":
            plain = plain_lines(self._shape, ((at, line.decode("utf-8", "replace")) for at, line in
                                              enumerate(lines[:done], number)))  # fmt: skip
            for at, text in plain:
                yield from self._events_of(Entry(cleaned(text[:LONGEST_LINE_CHARACTERS]), at))
            return done
        joined = b"\n".join(lines)
        if not any(word in joined for word in _COARSE):
            return done
        bones = skeleton(joined).split(b"\n")
        stencil_of = self._stencils.get
        at = taken = 0
        while at < done:
            stencil = stencil_of(bones[at])
            if stencil is False:
                at += 1
                continue
            if stencil is None and not any(word in lines[at] for word in _COARSE):
                self._stencils.ignore(bones[at], lines[at])
                at += 1
                continue
            begin = at
            run = self._run(bones, at, done) if stencil is not None else []
            at += len(run)
            if run and at < len(lines) and stencil_of(bones[at]) is None and not starts(lines[at]):
                run.pop()  # the next line may be the rest of its message
                at -= 1
            if run:
                yield from self._flood(lines[begin:at], run, number + begin)
            else:
                at = yield from self._entry(lines, bones, at, taken, number)
            taken = at
        return at

    def _run(self, bones: list[bytes], begin: int, done: int) -> list[Stencil]:
        run: list[Stencil] = []
        width = _SHORT_RUN_LINES  # look a little ahead first: a run may be short
        while len(run) < MOST_FLOOD_LINES:
            at = begin + len(run)
            found = list(map(self._stencils.get, bones[at : min(at + width, done)]))
            if not found:
                break
            if not all(found):
                run += cast("list[Stencil]", found[: next(i for i, stencil in enumerate(found) if not stencil)])
                break
            run += cast("list[Stencil]", found)
            width *= 4
        return run

    def _entry(
        self, lines: list[bytes], bones: list[bytes], at: int, taken: int, number: int
    ) -> Generator[Event, None, int]:
        """Read the entry around a line that no stencil fits, the thorough way; return where the next one begins."""
        line, begin = lines[at], at
        if not starts(line):
            # A wrapped entry: its stamp, and perhaps half a word, stand on a line before.
            for near in range(at - 1, max(taken, at - _NEAR_LINES) - 1, -1):
                if starts(lines[near]):
                    begin = near
                    break
        end = at + 1
        while end < len(lines) and end - begin < _NEAR_LINES and not starts(lines[end]):
            end += 1
        texts = [self._piece(raw.decode("utf-8", "replace")) for raw in lines[begin:end]]
        found: list[Event] = []
        for entry in entries(texts, number + begin, weight, ends_here=False):
            found += self._events_of(entry)
        yield from found
        if end == begin + 1:
            self._stencils.learn(bones[at], line, found)
        return end

    def _flood(self, lines: list[bytes], stencils: list[Stencil], number: int) -> Iterator[Event | Flood]:
        if len(lines) < _FEWEST_FLOOD_LINES:
            for at, (line, stencil) in enumerate(zip(lines, stencils, strict=True), number):
                yield from self._few(line, stencil, at)
            return
        try:
            flood = Flood(lines, stencils, number, self.devices)
        except (LookupError, ValueError):
            for at, line in enumerate(lines, number):
                yield from self._events_of(Entry(cleaned(line.decode("utf-8", "replace")), at))
            return
        self.extent.note_all(flood.times, flood.stamp(0), flood.stamp(len(lines) - 1))
        yield flood

    def _few(self, line: bytes, stencil: Stencil, number: int) -> list[Event]:
        try:
            if not stencil.fits([line]):
                raise LookupError(stencil.model.kind)
            event, stamp = stencil.event(line, number), stencil.stamp(line)
        except (LookupError, ValueError):
            return self._events_of(Entry(cleaned(line.decode("utf-8", "replace")), number))
        self.extent.note(stamp)
        if event.device is not None and event.driver is not None:
            self.devices.note(number, event.driver, event.device)
        return [event]

    def _piece(self, line: str) -> str:
        return line if len(line) <= LONGEST_LINE_CHARACTERS else self._shortened(line)


def _entries_of(lines: list[str]) -> Iterator[Entry]:
    """Yield the entries of a text; a line that holds several, as a JSON string does, is taken apart."""
    begin = 0
    for at, line in enumerate(lines):
        if line.count(_ESCAPED_BREAK) >= _FEWEST_ESCAPED_BREAKS:
            yield from entries(lines[begin:at], begin + 1, weight)
            for part in line.split(_ESCAPED_BREAK):
                yield Entry(cleaned(part[:LONGEST_LINE_CHARACTERS]), at + 1)
            begin = at + 1
    yield from entries(lines[begin:], begin + 1, weight)


_ESCAPED_BREAK = "\\n"
_FEWEST_ESCAPED_BREAKS = 2
_ANY_LITERAL = re.compile("|".join(re.escape(literal) for literal in PREFILTER_LITERALS))


def _unix_lines(data: bytes) -> list[bytes]:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _looks_wrapped(sample: bytes) -> bool:
    """Return whether lines were broken at a margin: words may be broken too, so that searching for some finds nothing.

    Many lines then go on without a stamp after one of about the greatest length.
    """
    lines = _unix_lines(sample)[:_MOST_WRAPPED_LINES]
    widest = max(map(len, lines), default=0)
    if not _NARROWEST_MARGIN <= widest <= _WIDEST_MARGIN:
        return False
    broken = sum(
        len(line) > widest - _LONGEST_WORD and bool(rest) and not starts(rest) for line, rest in pairwise(lines)
    )
    return broken > _LEAST_WRAPPED_SHARE * len(lines)


def _split(text: str) -> list[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines
