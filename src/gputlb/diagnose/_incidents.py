"""From events to incidents: one device, one burst, what came first, whether it ended well."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from operator import itemgetter, sub
from statistics import median
from typing import TYPE_CHECKING

from gputlb.diagnose._devices import GPU_DRIVERS
from gputlb.diagnose._events import role_of
from gputlb.diagnose._incident import Incident, IncidentClass, SilentGap
from gputlb.facts.messages import invalidation_waits

if TYPE_CHECKING:
    from gputlb.diagnose._events import Event
    from gputlb.diagnose._flood import DeviceFlood
    from gputlb.diagnose._stencils import Stencil

BURST_GAP_S = 60.0
"""Events of one device further apart than this belong to two incidents."""
BUS_NEAR_S = 5.0
"""A bridge's trouble belongs to the GPU incident that follows within this time."""
SETTLED_S = 10.0
"""A reset that has not ended this long after it began, although the log goes on, has failed."""
SILENT_S = 10.0
_XE_SEQNO_MODULUS = 0x100000
_MOST_SAMPLES = 1000
_FEWEST_TELLING_PAIRS = 3
MOST_INCIDENTS = 2_000
"""Incidents kept; later ones are only counted."""

_GOOD = ("reset_done", "restarted")
_OPENS_NOTHING = ("effect", "reset_done", "restarted")


class Burst:
    """An incident under construction; every event is taken once, in constant time and memory."""

    def __init__(self, event: Event, device: str | None) -> None:
        self.incident = Incident(device=device, driver=event.driver)
        self.order: dict[str, int] = {}
        self.latest: dict[str, int] = {}
        self.last_role_time: dict[str, tuple[float, str]] = {}
        self.taken = 0
        self.first_time: tuple[float, str] | None = None
        self.last_time: tuple[float, str] | None = None
        self.tlb_times: list[tuple[float, str]] = []
        self.last_tlb_time: tuple[float, str] | None = None
        self.pairs: list[tuple[int, int]] = []
        self.recv_seen: set[int] = set()
        self.seqnos: set[int] = set()
        self.seen: OrderedDict[tuple[object, ...], None] = OrderedDict()
        self.ecodes: set[str] = set()
        self.reasons: set[str] = set()
        self.settled = False

    def add(self, event: Event) -> None:
        """Take one event."""
        self.taken = taken = self.taken + 1
        incident = self.incident
        role = role_of(event)
        self.order.setdefault(role, taken)
        self.latest[role] = taken
        now = (event.time, event.clock) if event.time is not None and event.clock is not None else None
        if now is not None:
            self.last_role_time[role] = now
        if role != "restarted":
            incident.kinds[event.kind] = incident.kinds.get(event.kind, 0) + 1
            if not incident.first_line:
                incident.first_line, incident.first_line_number = event.text, event.line
                incident.first_stamp = event.stamp
            incident.last_line_number = event.line
            if event.stamp is not None:
                incident.first_stamp = incident.first_stamp or event.stamp
                incident.last_stamp = event.stamp
            if now is not None:
                self.first_time = self.first_time or now
                self.last_time = now
        if fields := event.fields:
            if "ecode" in fields:
                self.ecodes.add(fields["ecode"])
            if "reason" in fields:
                self.reasons.add(fields["reason"])
        if not event.device_certain:
            self._uncertain(f"line {event.line} names no device; {event.device} was taken from its neighbours")
        if event.tlb:
            self._add_tlb(event, now)

    def _add_tlb(self, event: Event, now: tuple[float, str] | None) -> None:
        incident = self.incident
        if event.suppressed:
            incident.suppressed += event.suppressed
            incident.count += event.suppressed
            return
        incident.event_lines += 1
        if event.gt is not None and event.gt not in incident.gts:
            incident.gts.append(event.gt)
        if event.engine is not None and event.engine not in incident.engines:
            incident.engines.append(event.engine)
        if self._is_duplicate(event):
            incident.duplicates += 1
            incident.count += event.repeated - 1
        else:
            incident.count += event.repeated
        if event.seqno is not None:
            if incident.seqno_first is None:
                incident.seqno_first = event.seqno
            incident.seqno_last = event.seqno
            if len(self.seqnos) < _MOST_SAMPLES:
                self.seqnos.add(event.seqno)
        if event.recv is not None:
            incident.recv_last = event.recv
            if len(self.recv_seen) < _MOST_SAMPLES:
                self.recv_seen.add(event.recv)
            if event.seqno is not None and len(self.pairs) < _MOST_SAMPLES:
                self.pairs.append((event.seqno, event.recv))
        if now is not None:
            self._note_gap(event, now)
            self.last_tlb_time = now
            if len(self.tlb_times) < _MOST_SAMPLES:
                self.tlb_times.append(now)

    @property
    def wants_samples(self) -> bool:
        """Whether it has taken too few events for its spacing and its answers to be read."""
        return self.taken < _MOST_SAMPLES

    def add_flood(self, flood: DeviceFlood) -> None:
        """Take the lines of a flood at once; all lie within the burst, which has samples enough."""
        incident, before = self.incident, self.taken + 1
        for part in sorted(flood.parts, key=lambda part: part.indexes[0]):
            self.order.setdefault(part.stencil.role, before + part.indexes[0])
        for part in sorted(flood.parts, key=lambda part: part.indexes[-1]):
            role, index, model = part.stencil.role, part.indexes[-1], part.stencil.model
            self.latest[role] = before + index
            now = (flood.time_at(index), part.stencil.clock)
            self.last_role_time[role] = now
            if role == "restarted":
                continue
            last = flood.line_at(index)
            self.last_time = now
            incident.last_line_number, incident.last_stamp = flood.line_number(index), part.stencil.stamp(last).text
            if part.stencil.is_failure:
                seqno, recv = part.stencil.number("seqno", last), part.stencil.number("recv", last)
                incident.seqno_last = incident.seqno_last if seqno is None else seqno
                incident.recv_last = incident.recv_last if recv is None else recv
            incident.kinds[model.kind] = incident.kinds.get(model.kind, 0) + len(part.lines)
        self.taken = before + flood.indexes[-1]
        for stencil, _, lines in flood.parts:
            self.ecodes.update(stencil.distinct("ecode", lines))
            self.reasons.update(stencil.distinct("reason", lines))
            if stencil.is_failure:
                self._add_failures(stencil, lines)
            elif stencil.model.suppressed:
                hidden = stencil.total("suppressed", lines)
                incident.suppressed += hidden
                incident.count += hidden
        self._note_gaps(flood)

    def _add_failures(self, stencil: Stencil, lines: list[bytes]) -> None:
        incident, count = self.incident, len(lines)
        distinct = len(set(lines)) if stencil.tells_repetitions else count
        incident.event_lines += count
        incident.count += distinct
        incident.duplicates += count - distinct
        gts = sorted(map(int, stencil.distinct("gt", lines)))
        incident.gts += [gt for gt in gts if gt not in incident.gts]
        incident.engines += [each for each in sorted(stencil.distinct("engine", lines)) if each not in incident.engines]
        if len(self.recv_seen) < _MOST_SAMPLES and stencil.model.recv is not None:
            self.recv_seen.update(map(int, sorted(stencil.distinct("recv", lines))[:_MOST_SAMPLES]))

    def _note_gaps(self, flood: DeviceFlood) -> None:
        failures = flood.failures()
        if not failures:
            return
        times = flood.times if failures is flood.indexes else [flood.time_at(index) for index in failures]
        since = self.last_tlb_time[0] if self.last_tlb_time is not None else times[0]
        self.last_tlb_time = (times[-1], flood.parts[0].stencil.clock)
        steps = list(map(sub, times, [since, *times[:-1]]))
        if max(steps) < SILENT_S:
            return
        for index, step in zip(failures, steps, strict=True):
            if step >= SILENT_S and len(self.incident.silent_gaps) < _MOST_SAMPLES:
                line = flood.line_number(index)
                self.incident.silent_gaps.append(SilentGap(line - 1, line, round(step, 3), "no line about the device"))

    def _is_duplicate(self, event: Event) -> bool:
        """Return whether it is a second report of the same: pasted twice, or kept by journal and kernel."""
        key: tuple[object, ...]
        if event.stamp is None:
            # Without a stamp only a number tells two failures apart.
            if event.seqno is None:
                return False
            key = (event.kind, event.seqno, event.recv)
        else:
            # A stamp of whole seconds does not tell two engine timeouts apart, 4 ms from each other.
            if "." not in event.stamp and event.seqno is None:
                return False
            key = (event.stamp, event.kind, event.seqno, event.recv, event.engine, event.gt)
            plain = (event.kind, event.seqno, event.recv)
            if event.seqno is not None and plain not in self.seen:
                self.seen[plain] = None
        if key in self.seen:
            return True
        self.seen[key] = None
        if len(self.seen) > _MOST_SAMPLES:
            self.seen.popitem(last=False)
        return False

    def _note_gap(self, event: Event, now: tuple[float, str]) -> None:
        last = self.last_tlb_time
        gap_s = now[0] - last[0] if last is not None and last[1] == now[1] else 0.0
        if gap_s >= SILENT_S and len(self.incident.silent_gaps) < _MOST_SAMPLES:
            gap = SilentGap(self.incident.last_line_number, event.line, round(gap_s, 3), "no line about the device")
            self.incident.silent_gaps.append(gap)

    def _uncertain(self, sentence: str) -> None:
        if len(self.incident.uncertain) < 5:
            self.incident.uncertain.append(sentence)

    def absorbs(self, event: Event) -> bool:
        """Whether an event belongs to this burst, by its time."""
        if event.time is None or self.last_time is None or event.clock != self.last_time[1]:
            return True
        gap_s = event.time - self.last_time[0]
        if not event.tlb and event.role in _GOOD and self.latest.get(event.role or "", 0) < self.taken:
            return gap_s >= -1.0
        return -1.0 <= gap_s <= BURST_GAP_S

    def close(self, end_time: dict[str, float]) -> Incident:
        """Return the finished incident."""
        incident = self.incident
        if self.first_time and self.last_time and self.first_time[1] == self.last_time[1]:
            incident.duration_s = round(self.last_time[0] - self.first_time[0], 6)
        if not self.settled:
            self._read_spacing()
            self._read_answers()
        self._judge_recovery(end_time)
        incident.class_ = self._class()
        return incident

    def settle(self) -> None:
        """Read the samples, and let go of them but for what is needed to judge the burst: nothing more will come."""
        self._read_spacing()
        self._read_answers()
        self.settled = True
        telling = [pair for pair in self.pairs if passed(*reversed(pair))][:1]
        least = sorted(self.pairs, key=itemgetter(1))[:_FEWEST_TELLING_PAIRS]
        self.pairs = [*telling, *least]
        self.seqnos = set(sorted(self.seqnos)[:_FEWEST_TELLING_PAIRS])
        self.tlb_times, self.recv_seen = [], set()
        self.seen.clear()

    def _read_spacing(self) -> None:
        incident, times = self.incident, self.tlb_times
        clocks = {clock for _, clock in times}
        if len(times) < 2 or len(clocks) != 1:
            return
        steps = [later[0] - earlier[0] for earlier, later in pairwise(times)]
        steps = [step for step in steps if 0 < step < SILENT_S]
        if not steps:
            return
        whole_seconds = all(step == int(step) for step in steps)
        spacing = sum(steps) / len(steps) if whole_seconds else median(steps)
        incident.spacing_s = round(spacing, 6)
        if whole_seconds and len(steps) < 3:
            return  # stamps of whole seconds need a longer run
        fitting = [
            (abs(spacing * 1e6 - wait.wait_us), wait)
            for wait in invalidation_waits()
            if incident.kinds.keys() & set(wait.kinds) and 0.85 * wait.wait_us <= spacing * 1e6 <= 1.35 * wait.wait_us
        ]
        if fitting:
            incident.spacing_reading = min(fitting, key=lambda pair: pair[0])[1].text

    def _read_answers(self) -> None:
        incident = self.incident
        if not self.pairs:
            if len(self.seqnos) == 1 and incident.event_lines - incident.duplicates > 1:
                incident.answer_reading = (
                    "the same seqno again and again: the driver's table of waiters may be full "
                    "and its one reserve slot in use"
                )
            return
        distinct = {seqno for seqno, _ in self.pairs}
        if len(distinct) >= 2:
            incident.recv_frozen = len(self.recv_seen) == 1
        if incident.recv_frozen:
            incident.answer_reading = (
                f"recv stays at {self.pairs[0][1]} while {len(distinct)} requests time out: "
                "the firmware has stopped answering"
            )
        elif all((seqno - recv) % _XE_SEQNO_MODULUS == 1 for seqno, recv in self.pairs):
            incident.answer_reading = (
                "recv is always one behind: single answers were lost or late, the firmware is alive"
            )
            if len(distinct) == 1:
                incident.answer_reading = "recv is one behind: this one answer was lost or late"
        elif any(passed(recv, seqno) for seqno, recv in self.pairs):
            incident.answer_reading = "recv has reached seqno: the answer came just as the time ran out"
        else:
            behind = max((seqno - recv) % _XE_SEQNO_MODULUS for seqno, recv in self.pairs)
            incident.answer_reading = f"up to {behind} requests were waiting for the firmware"

    def _judge_recovery(self, end_time: dict[str, float]) -> None:
        incident = self.incident
        bad = max((at for role, at in self.latest.items() if role not in (*_GOOD, "effect")), default=0)
        good = max((at for role, at in self.latest.items() if role in _GOOD), default=0)
        if self.latest.get("wedged", 0) > good:
            incident.recovered, incident.recovered_because = False, "the driver declared the device wedged"
        elif self.latest.get("reset_failed", 0) > good:
            incident.recovered, incident.recovered_because = False, "a reset failed and none worked after it"
        elif good > bad:
            restarted = self.latest.get("restarted", 0) == good
            incident.recovered = True
            incident.recovered_because = (
                "the firmware was started again after it" if restarted else "the reset was reported as done"
            )
        elif good:
            incident.recovered, incident.recovered_because = (
                None,
                "a reset worked, but failures went on after it",
            )
        elif "reset_started" in self.latest:
            began = self.last_role_time.get("reset_started")
            end = end_time.get(began[1]) if began else None
            if began and end is not None and end - began[0] >= SETTLED_S and incident.driver == "xe":
                incident.recovered = False
                incident.recovered_because = "a reset began and was never reported as done, although the log goes on"
            else:
                incident.recovered_because = "a reset began; the log does not tell how it ended"
        elif incident.recv_frozen and len(self.pairs) >= 3:
            incident.recovered = False
            incident.recovered_because = "the firmware had not answered anything when the burst ended"
        elif "late_ack" in incident.kinds or "stale_response" in incident.kinds:
            incident.recovered, incident.recovered_because = True, "the late answer was seen"
        else:
            incident.recovered_because = "nothing in the log tells"

    def _class(self) -> IncidentClass:
        first, incident = self.order, self.incident
        never = self.taken + 1
        tlb = first.get("tlb", never)
        if first.get("unreachable", never) < tlb or {"mmio_unreliable", "power_state_failed"} & incident.kinds.keys():
            return "device_unreachable"
        if first.get("firmware", never) < min(tlb, first.get("hang", never)):
            return "firmware_channel_dead_or_busy"
        if min(first.get("hang", never), first.get("reset_failed", never)) < tlb:
            return "engine_hang_then_failed_reset" if "reset_failed" in first or "wedged" in first else "engine_hang"
        if self._late():
            return "slow_invalidation"
        waits = incident.kinds.get("guc_timeout", 0) + incident.kinds.get("xe_fence_timeout", 0)
        if "firmware" in first or incident.recv_frozen or (waits and ("hang" in first or "reset_started" in first)):
            return "firmware_channel_dead_or_busy"
        if incident.kinds.get("guc_timeout", 0) >= 3 and len(self.seqnos) >= 3 and incident.spacing_reading:
            return "firmware_channel_dead_or_busy"
        return "invalidation_only"

    def _late(self) -> bool:
        return bool({"late_ack", "stale_response"} & self.incident.kinds.keys()) or any(
            passed(recv, seqno) for seqno, recv in self.pairs
        )


def passed(recv: int, seqno: int) -> bool:
    """Whether `recv` has reached `seqno`, on xe's wrapping counter."""
    return (recv - seqno) % _XE_SEQNO_MODULUS < _XE_SEQNO_MODULUS // 2


class IncidentBuilder:
    """Sorts events into incidents as they come, oldest first.

    Attributes:
        left_out: how many incidents were over and not kept, as there were too many.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._open: dict[str | None, Burst] = {}
        self._closed: list[Burst] = []
        self._bus: list[Event] = []

    def add(self, event: Event) -> tuple[Burst | None, bool]:
        """Take an event; return its burst, and whether the event opened it."""
        if event.role == "unreachable" and event.driver is not None and event.driver not in GPU_DRIVERS:
            self._bus = [*self._bus[-15:], event]
            return None, False
        device = event.device
        burst = self._open.get(device)
        opened = False
        if burst is not None and not burst.absorbs(event):
            self._keep(self._open.pop(device))
            burst = None
        if burst is None:
            if not event.tlb and event.role in _OPENS_NOTHING:
                return None, False
            burst = self._open[device] = Burst(event, device)
            opened = True
            self._take_bus(burst, event)
        burst.add(event)
        return burst, opened

    def _keep(self, burst: Burst) -> None:
        if len(self._closed) < MOST_INCIDENTS:
            burst.settle()
            self._closed.append(burst)
        else:
            self.left_out += 1

    def add_flood(self, flood: DeviceFlood) -> None:
        """Take many lines of one device: one by one until their burst has samples enough, then at once."""
        if not flood.is_one_burst(BURST_GAP_S):
            for event in flood.events():
                self.add(event)
            return
        for place, event in enumerate(flood.events()):
            burst, _ = self.add(event)
            if burst is not None and not burst.wants_samples:
                if place + 1 < len(flood):
                    burst.add_flood(flood.after(place))
                return

    def bursts(self) -> list[Burst]:
        """Return every burst in the order of its first line."""
        every = [*self._closed, *self._open.values()]
        return sorted(every, key=lambda burst: burst.incident.first_line_number)

    def quiet_since(self, clock: str, now: float) -> list[Burst]:
        """Remove and return the bursts that have had no event for a minute of the log's own time."""
        done = [
            device
            for device, burst in self._open.items()
            if burst.last_time is not None and burst.last_time[1] == clock and now - burst.last_time[0] > BURST_GAP_S
        ]
        return [self._open.pop(device) for device in done]

    def take_closed(self) -> list[Burst]:
        """Remove and return the bursts that a later one of their device ended."""
        closed, self._closed = self._closed, []
        return closed

    def take_all(self) -> list[Burst]:
        """Remove and return every burst."""
        every = [*self._closed, *self._open.values()]
        self._closed, self._open = [], {}
        return every

    def _take_bus(self, burst: Burst, event: Event) -> None:
        near = [
            bus
            for bus in self._bus
            if bus.time is not None
            and event.time is not None
            and bus.clock == event.clock
            and 0 <= event.time - bus.time <= BUS_NEAR_S
        ]
        for bus in near:
            burst.add(bus)
        if near:
            burst.incident.uncertain.append(
                f"the trouble of {near[0].device} (line {near[0].line}) was counted in, as it came just before"
            )
            self._bus = [bus for bus in self._bus if bus not in near]
