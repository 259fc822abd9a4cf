"""Both trace formats, read back: tracks, slices that nest, and times within the run."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from gputlb import facts
from gputlb.driver import scheme
from gputlb.report.timeline import Timeline
from gputlb.report.trace_file import trace_file
from gputlb.simulate import Churn, Machine, simulate

if TYPE_CHECKING:
    from pathlib import Path

    from gputlb.report.timeline import TraceWriter
    from gputlb.runtime import SimulatedRuntime

DURATION_MS = 5
ENGINES = {"rcs0", "bcs0", "vcs0", "vcs1", "vecs0"}
TRACKS = {
    *(f"client{number}" for number in range(4)),
    *ENGINES,
    *(f"{engine} invalidation unit" for engine in ENGINES),
    *(f"{domain} domain" for domain in ("render", "gt", "vdbox0", "vdbox2", "vebox0")),
}


def written_by_a_run(path: Path, scheme_name: str = "mmio") -> Path:
    def listen(writer: TraceWriter, runtime: SimulatedRuntime, machine: Machine) -> None:
        timeline = Timeline(writer, {tlb.invalidate_lock.name for tlb in machine.tlbs})
        runtime.events.listen(timeline)
        closings.append(timeline.close)

    closings: list[Any] = []
    with trace_file(path, "a run") as writer:
        simulate(
            facts.platform("tigerlake"),
            scheme(scheme_name),
            Churn(4),
            seed=1,
            duration_ms=DURATION_MS,
            listen=partial(listen, writer),
        )
        closings[0]()
    return path


def read_json(path: Path) -> list[tuple[str, str, float, str]]:
    """Return (phase, track, µs, name) of each event of a Chrome trace."""
    document = json.loads(path.read_bytes())
    assert "ns" == document["displayTimeUnit"]
    names: dict[int, str] = {}
    for event in document["traceEvents"]:
        if event.get("name") == "thread_name":
            names[event["tid"]] = event["args"]["name"]
    return [
        (event["ph"], names[event["tid"]], event["ts"], event.get("name", ""))
        for event in document["traceEvents"]
        if event["ph"] != "M"
    ]


def read_protobuf(path: Path) -> list[tuple[str, str, float, str]]:
    """Return the same of a Perfetto trace."""
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

    trace = Trace()
    trace.ParseFromString(path.read_bytes())
    phases = {TrackEvent.TYPE_SLICE_BEGIN: "B", TrackEvent.TYPE_SLICE_END: "E", TrackEvent.TYPE_INSTANT: "i"}
    names: dict[int, str] = {}
    found = []
    for packet in trace.packet:
        if packet.HasField("track_descriptor"):
            names[packet.track_descriptor.uuid] = packet.track_descriptor.name
        else:
            event = packet.track_event
            found.append((phases[event.type], names[event.track_uuid], packet.timestamp / 1000, event.name))
    return found


READERS = [("run.json", read_json), ("run.perfetto-trace", read_protobuf)]


@pytest.mark.parametrize(("name", "read"), READERS)
def test_each_engine_unit_client_and_domain_has_one_track(tmp_path: Path, name: str, read: Any):
    tracks = {track for _, track, _, _ in read(written_by_a_run(tmp_path / name))}

    assert TRACKS <= tracks
    # The observation unit is idle, but flushed all the same (Wa_2207587034); timers are the driver's.
    assert {"oa invalidation unit"} == {track for track in tracks - TRACKS if not track.endswith(".timer")}


@pytest.mark.parametrize(("name", "read"), READERS)
def test_slices_nest_are_balanced_and_lie_within_the_run(tmp_path: Path, name: str, read: Any):
    depth: Counter[str] = Counter()
    last: defaultdict[str, float] = defaultdict(float)
    for phase, track, us, _ in read(written_by_a_run(tmp_path / name)):
        assert last[track] <= us <= DURATION_MS * 1000
        last[track] = us
        depth[track] += {"B": 1, "E": -1, "i": 0}[phase]
        assert depth[track] >= 0

    assert 0 == sum(depth.values())


def test_both_formats_tell_the_same(tmp_path: Path):
    def as_told(events: list[tuple[str, str, float, str]]) -> list[tuple[str, str, float, str]]:
        return [(phase, track, us, name if phase != "E" else "") for phase, track, us, name in events]

    in_json, in_protobuf = (read(written_by_a_run(tmp_path / name, "mmio-2022")) for name, read in READERS)

    assert as_told(in_json) == as_told(in_protobuf)


def test_a_stale_access_is_a_mark_on_its_engine_s_track(tmp_path: Path):
    events = read_json(written_by_a_run(tmp_path / "run.json", "none"))

    stale = [(track, name) for phase, track, _, name in events if phase == "i" and name.startswith("stale access")]
    assert stale
    assert all(f"stale access: {track} reached page" in name for track, name in stale)


@pytest.mark.parametrize("name", ["run.json", "run.perfetto-trace"])
def test_an_error_in_the_middle_of_a_trace_leaves_nothing(tmp_path: Path, name: str):
    with pytest.raises(ZeroDivisionError), trace_file(tmp_path / name, "a run") as writer:
        writer.begin("client0", 0, "bind")
        raise ZeroDivisionError

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "read"), READERS)
def test_a_trace_in_which_nothing_happens_can_be_read(tmp_path: Path, name: str, read: Any):
    with trace_file(tmp_path / name, "a run"):
        pass

    assert [] == read(tmp_path / name)
