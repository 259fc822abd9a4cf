"""New incidents in a log that still grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from gputlb.diagnose._advising import Advised, advise
from gputlb.diagnose._devices import attribute
from gputlb.diagnose._incident import Incident
from gputlb.diagnose._incidents import Burst, IncidentBuilder
from gputlb.diagnose._machine import MachineReader
from gputlb.diagnose._scan import LogScan
from gputlb.diagnose._sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

IDLE_TICKS = 60
"""After so many seconds without any line an incident counts as over."""


class IncidentNews(msgspec.Struct, frozen=True):
    """An incident that began, or one that is over."""

    state: Literal["began", "over"]
    incident: Incident
    advice: tuple[Advised, ...]


def follow(lines: Iterable[str | None]) -> Iterator[IncidentNews]:
    """Yield every incident twice: at its first TLB message, and when a minute passed without another.

    A line may be None: a second passed without one. Neighbours alone are no incident. Memory stays bounded
    however long this runs.
    """
    machine = MachineReader()
    scan = LogScan(Source("the log", None), machine)
    builder = IncidentBuilder()
    announced: set[int] = set()
    names: dict[str, str] = {}
    number = idle = 0
    for line in lines:
        if line is None:
            idle += 1
            if idle == IDLE_TICKS:
                for idle_burst in builder.take_all():
                    yield from _over(idle_burst, announced, scan, machine, names)
            continue
        idle = 0
        number += 1
        events = scan.events_of_line(line, number)
        attribute(events, scan.devices)
        for event in events:
            if event.device is not None and event.driver is not None:
                names[event.device] = event.driver
            burst, _ = builder.add(event)
            for done in builder.take_closed():
                yield from _over(done, announced, scan, machine, names)
            if burst is not None and event.tlb and id(burst) not in announced:
                announced.add(id(burst))
                yield _news("began", burst, scan, machine, names)
        for clock, now in scan.extent.last_time.items():
            for done in builder.quiet_since(clock, now):
                yield from _over(done, announced, scan, machine, names)
            builder.take_closed()
    for last in builder.take_all():
        yield from _over(last, announced, scan, machine, names)


def _over(
    burst: Burst, announced: set[int], scan: LogScan, machine: MachineReader, names: dict[str, str]
) -> Iterator[IncidentNews]:
    if id(burst) in announced:
        announced.discard(id(burst))
        yield _news("over", burst, scan, machine, names)


def _news(
    state: Literal["began", "over"],
    burst: Burst,
    scan: LogScan,
    machine: MachineReader,
    names: dict[str, str],
) -> IncidentNews:
    incident = burst.close(scan.extent.end_time)
    facts = machine.finish(names)
    gpu = next((each for each in facts.devices if each.device == incident.device), None)
    incident.function = gpu.function if gpu else None
    return IncidentNews(state, msgspec.structs.replace(incident), tuple(advise(incident, burst, facts)))
