"""Counting what a run costs and misses, from its events."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.simulate.engines_seen import EnginesSeen
from gputlb.simulate.queues import QueueMeter
from gputlb.simulate.releases_seen import ReleasesSeen

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gputlb.runtime import Runtime
    from gputlb.simulate.machine import Machine

    Values = tuple[Any, ...]  # of an event; each kind has its own

KEPT_VIOLATIONS = 20
"""How many stale accesses are kept with their details; all are counted."""


class Metrics:
    """A listener that counts, from the moment that it is made, or from `begin` on; what it keeps does not grow.

    Which engines a flush asked is read from the driver's own trace line, `invalidated engines <mask>`, since two
    engines may share a register. Times are virtual nanoseconds.
    """

    def __init__(self, runtime: Runtime, machine: Machine) -> None:
        self._flush_locks = machine.flush_locks
        self._names = {gt.name: {engine.mask: engine.name for engine in gt.engines} for gt in machine.gts}
        self._locked_at_ns: dict[str, int] = {}
        self._binding_since_ns: dict[str, int] = {}
        self._held_domains = 0
        self._held_changed_ns = 0
        self.releases = ReleasesSeen(self._flush_locks, len(machine.gts))
        self._under_way = self.releases.under_way
        self.engines = EnginesSeen(machine)
        self.memory_queue = QueueMeter()
        self.has_turned_away = False
        """Whether some arrival found too many waiting, in the warm-up or later."""
        self.begin(0)
        self._handlers: dict[str, Callable[[int, str, Values], None]] = {
            "begin": self._begin,
            "end": self._end,
            "seqno": self._flushed,
            "skip": self._skip,
            "trace": self._trace,
            "unit": self._unit,
            "walk": self.engines.walk,
            "context": self.engines.context,
            "reset_unit": self.engines.reset,
            "release": self.releases.ended,
            "turned_away": self._turned_away,
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
        self._stop = runtime.events.listen_to_parts(self._notice)

    def begin(self, now_ns: int) -> None:
        """Count from now on, and forget what was counted before: the warm-up is over."""
        self.turned_away = 0
        self.flushes = 0
        self.skipped: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.served: Counter[str] = Counter()
        self.mutex_held_ns = 0
        self.forcewake_wakes = 0
        self.forcewake_sleeps = 0
        self.forcewake_awake_ns = 0
        self.timeouts: Counter[str] = Counter()
        self.lost_writes = 0
        self.stale_by_engine: Counter[str] = Counter()
        self.stale: list[dict[str, object]] = []
        self.errors = 0
        self.accesses = 0
        self._locked_at_ns = dict.fromkeys(self._locked_at_ns, now_ns)
        self._held_changed_ns = now_ns
        self.releases.begin(now_ns)
        self.engines.begin(now_ns)
        self.memory_queue.begin(now_ns)

    def finish(self, now_ns: int) -> None:
        """Stop counting at the end of the run; what is still held has been held until then."""
        self._stop()
        self.mutex_held_ns += sum(now_ns - begun_ns for begun_ns in self._locked_at_ns.values())
        self._locked_at_ns.clear()
        self._hold_domains(now_ns, 0)
        self.engines.finish(now_ns)

    def _notice(self, time_ns: int, agent: str, kind: str, values: Values) -> None:
        if kind == "access":  # the most frequent by far, and an engine's, which releases nothing
            self.accesses += 1
            return
        if agent in self._under_way:
            self.releases.goes_on(self._under_way[agent], time_ns, kind, values)
        if kind in self._handlers:
            self._handlers[kind](time_ns, agent, values)

    def _begin(self, time_ns: int, agent: str, values: Values) -> None:
        if values[0] == "release":
            self.releases.started(time_ns, agent)
        elif values[0] == "bind":
            self._binding_since_ns[agent] = time_ns
            self.memory_queue.enter(time_ns)

    def _end(self, time_ns: int, agent: str, values: Values) -> None:
        if values[0] == "bind":
            self.memory_queue.leave(time_ns, time_ns - self._binding_since_ns.pop(agent))

    def _turned_away(self, _time_ns: int, _agent: str, _values: Values) -> None:
        self.turned_away += 1
        self.has_turned_away = True

    def _flushed(self, _time_ns: int, _agent: str, _values: Values) -> None:
        self.flushes += 1

    def _skip(self, _time_ns: int, _agent: str, values: Values) -> None:
        self.skipped[str(values[0])] += 1

    def _trace(self, _time_ns: int, _agent: str, values: Values) -> None:
        text, _, mask = str(values[0]).rpartition(" ")
        if text != "invalidated engines":
            return
        bits = int(mask, 16)
        for names in self._names.values():
            for bit, name in names.items():
                if bits & bit:
                    self.requests[name] += 1

    def _unit(self, _time_ns: int, _agent: str, values: Values) -> None:
        name, what = values
        if what == "end":
            self.served[str(name)] += 1
            self.engines.unit(str(name))

    def _mutex_lock(self, time_ns: int, _agent: str, values: Values) -> None:
        if values[0] in self._flush_locks:
            self._locked_at_ns[str(values[0])] = time_ns

    def _mutex_unlock(self, time_ns: int, _agent: str, values: Values) -> None:
        begun_ns = self._locked_at_ns.pop(str(values[0]), None)
        if begun_ns is not None:
            self.mutex_held_ns += time_ns - begun_ns

    def _awake(self, time_ns: int, _agent: str, _values: Values) -> None:
        self.forcewake_wakes += 1
        self._hold_domains(time_ns, 1)

    def _asleep(self, time_ns: int, _agent: str, _values: Values) -> None:
        self.forcewake_sleeps += 1
        self._hold_domains(time_ns, -1)

    def _hold_domains(self, now_ns: int, more: int) -> None:
        self.forcewake_awake_ns += self._held_domains * (now_ns - self._held_changed_ns)
        self._held_changed_ns = now_ns
        self._held_domains += more

    def _wait(self, _time_ns: int, _agent: str, values: Values) -> None:
        if values[-1] == "timeout":
            offset = values[0]
            register = facts.register_at(offset)
            self.timeouts[register.name if register else f"{offset:#x}"] += 1

    def _semaphore(self, _time_ns: int, _agent: str, values: Values) -> None:
        if values[-1] == "timeout":
            self.timeouts["MTL_STEER_SEMAPHORE"] += 1

    def _write_lost(self, _time_ns: int, _agent: str, _values: Values) -> None:
        self.lost_writes += 1

    def _violation(self, time_ns: int, _agent: str, values: Values) -> None:
        text, details = values
        if "page" not in details:
            return  # another requirement than the memory's
        self.stale_by_engine[details["engine"]] += 1
        if len(self.stale) < KEPT_VIOLATIONS:
            self.stale.append({"time_us": time_ns / 1000, "text": text, **details})

    def _error(self, _time_ns: int, _agent: str, _values: Values) -> None:
        self.errors += 1
