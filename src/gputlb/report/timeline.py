"""A run's events as a timeline of tracks, slices and marks: what a trace viewer shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Protocol

from gputlb import facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.runtime import Event

Values = dict[str, str | int | float]


class TraceWriter(Protocol):
    """A trace file's format."""

    def begin(self, track: str, time_ns: int, name: str) -> None:
        """Begin a slice on a track; slices of one track nest."""

    def end(self, track: str, time_ns: int) -> None:
        """End the innermost open slice of a track."""

    def mark(self, track: str, time_ns: int, name: str, values: Values) -> None:
        """Set a mark without extent on a track."""


class Timeline:
    """A listener that turns events into slices: one track for each client, engine, unit and power domain.

    Slices on a client's track: what it does, and within a release the flush, from taking the invalidation mutex
    to giving it back. On an engine's track: while a context is on it; stale accesses are marks there. On a unit's
    track: each invalidation.
    """

    def __init__(self, writer: TraceWriter, flush_locks: set[str]) -> None:
        self._writer = writer
        self._flush_locks = flush_locks
        self._open: defaultdict[str, list[str]] = defaultdict(list)
        self._contexts: Counter[str] = Counter()
        self._last_ns = 0
        self._handlers: dict[str, Callable[[Event], None]] = {
            "begin": self._begin,
            "end": self._end,
            "mutex_lock": self._mutex_lock,
            "mutex_unlock": self._mutex_unlock,
            "context": self._context,
            "unit": self._unit,
            "power": self._power,
            "violation": self._violation,
            "write": self._write,
            "mcr_write": self._write,
            "wait": self._wait,
            "mcr_wait": self._wait,
            "skip": self._skip,
            "err": self._error,
            "warn": self._error,
            "write_lost": self._write_lost,
        }

    def __call__(self, event: Event) -> None:
        """Take one event."""
        self._last_ns = event.time_ns
        handler = self._handlers.get(event.kind)
        if handler is not None:
            handler(event)

    def close(self) -> None:
        """End what is still open, at the time of the last event."""
        for track, names in self._open.items():
            while names:
                names.pop()
                self._writer.end(track, self._last_ns)

    def _open_slice(self, track: str, time_ns: int, name: str) -> None:
        self._open[track].append(name)
        self._writer.begin(track, time_ns, name)

    def _close_slice(self, track: str, time_ns: int, name: str) -> None:
        names = self._open[track]
        if name in names:
            while names and names.pop() != name:
                self._writer.end(track, time_ns)
            self._writer.end(track, time_ns)

    def _begin(self, event: Event) -> None:
        self._open_slice(event.agent, event.time_ns, str(event.values[0]))

    def _end(self, event: Event) -> None:
        self._close_slice(event.agent, event.time_ns, str(event.values[0]))

    def _mutex_lock(self, event: Event) -> None:
        if event.values[0] in self._flush_locks:
            self._open_slice(event.agent, event.time_ns, "under the invalidation mutex")

    def _mutex_unlock(self, event: Event) -> None:
        if event.values[0] in self._flush_locks:
            self._close_slice(event.agent, event.time_ns, "under the invalidation mutex")

    def _context(self, event: Event) -> None:
        engine, what = str(event.values[0]), event.values[1]
        if what == "start":
            self._contexts[engine] += 1
            if self._contexts[engine] == 1:
                self._open_slice(engine, event.time_ns, "running")
        else:
            self._contexts[engine] -= 1
            if self._contexts[engine] == 0:
                self._close_slice(engine, event.time_ns, "running")

    def _unit(self, event: Event) -> None:
        name, what = event.values
        if what == "begin":
            self._open_slice(f"{name} invalidation unit", event.time_ns, "invalidate")
        else:
            self._close_slice(f"{name} invalidation unit", event.time_ns, "invalidate")

    def _power(self, event: Event) -> None:
        name, powered = event.values
        if powered:
            self._open_slice(f"{name} domain", event.time_ns, "powered")
        else:
            self._close_slice(f"{name} domain", event.time_ns, "powered")

    def _violation(self, event: Event) -> None:
        text, details = event.values
        assert isinstance(details, dict)
        self._writer.mark(str(details.get("engine", event.agent)), event.time_ns, f"stale access: {text}", details)

    def _write(self, event: Event) -> None:
        offset, value = event.values
        assert isinstance(offset, int)
        name = f"write {_register(offset)}"
        self._writer.mark(event.agent, event.time_ns, name, {"offset": f"{offset:#x}", "value": f"{value:#x}"})

    def _wait(self, event: Event) -> None:
        offset, mask, *_, result = event.values
        assert isinstance(offset, int)
        name = f"{_register(offset)} {'cleared' if result == 'ok' else 'did not clear in time'}"
        self._writer.mark(event.agent, event.time_ns, name, {"offset": f"{offset:#x}", "mask": f"{mask:#x}"})

    def _skip(self, event: Event) -> None:
        self._writer.mark(event.agent, event.time_ns, f"no flush: {event.values[0]}", {})

    def _error(self, event: Event) -> None:
        self._writer.mark(event.agent, event.time_ns, str(event.values[0]), {})

    def _write_lost(self, event: Event) -> None:
        offset, value, why = event.values
        assert isinstance(offset, int)
        values: Values = {"offset": f"{offset:#x}", "value": f"{value:#x}", "why": str(why)}
        self._writer.mark(event.agent, event.time_ns, f"write to {_register(offset)} lost", values)


def _register(offset: int) -> str:
    register = facts.register_at(offset)
    return register.name if register else f"{offset:#x}"
