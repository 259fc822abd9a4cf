"""A writer of trace.dat files, version 6, as trace-cmd.dat(5) describes them: what `trace-cmd record` would leave.

Nobody needs root, tracefs or a GPU to have a trace of xe's fences: this builds one, and the real trace-cmd reads it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PAGE_BYTES = 4096
_PAGE_HEAD = struct.Struct("<QQ")
_MOST_DELTA = (1 << 27) - 1
_TIME_EXTEND = 30

_HEADER_PAGE = """\
\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;
"""
_HEADER_EVENT = """\
# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == 28
"""
_COMMON = """\
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;
"""


class Kind(NamedTuple):
    """An event of a driver: its fields after the common ones and the device's name, and how it is printed."""

    system: str
    fields: tuple[tuple[str, str], ...]
    """C type and name; `u64`, `u32` and `int` are known."""
    print_format: str


_FENCE = Kind("xe", (("u64", "fence"), ("int", "seqno")), '"dev=%s, fence=%p, seqno=%d", __get_str(dev), REC->fence, '
              "REC->seqno")  # fmt: skip
KINDS: dict[str, Kind] = {
    **{f"xe_tlb_inval_fence_{step}": _FENCE for step in ("send", "recv", "signal", "timeout")},
    **{f"xe_gt_tlb_invalidation_fence_{step}": _FENCE for step in ("send", "recv", "signal", "timeout")},
    "xe_guc_ctb_h2g": Kind(
        "xe",
        (("u32", "gt_id"), ("u32", "action"), ("u32", "len"), ("u32", "tail"), ("u32", "head")),
        '"H2G CTB: dev=%s, gt%d: action=0x%x, len=%d, tail=%d, head=%d", __get_str(dev), REC->gt_id, REC->action, '
        "REC->len, REC->tail, REC->head",
    ),
}
_IDS = {name: 1000 + number for number, name in enumerate(KINDS)}
_PACKED = {"u64": "Q", "u32": "I", "int": "i"}
_C_TYPES = {"u64": "void *", "u32": "u32", "int": "int"}


class Recorded(NamedTuple):
    """One event of one processor."""

    cpu: int
    pid: int
    time_ns: int
    name: str
    device: str
    values: tuple[int, ...]


def write_trace_dat(path: Path, events: Iterable[Recorded], *, tasks: dict[int, str], cpus: int = 2) -> None:
    """Write events, which must be in the order of their time, as a trace.dat file."""
    by_cpu: list[list[Recorded]] = [[] for _ in range(cpus)]
    for event in events:
        by_cpu[event.cpu].append(event)
    head = _head(tasks, cpus)
    at = _page_aligned(len(head) + 16 * cpus)
    places, contents = b"", []
    for recorded in by_cpu:
        pages = b"".join(_pages(recorded))
        places += struct.pack("<QQ", at, len(pages))
        contents.append(pages)
        at += len(pages)
    beginning = head + places
    with path.open("wb") as file:
        file.write(beginning.ljust(_page_aligned(len(beginning)), b"\0"))
        file.writelines(contents)


def _head(tasks: dict[int, str], cpus: int) -> bytes:
    parts = [b"\x17\x08\x44tracing6\0", b"\0\x08", struct.pack("<I", PAGE_BYTES)]
    for name, text in (("header_page", _HEADER_PAGE), ("header_event", _HEADER_EVENT)):
        parts += [name.encode() + b"\0", struct.pack("<Q", len(text)), text.encode()]
    parts.append(struct.pack("<I", 0))  # no formats of ftrace's own events
    systems = sorted({kind.system for kind in KINDS.values()})
    parts.append(struct.pack("<I", len(systems)))
    for system in systems:
        formats = [_format(name).encode() for name, kind in KINDS.items() if kind.system == system]
        parts += [system.encode() + b"\0", struct.pack("<I", len(formats))]
        for packed in formats:
            parts += [struct.pack("<Q", len(packed)), packed]
    saved = "".join(f"{pid} {task}\n" for pid, task in tasks.items()).encode()
    parts += [struct.pack("<I", 0), struct.pack("<I", 0)]  # neither kallsyms nor printk formats
    parts += [struct.pack("<Q", len(saved)), saved, struct.pack("<I", cpus), b"flyrecord\0"]
    return b"".join(parts)


def _layout(name: str) -> struct.Struct:
    """Common fields, the place of the device's name, then the event's own fields, each aligned as C aligns it."""
    return struct.Struct("@HBBiI" + "".join(_PACKED[c_type] for c_type, _ in KINDS[name].fields))


def _format(name: str) -> str:
    kind = KINDS[name]
    lines = [f"name: {name}\nID: {_IDS[name]}\nformat:\n{_COMMON}\n"]
    lines.append("\tfield:__data_loc char[] dev;\toffset:8;\tsize:4;\tsigned:0;\n")
    codes = "@HBBiI"
    for c_type, field in kind.fields:
        codes += _PACKED[c_type]
        size = struct.calcsize(_PACKED[c_type])
        signed = int(c_type == "int")
        offset = struct.calcsize(codes) - size
        lines.append(f"\tfield:{_C_TYPES[c_type]} {field};\toffset:{offset};\tsize:{size};\tsigned:{signed};\n")
    return "".join(lines) + f"\nprint fmt: {kind.print_format}\n"


def _record(event: Recorded) -> bytes:
    layout, name = _layout(event.name), event.device.encode() + b"\0"
    place = len(name) << 16 | layout.size
    packed = layout.pack(_IDS[event.name], 0, 0, event.pid, place, *event.values) + name
    return packed.ljust(-(-len(packed) // 4) * 4, b"\0")


def _pages(events: list[Recorded]) -> Iterable[bytes]:
    """The ring buffer's pages: a time stamp, how many bytes are used, and events with the time since the one before."""
    data, began_ns, now_ns = b"", 0, 0
    for event in events:
        record = _record(event)
        extend = b""
        if not data:
            began_ns = now_ns = event.time_ns
        delta = event.time_ns - now_ns
        if delta > _MOST_DELTA:
            extend = struct.pack("<II", _TIME_EXTEND | (delta & _MOST_DELTA) << 5, delta >> 27)
            delta = 0
        entry = extend + struct.pack("<I", len(record) // 4 | delta << 5) + record
        if _PAGE_HEAD.size + len(data) + len(entry) > PAGE_BYTES:
            yield _page(began_ns, data)
            data, began_ns = b"", event.time_ns
            entry = struct.pack("<I", len(record) // 4) + record
        data += entry
        now_ns = event.time_ns
    if data:
        yield _page(began_ns, data)


def _page(began_ns: int, data: bytes) -> bytes:
    return (_PAGE_HEAD.pack(began_ns, len(data)) + data).ljust(PAGE_BYTES, b"\0")


def _page_aligned(size: int) -> int:
    return -(-size // PAGE_BYTES) * PAGE_BYTES
