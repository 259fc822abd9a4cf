"""A whole log, or several, read and judged."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from gputlb.diagnose._advising import Advised, advise
from gputlb.diagnose._devices import attribute
from gputlb.diagnose._events import Event
from gputlb.diagnose._flood import Flood
from gputlb.diagnose._hindsight import finished
from gputlb.diagnose._incident import Incident
from gputlb.diagnose._incidents import IncidentBuilder
from gputlb.diagnose._kernel_fixes import FixPresence, kernel_fixes
from gputlb.diagnose._machine import Machine, MachineReader
from gputlb.diagnose._newest_first import SetAside
from gputlb.diagnose._scan import LogScan
from gputlb.diagnose._verdict import verdict
from gputlb.diagnose._years import Years

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.diagnose._extent import Extent
    from gputlb.diagnose._sources import Source

SCHEMA = "gputlb.diagnose/1"
MOST_EVENTS = 20_000
"""Events kept one by one; beyond, they are only counted into their incidents."""

_GOOD_NEWS = ("timeout_resolved", "reset_done")


class LogRead(msgspec.Struct):
    """How much of one log was understood."""

    name: str
    shape: str
    bytes_read: int
    lines: int
    lines_with_stamp: int
    long_lines: int
    order: str
    quick: bool
    cut_off: bool
    """The compressed file ended too early; what came before its end was read."""


class Diagnosis(msgspec.Struct, kw_only=True):
    """What happened, as far as the logs tell."""

    schema: str = SCHEMA
    verdict: str = ""
    """What happened, in one short paragraph of plain words."""
    logs: list[LogRead]
    machine: Machine
    n_tlb_events: int
    """TLB messages, mentions included, as lines stand in the logs; suppressed counts are not lines."""
    n_by_kind: dict[str, int]
    """Lines by kind, neighbours included."""
    suppressed: int
    events: list[Event]
    """In the order of the logs' lines; empty where no TLB message was found."""
    events_left_out: int
    """Further events that were not kept, but counted into incidents."""
    incidents: list[Incident]
    incidents_left_out: int
    """Further incidents, beyond 2000 in one log, that were not kept."""
    advice: dict[str, Advised]
    fixes: list[FixPresence]
    other_trouble: dict[str, int]
    """Where no TLB message was found: the GPU's other trouble, by kind. It is no event and no incident."""

    def to_json(self) -> dict[str, Any]:
        """Return the diagnosis as plain JSON values, as documented in the reference."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        for incident in plain["incidents"]:
            incident["advice"] = [plain["advice"][advice_id] for advice_id in incident["advice"]]
        del plain["advice"]
        return plain


def diagnose(sources: Iterable[Source]) -> Diagnosis:
    """Read logs of one machine and return what happened on it.

    Raises:
        UnreadableInput: for the first log that cannot be read.
    """
    machine_reader = MachineReader()
    names: dict[str, str] = {}
    judged = [_judge(source, machine_reader, names) for source in sources]
    several = len(judged) > 1
    events: list[Event] = []
    closed: list[Incident] = []
    bursts = []
    left_out = 0
    counts: Counter[str] = Counter()
    suppressed = 0
    tlb = 0
    for one in judged:
        if several:
            for event in one.events:
                event.file = one.read.name
        events += one.events
        closed += one.incidents
        bursts += one.bursts
        left_out += one.left_out
        counts += one.counts
        suppressed += one.suppressed
        tlb += one.tlb
    machine = machine_reader.finish(names)
    if tlb == 0 and suppressed == 0:
        trouble = {kind: count for kind, count in sorted(counts.items()) if kind not in _GOOD_NEWS}
        return _diagnosis(judged, machine, other_trouble=trouble)
    functions = {device.device: device.function for device in machine.devices}
    advised: dict[str, Advised] = {}
    for index, (incident, burst) in enumerate(zip(closed, bursts, strict=True)):
        incident.function = functions.get(incident.device or "")
        incident.advice = []
        for item in advise(incident, burst, machine):
            # One issue may fit two incidents with different confidence or commands.
            key = f"{item.id}#{index}"
            advised[key] = item
            incident.advice.append(key)
    drivers = {incident.driver for incident in closed if incident.driver}
    return _diagnosis(
        judged,
        machine,
        n_tlb_events=tlb,
        n_by_kind=dict(sorted(counts.items())),
        suppressed=suppressed,
        events=events,
        events_left_out=left_out,
        incidents=closed,
        incidents_left_out=sum(one.incidents_left_out for one in judged),
        advice=advised,
        fixes=kernel_fixes(machine.kernel, drivers),
    )


def _diagnosis(judged: list[_Judged], machine: Machine, **found: Any) -> Diagnosis:
    empty: dict[str, Any] = {
        "n_tlb_events": 0, "n_by_kind": {}, "suppressed": 0,
        "events": [], "events_left_out": 0, "incidents": [], "incidents_left_out": 0,
        "advice": {}, "fixes": [], "other_trouble": {},
    }  # fmt: skip
    diagnosis = Diagnosis(logs=[one.read for one in judged], machine=machine, **(empty | found))
    diagnosis.verdict = verdict(
        diagnosis.incidents,
        machine,
        diagnosis.advice,
        diagnosis.other_trouble,
        _how_much([one.read for one in judged]),
        quick=any(one.read.quick for one in judged),
    )
    return diagnosis


class _Judged(msgspec.Struct):
    read: LogRead
    events: list[Event]
    incidents: list[Incident]
    bursts: list[Any]
    left_out: int
    incidents_left_out: int
    counts: Counter[str]
    suppressed: int
    tlb: int


def _judge(source: Source, machine: MachineReader, names: dict[str, str]) -> _Judged:
    scan = LogScan(source, machine)
    kept: list[Event] = []
    counts: Counter[str] = Counter()
    builder, years = IncidentBuilder(), Years()
    suppressed = tlb = left_out = 0
    overflowing = False
    older: SetAside | None = None
    try:
        for found in scan.events():
            if isinstance(found, Flood):
                for number, driver, device in found.named_devices(ends_only=overflowing):
                    scan.devices.note(number, driver, device)
                for stencil, _, lines in found.parts:
                    model = stencil.model
                    counts[model.kind] += len(lines) if stencil.role != "restarted" else 0
                    tlb += len(lines) if stencil.is_failure else 0
                    suppressed += stencil.total("suppressed", lines)
            else:
                counts[found.kind] += found.role != "restarted"
                if found.suppressed:
                    suppressed += found.suppressed
                elif found.tlb:
                    tlb += 1
            if overflowing:
                left_out += len(found.lines) if isinstance(found, Flood) else 1
                _add_further(builder, older, found, scan, years)
                continue
            kept += found.events() if isinstance(found, Flood) else [found]
            if len(kept) > MOST_EVENTS:
                overflowing = True
                beyond = kept[MOST_EVENTS:]
                left_out += len(beyond)
                years.give(kept)
                del kept[MOST_EVENTS:]
                if scan.extent.order == "newest first":
                    older = SetAside(source.name)
                    older.add(beyond)
                else:
                    _add_all(builder, kept + beyond, scan)
        if not overflowing:
            years.give(kept)
            _add_all(builder, kept[::-1] if scan.extent.order == "newest first" else kept, scan)
        elif older is not None:
            for events in older.oldest_first():
                _add_all(builder, events, scan)
            _add_all(builder, kept[::-1], scan)
    finally:
        if older is not None:
            older.close()
    names.update(scan.devices.known())
    extent = scan.extent
    closed, bursts = finished(builder, extent.end_time)
    del counts["guc_restarted"]
    return _Judged(
        _log_read(source, extent),
        [event for event in kept if event.role != "restarted"],
        closed, bursts, left_out, builder.left_out, +counts, suppressed, tlb,
    )  # fmt: skip


def _add_further(
    builder: IncidentBuilder, older: SetAside | None, found: Event | Flood, scan: LogScan, years: Years
) -> None:
    """Take what comes after the events that are kept: into its incidents at once, or aside in a log newest first."""
    if not isinstance(found, Flood):
        years.give([found])
        if older is not None:
            older.add([found])
        else:
            _add_all(builder, [found], scan)
        return
    if found.parts[0].stencil.clock == "wall":
        years.give_times(found.times)
    if older is not None:
        older.add(found.events())
        return
    for part in found.by_device():
        builder.add_flood(part)


def _add_all(builder: IncidentBuilder, events: list[Event], scan: LogScan) -> None:
    """Take events, oldest first."""
    attribute(events, scan.devices)
    for event in events:
        builder.add(event)


def _log_read(source: Source, extent: Extent) -> LogRead:
    return LogRead(
        name=source.name,
        shape=extent.shape,
        bytes_read=extent.bytes_read,
        lines=extent.lines,
        lines_with_stamp=extent.lines_with_stamp,
        long_lines=extent.long_lines,
        order=extent.order,
        quick=extent.quick,
        cut_off=source.cut_off,
    )


def _how_much(logs: list[LogRead]) -> str:
    if any(log.quick for log in logs):
        return f"{sum(log.bytes_read for log in logs) / (1 << 20):.0f} MiB"
    lines = sum(log.lines for log in logs)
    return f"{lines} line{'s' * (lines != 1)}"
