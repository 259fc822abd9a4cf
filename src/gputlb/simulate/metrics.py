"""Counting what a run costs and misses, from its events."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gputlb import facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.runtime import Event, Runtime
    from gputlb.simulate.machine import Machine

KEPT_VIOLATIONS = 20
"""How many stale accesses are kept with their details; all are counted."""


class Metrics:
    """A listener that counts, from the moment that it is made.

    Which engines a flush asked is read from the driver's own trace line, `invalidated engines <mask>`, since two
    engines may share a register. Times are virtual nanoseconds.
    """

    def __init__(self, runtime: Runtime, machine: Machine) -> None:
        self.flushes = 0
        self.skipped: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.served: Counter[str] = Counter()
        self.release_ns: list[int] = []
        self.mutex_held_ns = 0
        self.forcewake_wakes = 0
        self.forcewake_sleeps = 0
        self.timeouts: Counter[str] = Counter()
        self.lost_writes = 0
        self.stale_by_engine: Counter[str] = Counter()
        self.stale: list[dict[str, object]] = []
        self.errors = 0
        self.accesses = 0
        self._locked_at_ns: dict[str, int] = {}
        self._flush_locks = {tlb.invalidate_lock.name for tlb in machine.tlbs}
        self._names = {gt.name: {engine.mask: engine.name for engine in gt.engines} for gt in machine.gts}
        self._handlers: dict[str, Callable[[Event], None]] = {
            "seqno": self._flushed,
            "skip": self._skip,
            "trace": self._trace,
            "unit": self._unit,
            "release": self._release,
            "access": self._access,
            "mutex_lock": self._mutex_lock,
            "mutex_unlock": self._mutex_unlock,
            "fw_awake": self._awake,
            "fw_asleep": self._asleep,
            "wait": self._wait,
            "mcr_wait": self._wait,
            "sem_wait": self._semaphore,
            "write_lost": self._write_lost,
            "violation": self._violation,
            "err": self._error,
        }
        self._stop = runtime.events.listen(self._notice)

    def finish(self, now_ns: int) -> None:
        """Stop counting at the end of the run; a mutex that is still held has been held until then."""
        self._stop()
        self.mutex_held_ns += sum(now_ns - begun_ns for begun_ns in self._locked_at_ns.values())
        self._locked_at_ns.clear()

    def _notice(self, event: Event) -> None:
        handler = self._handlers.get(event.kind)
        if handler is not None:
            handler(event)

    def _access(self, _event: Event) -> None:
        self.accesses += 1

    def _flushed(self, _event: Event) -> None:
        self.flushes += 1

    def _skip(self, event: Event) -> None:
        self.skipped[str(event.values[0])] += 1

    def _trace(self, event: Event) -> None:
        text, _, mask = str(event.values[0]).rpartition(" ")
        if text != "invalidated engines":
            return
        bits = int(mask, 16)
        for names in self._names.values():
            for bit, name in names.items():
                if bits & bit:
                    self.requests[name] += 1

    def _unit(self, event: Event) -> None:
        name, what = event.values
        if what == "end":
            self.served[str(name)] += 1

    def _release(self, event: Event) -> None:
        self.release_ns.append(int(str(event.values[0])))

    def _mutex_lock(self, event: Event) -> None:
        if event.values[0] in self._flush_locks:
            self._locked_at_ns[str(event.values[0])] = event.time_ns

    def _mutex_unlock(self, event: Event) -> None:
        begun_ns = self._locked_at_ns.pop(str(event.values[0]), None)
        if begun_ns is not None:
            self.mutex_held_ns += event.time_ns - begun_ns

    def _awake(self, _event: Event) -> None:
        self.forcewake_wakes += 1

    def _asleep(self, _event: Event) -> None:
        self.forcewake_sleeps += 1

    def _wait(self, event: Event) -> None:
        if event.values[-1] == "timeout":
            offset = event.values[0]
            assert isinstance(offset, int)
            register = facts.register_at(offset)
            self.timeouts[register.name if register else f"{offset:#x}"] += 1

    def _semaphore(self, event: Event) -> None:
        if event.values[-1] == "timeout":
            self.timeouts["MTL_STEER_SEMAPHORE"] += 1

    def _write_lost(self, _event: Event) -> None:
        self.lost_writes += 1

    def _violation(self, event: Event) -> None:
        text, details = event.values
        assert isinstance(details, dict)
        if "page" not in details:
            return  # another requirement than the memory's
        self.stale_by_engine[details["engine"]] += 1
        if len(self.stale) < KEPT_VIOLATIONS:
            self.stale.append({"time_us": event.time_ns / 1000, "text": text, **details})

    def _error(self, _event: Event) -> None:
        self.errors += 1
