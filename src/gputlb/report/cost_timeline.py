"""The first moments of one run of a sweep, simulated again from what the results say of it, for a chart."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from gputlb import __version__
from gputlb.errors import GputlbError
from gputlb.report.chart_theme import LANES
from gputlb.report.cost_command import faults_of
from gputlb.report.cost_points import parameter_title
from gputlb.report.timeline import Timeline
from gputlb.simulate import Setup, run_setup, workload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gputlb.report.chart_theme import Theme
    from gputlb.report.cost_points import ShownPoint
    from gputlb.report.timeline import Values
    from gputlb.runtime import SimulatedRuntime
    from gputlb.simulate import Machine, WorkloadParameter
    from gputlb.simulate.sweep import Points, Value

MOMENTS_MS = 3.0
"""How much of a run is shown."""
MOST_SLICES = 4_000
MOST_CLIENTS = 12
LANE = 24
_MOST_SECONDS = 20.0
_BIGGEST = 1e6
"""Of all counts of a workload multiplied; a damaged file may ask for more than there is memory."""
_READ_FILES = (["measured"], ["recorded"])
_KINDS = {
    "release": "releasing",
    "mutex": "holding the invalidation mutex",
    "unit": "invalidating",
    "power": "powered",
    "other": "other work",
}
_UNDER_MUTEX = "under the invalidation mutex"
_UNIT = " invalidation unit"
_DOMAIN = " domain"
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Slice:
    """Something that goes on for a while."""

    lane: str
    begin_ns: int
    end_ns: int
    kind: str
    """As in `chart_theme.LANES`."""
    depth: int
    what: str


@dataclass(frozen=True, slots=True)
class RunTimeline:
    """The first moments of a run; no slices where it could not be simulated again."""

    name: str
    """What tells it from the others that are shown with it."""
    point: int
    seed: int
    lanes: tuple[str, ...]
    slices: tuple[Slice, ...]
    until_us: float
    remark: str
    """What a reader must know: another version, something left out, or why there is nothing; else empty."""


class _TooSlow(GputlbError):
    """Simulating it again takes longer than a picture is worth."""


def run_timeline(results: Points, point: ShownPoint, name: str) -> RunTimeline:
    """Simulate the first run of a point again, its first moments only.

    A results file is input, so it decides neither what code is run nor which files are opened: schemes of one's own,
    and runs that read files, are left out, and the remark says so.
    """
    parameters = results.setup_of(point.point)
    seed = point.point.seeds[0]
    empty = RunTimeline(name, point.number, seed, (), (), 0.0, "")
    reason = _foreign(parameters)
    slices = _Slices()
    if not reason:
        try:
            setup = _setup(parameters)
            run_setup(setup, seed, listen=slices.listen, progress=_watch())
        except _TooSlow:
            reason = "simulating it again takes too long"
        except GputlbError as error:
            reason = f"it cannot be simulated again: {error}"
        except (TypeError, ValueError, OverflowError):
            reason = "it cannot be simulated again: this gputlb does not know its parameters"
    if reason:
        return _with_remark(empty, f"Not drawn: {reason}.")
    slices.close()
    slices.share_lanes()
    lanes = slices.lanes()
    clients = [lane for lane in lanes if lane in slices.clients]
    left_out = set(clients[MOST_CLIENTS:])
    kept = [each for each in sorted(slices.found, key=lambda each: (each.begin_ns, each.depth)) if
            each.lane not in left_out]  # fmt: skip
    until_us = MOMENTS_MS * 1000
    remarks = [_version_remark(results)] if results.version != __version__ else []
    if left_out:
        remarks.append(f"The first {MOST_CLIENTS} of {len(clients)} clients are shown.")
    if len(kept) > MOST_SLICES:
        until_ns = kept[MOST_SLICES].begin_ns
        kept = [replace(each, end_ns=min(each.end_ns, until_ns)) for each in kept if each.begin_ns < until_ns]
        until_us = until_ns / 1000
        remarks.append(f"Only the first {until_us:,.0f} µs are shown: so much happens in them.")
    shown = tuple(lane for lane in lanes if lane not in left_out)
    return RunTimeline(name, point.number, seed, shown, tuple(kept), until_us, " ".join(remarks))


def timeline_slots(timeline: RunTimeline, theme: Theme, *, width: int) -> dict[str, Any]:
    """Return the slots of a timeline's chart."""
    present = {each.kind for each in timeline.slices}
    kinds = [kind for kind in LANES if kind in present]
    return {
        "rows": [row(each) for each in timeline.slices],
        "lanes": list(timeline.lanes),
        "kinds": [_KINDS[kind] for kind in kinds],
        "kind_colours": [theme.lanes[kind] for kind in kinds],
        "domain": [0, timeline.until_us],
        "params": [],
        "clip": False,
        "label_limit": 180,
        "legend_columns": len(kinds),
        "description": f"The first {timeline.until_us:g} µs of a run: who did what when",
        "width": width,
        "height": LANE * len(timeline.lanes),
    }


def row(each: Slice) -> dict[str, Any]:
    """Return a slice as a row of the chart."""
    begin, end = each.begin_ns / 1000, each.end_ns / 1000
    return {
        "lane": each.lane,
        "begin": begin,
        "end": end,
        "kind": _KINDS[each.kind],
        "depth": each.depth,
        "what": each.what,
        "said": f"{begin:,.1f} to {end:,.1f} µs ({end - begin:,.1f} µs)",
    }


class _Slices:
    """A trace writer that keeps slices, and gives the mutex a lane of its own."""

    def __init__(self) -> None:
        self.found: list[Slice] = []
        self.clients: set[str] = set()
        self._open: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        self._timeline: Timeline | None = None

    def listen(self, runtime: SimulatedRuntime, machine: Machine) -> None:
        self._timeline = Timeline(self, {tlb.invalidate_lock.name for tlb in machine.tlbs})
        runtime.events.listen(self._timeline)

    def close(self) -> None:
        assert self._timeline
        self._timeline.close()

    def begin(self, track: str, time_ns: int, name: str) -> None:
        self._open[track].append((time_ns, name))

    def end(self, track: str, time_ns: int) -> None:
        begin_ns, what = self._open[track].pop()
        depth = len(self._open[track])
        end_ns = min(time_ns, round(MOMENTS_MS * 1_000_000))
        if end_ns <= begin_ns:
            return
        kind = _kind(track, what)
        track = track.replace(_UNIT, " unit").replace(_DOMAIN, " power")
        if kind in {"other", "release"} and what != "running":
            self.clients.add(track)
        if what == "running":
            return  # an engine's context is its client's use, which is on the client's lane
        self.found.append(Slice(track, begin_ns, end_ns, kind, depth, what))
        if kind == "mutex":
            self.found.append(Slice("mutex", begin_ns, end_ns, kind, 0, f"held by {track}"))

    def mark(self, track: str, time_ns: int, name: str, values: Values) -> None:
        """Leave marks out: a trace for Perfetto has them."""

    def share_lanes(self) -> None:
        """Where there are many clients, put those on one lane that came after each other: each came for one thing."""
        spans: dict[str, tuple[int, int]] = {}
        for each in self.found:
            if each.lane in self.clients:
                begin_ns, end_ns = spans.get(each.lane, (each.begin_ns, each.end_ns))
                spans[each.lane] = min(begin_ns, each.begin_ns), max(end_ns, each.end_ns)
        if len(spans) <= MOST_CLIENTS:
            return
        free_ns: list[int] = []
        place: dict[str, str] = {}
        for client in sorted(spans, key=lambda client: (spans[client], _natural(client))):
            begin_ns, end_ns = spans[client]
            lane = next((lane for lane, ns in enumerate(free_ns) if ns < begin_ns), len(free_ns))
            free_ns[lane : lane + 1] = [end_ns]
            place[client] = f"caller {lane}"
        if len(free_ns) < len(spans):
            self.found = [
                replace(each, lane=place[each.lane], what=f"{each.what} ({each.lane})") if each.lane in place else each
                for each in self.found
            ]
            self.clients = set(place.values())

    def lanes(self) -> list[str]:
        """Return clients, the mutex, units and power domains, in this order."""
        order = {"mutex": 1, "unit": 2, "power": 3}
        places: dict[str, int] = {}
        for each in self.found:
            place = 0 if each.lane in self.clients else order.get(each.kind, 0)
            places[each.lane] = max(place, places.get(each.lane, 0))
        return sorted(places, key=lambda lane: (places[lane], _natural(lane)))


def _kind(track: str, what: str) -> str:
    if what == _UNDER_MUTEX:
        return "mutex"
    if track.endswith(_UNIT):
        return "unit"
    if track.endswith(_DOMAIN):
        return "power"
    return "release" if what == "release" else "other"


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a key that puts client10 after client2."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in _NUMBER.split(text)]


def _foreign(parameters: dict[str, Value]) -> str:
    """Return why the parameters must not be run, or an empty text."""
    if ":" in str(parameters.get("scheme", "")):
        return f"the scheme {parameters['scheme']} is code of one's own, which a results file cannot ask for"
    size = 1.0
    kinds = {f"workload.{each.name}": each.kind for each in _declared(str(parameters.get("workload", "")))}
    for name, value in parameters.items():
        if kinds.get(name) == "file" or (isinstance(value, str) and value.lower().split()[:1] in _READ_FILES):
            return f"{parameter_title(name)} names a file, which a results file cannot ask for"
        if kinds.get(name) == "count" and isinstance(value, (int, float)):
            size *= max(1.0, value)
    return "it is too big to be simulated again for a picture" if size > _BIGGEST else ""


def _declared(name: str) -> Sequence[WorkloadParameter]:
    try:
        return workload(name).parameters()
    except GputlbError:
        return ()  # and running it says so


def _setup(parameters: dict[str, Value]) -> Setup:
    known = {field.name for field in fields(Setup)}
    given: dict[str, Any] = {name: value for name, value in parameters.items() if name in known and value is not None}
    own = {name.removeprefix("workload."): value for name, value in parameters.items() if name.startswith("workload.")}
    given["faults"] = faults_of(given.get("faults"))
    given |= {"warm_up_ms": 0.0, "duration_ms": MOMENTS_MS}
    given["parameters"] = tuple((name, value) for name, value in own.items() if value is not None)
    return Setup(**given)


def _watch() -> Callable[[float], None]:
    begun = time.monotonic()

    def progress(_part: float) -> None:
        if time.monotonic() - begun > _MOST_SECONDS:
            raise _TooSlow("too slow")

    return progress


def _version_remark(results: Points) -> str:
    return (
        f"The results were made by gputlb {results.version}, this was simulated by {__version__}: "
        f"it may differ from the run that was counted."
    )


def _with_remark(timeline: RunTimeline, remark: str) -> RunTimeline:
    return RunTimeline(timeline.name, timeline.point, timeline.seed, (), (), 0.0, remark)
