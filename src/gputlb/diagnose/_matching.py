"""From the text of an entry to events: known messages, and what stands before them."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gputlb.diagnose._events import Event
from gputlb.diagnose._stamps import Stamp, stamp_in, stamp_span
from gputlb.facts.messages import Message, messages

if TYPE_CHECKING:
    from gputlb.diagnose._unwrap import Entry

Span = tuple[int, int]
LONGEST_KEPT_TEXT = 400
INTEL_DRIVERS = ("i915", "xe")
GPU_DRIVERS = ("i915", "xe", "amdgpu", "nouveau", "panfrost", "panthor", "mali", "drmn", "i915kms")

# Joining wrapped lines can double a blank; a blank with a quantifier, or in a set, is meant as it stands.
_PLAIN_BLANK = re.compile(r"(?<![\[\\]) (?![?*+{:\]])")
_TABLE = [(message.literal, message) for message in messages()]
_PCI = r"(?:[0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]"
_DEVICE = re.compile(
    rf"\b(?P<driver>[A-Za-z_][\w-]{{0,19}})[ :]+(?P<pci>{_PCI})(?=[:\s]|$)"
    r"|\b(?P<soc_driver>panfrost|panthor|mali) (?P<soc>[0-9a-f]{4,12}\.[\w-]+)"
    r"|\b(?P<bsd>drmn\d+)\b"
)
_DEVICE_NAME = re.compile(rf"{_PCI}|[0-9a-f]{{4,12}}\.[\w-]+|drmn\d+")
_DRIVER_WORD = re.compile(r"\b(i915|xe|amdgpu|nouveau|panfrost|panthor|mali)\b")
_GT = re.compile(r"\bGT(\d+)\b[^.]{0,40}$")
_TILE = re.compile(r"\bTile(\d+):[^.]{0,40}$")
_REPEATED_AFTER = re.compile(r"^[^\[]{0,40}?[(\[](?:[x\u00d7] ?(\d{1,6})|(\d{1,6}) ?(?:[x\u00d7]|times))[)\]]")
_REPEATED_BEFORE = re.compile(r"message repeated (\d{1,6}) times")
_HEADS = (
    (re.compile(r"(?i:tlb) invalidation (?:d(?:i(?:d[ \w]*)?)?)[>.… ]*$"), "mmio_timeout"),
    (re.compile(r"(?i:tlb) invalidation (?:r(?:e(?:s(?:p[ \w]*)?)?)?)[>.… ]*$"), "guc_timeout"),
    (re.compile(r"(?i:tlb) invalidation (?:f(?:e(?:n[ \w]*)?)?)[>.… ]*$"), "xe_fence_timeout"),
    (re.compile(r"Timeout waiting for sem(?: [ \w]*)?[>.… ]*$"), "amdgpu_vm_flush_sem_timeout"),
    (re.compile(r"Timeout waiting for VM f(?:[ \w]*)?[>.… ]*$"), "amdgpu_vm_flush_ack_timeout"),
)
_CHOOSY_DIGITS = re.compile(r"(?!0-9)\d-\d")
_FORMAT_STRING = re.compile(r"%(?:ll|l|#)?[dusxp]")
_INTEGERS = ("seqno", "recv")


@cache
def _pattern(match: str) -> re.Pattern[str]:
    # Compiled when its literal is first met: a log holds few of the messages, and all together delay the start.
    return re.compile(_PLAIN_BLANK.sub(" +", match))


class Found:
    """A known message at a place in a text."""

    __slots__ = ("match", "message")

    def __init__(self, message: Message, match: re.Match[str]) -> None:
        self.message = message
        self.match = match


def found_in(text: str) -> list[Found]:
    """Return the known messages of a text in order, none inside another."""
    hits = [
        Found(message, match)
        for literal, message in _TABLE
        if literal in text
        for match in _pattern(message.match).finditer(text)
    ]
    if len(hits) > 1:
        hits.sort(key=lambda hit: (hit.match.start(), -hit.match.end()))
        kept = [hits[0]]
        for hit in hits[1:]:
            if hit.match.start() >= kept[-1].match.end():
                kept.append(hit)
        return kept
    return hits


class Spans(NamedTuple):
    """Where in a line the values of its one message lie."""

    stamp: Span
    values: dict[str, Span]
    """By the name of the event's field; `device` as well where it stands before the message."""
    constant: list[Span]
    """Words with digits that are no values: `i915`, `G2H`."""

    def in_bytes(self, text: str) -> Spans:
        """Return the spans in the text as UTF-8."""

        def moved(span: Span) -> Span:
            return len(text[: span[0]].encode()), len(text[: span[1]].encode())

        return Spans(
            moved(self.stamp),
            {name: moved(span) for name, span in self.values.items()},
            [moved(span) for span in self.constant],
        )


def spans_in(text: str) -> Spans | None:
    """Return where values lie in a line with a stamp and one message.

    None where the line has another number of either, and where the value of a digit may matter to the match.
    """
    hits = found_in(text)
    if len(hits) != 1 or any(literal in text for literal, message in _TABLE if _CHOOSY_DIGITS.search(message.match)):
        return None
    message, match = hits[0].message, hits[0].match
    before = text[: match.start()]
    stamp = stamp_span(before)
    if stamp is None:
        return None
    values = {name: match.span(name) for name, value in match.groupdict().items() if value is not None}
    constant = [(at, at + len(message.literal)) for at in [text.find(message.literal)]]
    if named := _last_device(before):
        kind = next(kind for kind in ("pci", "soc", "bsd") if named[kind])
        values.setdefault("device", named.span(kind))
    constant += [word.span() for word in _DRIVER_WORD.finditer(text)]
    if gt := _GT.search(before):
        values["gt"] = gt.span(1)
    if tile := _TILE.search(before):
        values["tile"] = tile.span(1)
    return Spans(stamp, values, [span for span in constant if any(map(str.isdigit, text[slice(*span)]))])


def weight(text: str) -> int:
    """Return how much of known messages a text holds: more messages, more fields, longer fields."""
    return sum(
        1000 + sum(100 + len(value) for value in hit.match.groups() if value is not None) for hit in found_in(text)
    )


def events_in(entry: Entry) -> list[Event]:
    """Return the events that an entry reports."""
    text = entry.text
    hits = found_in(text)
    if not hits:
        return _cut_event(entry) if entry.cut else []
    events = []
    for hit in hits:
        before = text[: hit.match.start()]
        event = _event(hit, before, text, entry.line_at(hit.match.start()))
        if event is not None:
            events.append(event)
    return events


class Place:
    """The device named last before a message."""

    __slots__ = ("device", "driver")

    def __init__(self, driver: str | None, device: str | None) -> None:
        self.driver = driver
        self.device = device


@lru_cache(maxsize=512)
def place_in(before: str) -> Place:
    """Return the driver and the device that a piece of text names last."""
    named = _last_device(before)
    if named is None:
        word = None
        for word in _DRIVER_WORD.finditer(before):  # noqa: B007 - the last one is meant
            pass
        return Place(word[1] if word else None, None)
    if named["pci"]:
        return Place(named["driver"], full_address(named["pci"]))
    if named["soc"]:
        return Place(named["soc_driver"], named["soc"])
    return Place("drmn", named["bsd"])


def _last_device(before: str) -> re.Match[str] | None:
    named = None
    for named in _DEVICE.finditer(before):  # noqa: B007 - the last one is meant
        pass
    return named


def is_device(name: str) -> bool:
    """Return whether a word is the name of a device, as drivers print it."""
    return _DEVICE_NAME.fullmatch(name) is not None


def full_address(pci: str) -> str:
    """Return a PCI address with its domain, in lower case."""
    pci = pci.lower()
    return pci if pci.count(":") == 2 else f"0000:{pci}"


def _event(hit: Found, before: str, text: str, line: int) -> Event | None:
    message, match = hit.message, hit.match
    if (
        message.tlb
        and not any(match.groups())
        and _FORMAT_STRING.search(text, max(0, match.start() - 4), match.end() + 24)
    ):
        return None  # the kernel's source, not its log
    place = place_in(before)
    driver = place.driver if place.driver in GPU_DRIVERS or not message.drivers else None
    if message.guard == "driver" and not (driver in message.drivers or driver == "drmn"):
        return None
    if driver is not None and driver != "drmn" and message.drivers and driver not in message.drivers:
        # i915 and xe share their firmware and some of its messages; another vendor's driver
        # says the words by chance.
        if driver not in INTEL_DRIVERS or message.drivers[0] not in INTEL_DRIVERS:
            return None
        driver = message.drivers[0] if message.tlb else driver
    fields = {name: value for name, value in match.groupdict().items() if value is not None}
    device = place.device if driver is not None else None
    if "device" in fields:
        device = full_address(fields.pop("device"))
    if driver is None or driver == "drmn":
        driver = message.drivers[0] if message.drivers else driver
    numbers = {name: _integer(fields.pop(name)) for name in _INTEGERS if name in fields}
    stamp: Stamp | None = stamp_in(before)
    gt = _GT.search(before) if message.tlb or message.role else None
    tile = _TILE.search(before)
    return Event(
        kind=message.kind,
        tlb=message.tlb,
        role=message.role,
        driver=driver,
        device=device,
        gt=int(gt[1]) if gt else None,
        tile=int(tile[1]) if tile else None,
        engine=fields.pop("engine", None),
        seqno=numbers.get("seqno"),
        recv=numbers.get("recv"),
        time=stamp.time if stamp else None,
        clock=stamp.clock if stamp else None,
        stamp=stamp.text if stamp else None,
        line=line,
        text=_shown(text, before, match),
        suppressed=int(fields.pop("suppressed", 0)),
        repeated=_repeats(before, text[match.end() : match.end() + 60]),
        mention=message.tlb and stamp is None and device is None and not any(match.groups()),
        wait_us=message.wait_us,
        fields=fields,
    )


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= 20 else None


def _repeats(before: str, after: str) -> int:
    if "repeated" in before and (found := _REPEATED_BEFORE.search(before)):
        return max(1, int(found[1]))
    if ("x" in after or "\u00d7" in after or "times" in after) and (found := _REPEATED_AFTER.match(after)):
        return max(1, int(found[1] or found[2]))
    return 1


def _shown(text: str, before: str, match: re.Match[str]) -> str:
    if len(text) <= LONGEST_KEPT_TEXT:
        return text.strip()
    start = max(0, len(before) - 150)
    return text[start : start + LONGEST_KEPT_TEXT].strip()


def _cut_event(entry: Entry) -> list[Event]:
    text = entry.text
    for pattern, kind in _HEADS:
        found = pattern.search(text)
        if found is None:
            continue
        before = text[: found.start()]
        place = place_in(before)
        if place.device is None:
            return []
        message = next(message for message in messages() if message.kind == kind)
        stamp = stamp_in(before)
        gt = _GT.search(before)
        return [
            Event(
                kind=kind,
                tlb=True,
                driver=message.drivers[0],
                device=place.device,
                gt=int(gt[1]) if gt else None,
                time=stamp.time if stamp else None,
                clock=stamp.clock if stamp else None,
                stamp=stamp.text if stamp else None,
                line=entry.line_at(found.start()),
                text=text.strip()[:LONGEST_KEPT_TEXT],
                cut=True,
                wait_us=message.wait_us,
            )
        ]
    return []
