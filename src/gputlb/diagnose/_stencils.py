"""Lines that differ in digits alone, read once and cut alike from then on.

Logs of gigabytes repeat themselves. What the thorough way found in a line, and where, holds for every line that is
equal to it but for its digits: such a line costs one look-up, and its numbers are cut out at known places. Nothing is
taken on trust: a stencil is used only after its cut of a second line has agreed with the thorough reading of it, and
lines whose reading may hang on the value of a digit get none.
"""

from __future__ import annotations

import re
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from gputlb.diagnose._events import role_of
from gputlb.diagnose._lines import cleaned, starts, starts_entry
from gputlb.diagnose._machine import tells_of_machine
from gputlb.diagnose._matching import LONGEST_KEPT_TEXT, Spans, full_address, is_device, spans_in
from gputlb.diagnose._stamps import Stamp, stamp_in
from gputlb.diagnose._unwrap import may_be_broken

if TYPE_CHECKING:
    from gputlb.diagnose._events import Clock, Event

MOST_STENCILS = 20_000

_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_CLOCK_TIME = re.compile(rb"(\d\d):(\d\d):(\d\d)(\.\d+)?(?![:\d,])")
_SECONDS = {b"%02d:%02d" % divmod(second, 60): second for second in range(3600)}
_MOST_SECONDS = 10_000
_MOST_ZONES = 16
_MOST_DEVICES = 1_000
_NUMBERS = ("gt", "tile", "seqno", "recv", "suppressed")

Span = tuple[int, int]


def skeleton(data: bytes) -> bytes:
    """Return bytes with every digit turned into 0, but for those of the commonest name."""
    return data.replace(b"i915", b"i\1\1\1").translate(_DIGITS_ALIKE)


class Stencil:
    """Where the values lie in all lines with one skeleton.

    Attributes:
        model: the event of the line that it was learnt from.
        clock: the clock of the line's stamp.
        role: what the lines tell about their device: `tlb`, or a neighbour's role.
        is_failure: whether each line is one failed TLB invalidation.
        tells_repetitions: whether equal lines are repetitions of one report; a stamp of whole seconds does not
            tell two failures apart, where no number does.
    """

    __slots__ = (
        "_clock_time",
        "_constant",
        "_fields",
        "_shared",
        "_spans",
        "clock",
        "is_failure",
        "model",
        "role",
        "tells_repetitions",
    )

    def __init__(self, model: Event, spans: Spans, line: bytes, shared: _Shared) -> None:
        self.model = model
        self.clock: Clock = model.clock or "boot"
        self.role = role_of(model)
        self.is_failure = model.tlb and not model.suppressed
        self.tells_repetitions = model.seqno is not None or "." in (model.stamp or "")
        self._shared = shared
        self._spans: dict[str, Span] = {"stamp": spans.stamp}
        self._fields: list[str] = []
        words = [(*span, line[slice(*span)]) for span in spans.constant]
        self._constant = [word for word in words if word[2] != b"i915"]  # its skeleton is its own
        for name, span in spans.values.items():
            if any(48 <= byte <= 57 for byte in line[slice(*span)]):
                self._spans[name] = span
                if name in model.fields:
                    self._fields.append(name)
        self._clock_time: tuple[int, int] | None = None
        if model.clock != "boot":
            found = _CLOCK_TIME.search(line, *spans.stamp)
            if found is not None:
                self._clock_time = found.span()

    @property
    def usable(self) -> bool:
        """Whether the stamp has a shape that can be cut."""
        return self.model.clock == "boot" or self._clock_time is not None

    @property
    def stamp_place(self) -> tuple[Span, Span | None]:
        """Where the stamp lies, and the time of day in it; equal where the times of two stencils are read alike."""
        return self._spans["stamp"], self._clock_time

    def fits(self, lines: list[bytes]) -> bool:
        """Whether digits that are part of words, such as those of `i915`, are the right ones in all lines."""
        return all({line[start:end] for line in lines} == {word} for start, end, word in self._constant)

    def strings(self, name: str, lines: list[bytes]) -> list[bytes] | None:
        """Return what stands for a value in each line; None where it holds no digit and hence never changes."""
        if (span := self._spans.get(name)) is None:
            return None
        start, end = span
        return [line[start:end] for line in lines]

    def distinct(self, name: str, lines: list[bytes]) -> set[str]:
        """Return the different texts that stand for a value; none where the message has no such value."""
        found = self.strings(name, lines)
        if found is not None:
            return {text.decode() for text in set(found)}
        own = getattr(self.model, name, None) if name not in self.model.fields else self.model.fields[name]
        return {str(own)} if own is not None else set()

    def number(self, name: Literal["seqno", "recv"], line: bytes) -> int | None:
        """Return a number of a line, None where the message has none."""
        span = self._spans.get(name)
        own: int | None = getattr(self.model, name)
        return own if span is None else int(line[slice(*span)])

    def total(self, name: str, lines: list[bytes]) -> int:
        """Return the sum of a value over all lines."""
        found = self.strings(name, lines)
        return sum(map(int, found)) if found is not None else 0

    def devices(self, lines: list[bytes]) -> list[str | None]:
        """Return the device that each line names, None for messages that name none.

        Raises:
            LookupError: where it is none after all, such as a PCI function 9.
        """
        found = self.strings("device", lines)
        if found is None:
            return [self.model.device] * len(lines)
        known = self._shared.devices
        try:
            return [known[text] for text in found]
        except KeyError:
            return [self._shared.device(text) for text in found]

    def times(self, lines: list[bytes]) -> list[float]:
        """Return the time of each line in seconds.

        Raises:
            LookupError: where a stamp is no time of day.
            ValueError: where stamps have different time zones.
        """
        start, end = self._spans["stamp"]
        if self._clock_time is None:
            return [float(line[start:end]) for line in lines]
        hour, rest = self._clock_time
        dot = hour + 8
        zones = {line[rest:end] for line in lines} if rest < end else {b""}
        if len(zones) > 1:
            raise ValueError("stamps of different zones")
        whole = self._shared.seconds(zones.pop())
        if rest > dot:
            return [whole[line[start:dot]] + float(line[dot:rest]) for line in lines]
        return [whole[line[start:dot]] for line in lines]

    def stamp(self, line: bytes) -> Stamp:
        """Return the stamp of a line."""
        return Stamp(self.times([line])[0], self.clock, line[slice(*self._spans["stamp"])].decode())

    def event(self, line: bytes, number: int) -> Event:
        """Return the event that a line reports."""
        return self.events([line], [number], self.times([line]))[0]

    def events(self, lines: list[bytes], numbers: list[int], times: list[float]) -> list[Event]:
        """Return the events that lines report, with the times that `times` returns for them.

        Raises:
            LookupError: where a line names no device after all, such as a PCI function 9.
        """
        model = self.model
        start, end = self._spans["stamp"]
        columns: dict[str, list[Any]] = {
            name: [int(digits) for digits in found]
            for name in _NUMBERS
            if (found := self.strings(name, lines)) is not None
        }
        if "device" in self._spans:
            columns["device"] = self.devices(lines)
        if (found := self.strings("engine", lines)) is not None:
            columns["engine"] = [name.decode() for name in found]
        if self._fields:
            texts = [[text.decode() for text in self.strings(name, lines) or ()] for name in self._fields]
            columns["fields"] = [
                model.fields | dict(zip(self._fields, each, strict=True)) for each in zip(*texts, strict=True)
            ]
        names = tuple(columns)
        values = zip(*columns.values(), strict=True) if columns else repeat((), len(lines))
        return [
            replace(
                model,
                line=number,
                text=line.decode().strip(),
                time=time,
                stamp=line[start:end].decode(),
                **dict(zip(names, each, strict=True)),
            )
            for line, number, time, each in zip(lines, numbers, times, values, strict=True)
        ]


class _Seconds(dict[bytes, float]):
    """The times of stamps without their fractions, such as `2025-11-22T12:00:07`, in one time zone.

    Lines of one second share its entry: a stamp costs one look-up.
    """

    def __init__(self, zone: bytes) -> None:
        super().__init__()
        self._zone = zone.decode()

    def __missing__(self, text: bytes) -> float:
        # By the hour, as minutes and seconds are the digits that a stencil has seen to be a time of day.
        stamp = stamp_in(f"{text[:-5].decode()}00:00{self._zone} ")
        time = (stamp.time if stamp is not None else 0.0) + _SECONDS[text[-5:]]
        if len(self) >= _MOST_SECONDS:
            self.clear()
        self[text] = time
        return time


class _Shared:
    """What all stencils of a log have learnt about devices and seconds."""

    def __init__(self) -> None:
        self.devices: dict[bytes, str] = {}
        self._seconds: dict[bytes, _Seconds] = {}

    def device(self, text: bytes) -> str:
        known = self.devices.get(text)
        if known is None:
            name = text.decode()
            if not is_device(name):
                raise LookupError(name)
            if len(self.devices) >= _MOST_DEVICES:
                self.devices.clear()
            known = self.devices[text] = full_address(name) if "." in name and ":" in name else name
        return known

    def seconds(self, zone: bytes) -> _Seconds:
        """Return the times of whole seconds, for stamps with these bytes behind them."""
        known = self._seconds.get(zone)
        if known is None:
            if len(self._seconds) >= _MOST_ZONES:
                self._seconds.clear()
            known = self._seconds[zone] = _Seconds(zone)
        return known


class Stencils:
    """The stencils of one log."""

    def __init__(self) -> None:
        self._trusted: dict[bytes, Stencil | Literal[False]] = {}
        self._learnt: dict[bytes, Stencil | None] = {}
        self._shared = _Shared()
        self._looks_left = 2 * MOST_STENCILS
        self.get = self._trusted.get
        """Return the stencil of a skeleton; False for lines that say nothing, None for unknown ones."""

    def ignore(self, bones: bytes, line: bytes) -> None:
        """Remember the skeleton of a line that says nothing, unless it may be the rest of the line before it."""
        if self._looks_left > 0:  # lines that are never alike are not looked at for ever
            self._looks_left -= 1
            if len(line) <= LONGEST_KEPT_TEXT and len(self._trusted) < MOST_STENCILS and starts(line):
                self._trusted[bones] = False

    def learn(self, bones: bytes, line: bytes, events: list[Event]) -> None:
        """Take what the thorough way found in a line that stands by itself."""
        if bones in self._learnt:
            stencil = self._learnt[bones]
            if stencil is not None and not (len(events) == 1 and _agree(stencil, line, events[0])):
                self._learnt[bones] = None
            elif stencil is not None:
                self._trusted[bones] = stencil
        elif len(self._learnt) < MOST_STENCILS:
            self._learnt[bones] = self._made(bones, line, events) if len(events) == 1 else None

    def _made(self, bones: bytes, line: bytes, events: list[Event]) -> Stencil | None:
        (event,) = events
        text = line.decode("utf-8", "replace")
        if (
            len(text) > LONGEST_KEPT_TEXT
            or event.stamp is None
            or event.cut
            or event.repeated != 1
            or "repeated" in text
            or b"=0D" in bones  # quoted-printable: =3D
            or ("&" in text and ";" in text)
            or cleaned(text) != text.rstrip()
            or not starts_entry(text)
            or tells_of_machine(text)
            or may_be_broken(text)
        ):
            return None
        spans = spans_in(text)
        whole = stamp_in(text[:100])
        if spans is None or whole is None or whole.text != event.stamp:
            return None
        for name in ("device", "gt", "tile"):
            if getattr(event, name) is None:
                spans.values.pop(name, None)
        if len(text) != len(line):
            spans = spans.in_bytes(text)
        stencil = Stencil(event, spans, line, self._shared)
        return stencil if stencil.usable and _agree(stencil, line, event) else None


def _agree(stencil: Stencil, line: bytes, event: Event) -> bool:
    try:
        return stencil.fits([line]) and stencil.event(line, event.line) == event
    except (LookupError, ValueError):
        return False
