"""What a trace says of i915's VMAs: when objects were bound, unbound and destroyed."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Literal, NamedTuple

from gputlb.diagnose._errors import UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gputlb.diagnose.traces._text import TraceLine

MOST_EVENTS = 300_000
"""Binds, unbinds and destructions that are kept; each unbind becomes two lines of a recording, each bind one."""
_BACKWARDS_S = 1e-3
"""Events of two processors may change places by less; by more, two traces stand one after the other."""
_BIND, _UNBIND, _DESTROY = range(3)
_KINDS = {"i915_vma_bind": _BIND, "i915_vma_unbind": _UNBIND, "i915_gem_object_destroy": _DESTROY}
_FIELD = re.compile(r"\b(obj|vm|offset|size)=([^\s,]{1,32})")

VmaDeed = Literal["bind", "unbind", "release"]


class VmaRow(NamedTuple):
    """One thing that happens to one object's binding."""

    time_us: float
    """Since the first of them."""
    deed: VmaDeed
    number: int
    """Of the binding: another one each time that the pages behind it may be others."""
    size_bytes: int


class VmaHistory:
    """Follows bindings through a trace, from their first bind to the release of their pages.

    i915 has no event for the release of pages, only for what causes it. Where the trace has
    `i915_gem_object_destroy`, an object's pages go when it is destroyed, and what was unbound and bound again before
    has kept them: only its last unbind counts, as only that stamp does for i915. Where it has none, each unbind is
    taken to be followed by the release at once, as where memory is short or a program unmaps user pages.

    Args:
        name: of the trace, for messages.

    Attributes:
        unread: events whose fields were not understood.
        bound_before: bindings that are unbound although nobody saw them bound; they count as bound from the start.

    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.unread = 0
        self.bound_before = 0
        self._times = array("d")
        self._kinds = bytearray()
        self._whats = array("L")
        self._bindings: dict[tuple[str, str, str], int] = {}
        self._sizes = array("Q")
        self._objects: dict[str, int] = {}
        self._object_of = array("L")

    @property
    def knows_destruction(self) -> bool:
        """Whether the trace says when objects are destroyed."""
        return _DESTROY in self._kinds

    def read(self, event: TraceLine) -> bool:
        """Take an event; return whether it was one of these.

        Raises: `UnreadableInput` for too many of them, and where time goes back.
        """
        kind = _KINDS.get(event.name)
        if kind is None:
            return False
        fields = dict(_FIELD.findall(event.fields))
        size = _number(fields.get("size", ""))
        if "obj" not in fields or (kind != _DESTROY and (size is None or not {"vm", "offset"} <= fields.keys())):
            self.unread += 1
            return True
        if len(self._times) == MOST_EVENTS:
            raise UnreadableInput(
                f"{self._name}, line {event.line}: more than {MOST_EVENTS:,} binds, unbinds and destructions; "
                "record for a shorter time"
            )
        before = self._times[-1] if self._times else event.time
        if event.time < before - _BACKWARDS_S:
            raise UnreadableInput(
                f"{self._name}, line {event.line}: {event.time:f} s comes after {before:f} s; give one trace at a time"
            )
        number = self._objects.setdefault(fields["obj"], len(self._objects))
        if kind != _DESTROY:
            number = self._binding(fields, number, size or 0)
        self._times.append(max(event.time, before))
        self._kinds.append(kind)
        self._whats.append(number)
        return True

    def _binding(self, fields: dict[str, str], of: int, size: int) -> int:
        key = (fields["obj"], fields["vm"], fields["offset"])
        number = self._bindings.setdefault(key, len(self._sizes))
        if number == len(self._sizes):
            self._sizes.append(size)
            self._object_of.append(of)
        return number

    def rows(self) -> Iterator[VmaRow]:
        """Yield what happened, in order of time."""
        rows = list(self._after_destruction() if self.knows_destruction else self._at_once())
        # Bindings from before the trace stand last, as only an unbind gives them away, but have the earliest time.
        rows.sort(key=lambda row: row.time_us)
        return iter(rows)

    def _at_once(self) -> Iterator[VmaRow]:
        lives = _Lives(self)
        for time_us, kind, what in self._events():
            if kind == _BIND and what not in lives.bound:
                yield lives.bind(time_us, what)
            elif kind == _UNBIND:
                if what not in lives.bound:
                    self.bound_before += 1
                    yield lives.bind(0.0, what)
                yield lives.row(time_us, "unbind", what)
                yield lives.row(time_us, "release", what)
                del lives.bound[what]

    def _after_destruction(self) -> Iterator[VmaRow]:
        lives = _Lives(self)
        unbound_us: dict[int, float] = {}  # when each binding that exists was last unbound, if it is
        bindings: dict[int, list[int]] = {}  # those of each object
        for time_us, kind, what in self._events():
            if kind == _DESTROY:
                for binding in bindings.pop(what, ()):
                    yield lives.row(unbound_us.pop(binding, time_us), "unbind", binding)
                    yield lives.row(time_us, "release", binding)
                    del lives.bound[binding]
                continue
            if what not in lives.bound:
                bindings.setdefault(self._object_of[what], []).append(what)
                self.bound_before += kind == _UNBIND
                yield lives.bind(0.0 if kind == _UNBIND else time_us, what)
            if kind == _UNBIND:
                unbound_us[what] = time_us
            else:
                unbound_us.pop(what, None)
        for binding, time_us in unbound_us.items():
            yield lives.row(time_us, "unbind", binding)

    def _events(self) -> Iterator[tuple[float, int, int]]:
        self.bound_before = 0
        first = self._times[0] if self._times else 0.0
        for time, kind, what in zip(self._times, self._kinds, self._whats, strict=True):
            yield (time - first) * 1e6, kind, what

    def size_of(self, binding: int) -> int:
        """Return a binding's size in bytes."""
        return self._sizes[binding]


class _Lives:
    """Which bindings exist, and the number of each one's present life."""

    def __init__(self, history: VmaHistory) -> None:
        self.bound: dict[int, int] = {}
        self._history = history
        self._begun = 0

    def bind(self, time_us: float, binding: int) -> VmaRow:
        self.bound[binding] = self._begun
        self._begun += 1
        return self.row(time_us, "bind", binding)

    def row(self, time_us: float, deed: VmaDeed, binding: int) -> VmaRow:
        return VmaRow(time_us, deed, self.bound[binding], self._history.size_of(binding))


def _number(text: str) -> int | None:
    try:
        number = int(text, 0 if text.startswith("0x") else 10)
    except ValueError:
        return None
    return number if 0 < number < 1 << 63 else None
