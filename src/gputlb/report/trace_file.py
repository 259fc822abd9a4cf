"""Trace files that open in Perfetto: Chrome's JSON for names ending in `.json`, else Perfetto's own format."""

from __future__ import annotations

import contextlib
import json
from typing import IO, TYPE_CHECKING, Any

from gputlb.report.whole_file import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gputlb.report.timeline import TraceWriter, Values

_PROCESS = 1
_SEQUENCE = 1


@contextlib.contextmanager
def trace_file(path: Path, title: str) -> Iterator[TraceWriter]:
    """Open a trace file that appears at `path` when the block ends without an error; raises `CannotWrite`."""
    with whole_file(path) as file:
        writer = _ChromeJson(file, title) if path.suffix == ".json" else _PerfettoPackets(file, title)
        yield writer
        writer.close()


class _ChromeJson:
    """Chrome's trace event format, one event a line."""

    def __init__(self, file: IO[bytes], title: str) -> None:
        self._file = file
        self._threads: dict[str, int] = {}
        self._file.write(b'{"displayTimeUnit":"ns","traceEvents":[\n')
        self._write({"ph": "M", "pid": _PROCESS, "name": "process_name", "args": {"name": title}}, first=True)

    def begin(self, track: str, time_ns: int, name: str) -> None:
        self._write({"ph": "B", "pid": _PROCESS, "tid": self._thread(track), "ts": time_ns / 1000, "name": name})

    def end(self, track: str, time_ns: int) -> None:
        self._write({"ph": "E", "pid": _PROCESS, "tid": self._thread(track), "ts": time_ns / 1000})

    def mark(self, track: str, time_ns: int, name: str, values: Values) -> None:
        self._write(
            {
                "ph": "i",
                "s": "t",
                "pid": _PROCESS,
                "tid": self._thread(track),
                "ts": time_ns / 1000,
                "name": name,
                "args": values,
            }
        )

    def close(self) -> None:
        self._file.write(b"\n]}\n")

    def _thread(self, track: str) -> int:
        known = self._threads.get(track)
        if known is not None:
            return known
        number = self._threads[track] = len(self._threads) + 1
        named = {"ph": "M", "pid": _PROCESS, "tid": number}
        self._write({**named, "name": "thread_name", "args": {"name": track}})
        self._write({**named, "name": "thread_sort_index", "args": {"sort_index": _rank(track) * 1000 + number}})
        return number

    def _write(self, event: dict[str, Any], *, first: bool = False) -> None:
        self._file.write(b"" if first else b",\n")
        self._file.write(json.dumps(event, separators=(",", ":")).encode())


class _PerfettoPackets:
    """Perfetto's protobuf format, written packet by packet."""

    def __init__(self, file: IO[bytes], title: str) -> None:
        from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import (  # noqa: PLC0415 - slow, and seldom needed
            TrackDescriptor,
            TrackEvent,
        )
        from perfetto.trace_builder.proto_builder import StreamingTraceProtoBuilder  # noqa: PLC0415

        self._builder = StreamingTraceProtoBuilder(file)
        self._kinds = TrackEvent
        self._tracks: dict[str, int] = {}
        packet = self._builder.create_packet()
        packet.track_descriptor.uuid = _PROCESS
        packet.track_descriptor.name = title
        packet.track_descriptor.child_ordering = TrackDescriptor.EXPLICIT
        self._builder.write_packet(packet)

    def begin(self, track: str, time_ns: int, name: str) -> None:
        packet = self._event(track, time_ns, self._kinds.TYPE_SLICE_BEGIN)
        packet.track_event.name = name
        self._builder.write_packet(packet)

    def end(self, track: str, time_ns: int) -> None:
        self._builder.write_packet(self._event(track, time_ns, self._kinds.TYPE_SLICE_END))

    def mark(self, track: str, time_ns: int, name: str, values: Values) -> None:
        packet = self._event(track, time_ns, self._kinds.TYPE_INSTANT)
        packet.track_event.name = name
        for key, value in values.items():
            annotation = packet.track_event.debug_annotations.add()
            annotation.name = key
            if isinstance(value, str):
                annotation.string_value = value
            else:
                annotation.double_value = float(value)
        self._builder.write_packet(packet)

    def close(self) -> None:
        """Nothing is left to write."""

    def _event(self, track: str, time_ns: int, kind: int) -> Any:
        uuid = self._tracks.get(track)
        if uuid is None:
            uuid = self._tracks[track] = len(self._tracks) + 1 + _PROCESS
            descriptor = self._builder.create_packet()
            descriptor.track_descriptor.uuid = uuid
            descriptor.track_descriptor.parent_uuid = _PROCESS
            descriptor.track_descriptor.name = track
            descriptor.track_descriptor.sibling_order_rank = _rank(track) * 1000 + uuid
            self._builder.write_packet(descriptor)
        packet = self._builder.create_packet()
        packet.timestamp = time_ns
        packet.trusted_packet_sequence_id = _SEQUENCE
        packet.track_event.type = kind
        packet.track_event.track_uuid = uuid
        return packet


def _rank(track: str) -> int:
    """Order tracks: clients first, then engines, units, domains and the rest."""
    if track.startswith("client"):
        return 0
    if track.endswith("invalidation unit"):
        return 2
    if track.endswith("domain"):
        return 3
    return 1
