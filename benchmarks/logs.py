"""Speed and memory of reading logs and traces, beside grep and trace-cmd on the same files in the same run.

    python benchmarks/logs.py [--megabytes 1000] [--keep DIRECTORY]

Bars: a quiet log 500 MB/s, a log in which every line is an event 20 MB/s, traces 10 MB/s, and never more than
200 MB of memory. Each row tells its file's size; start-up, which is a row of its own, counts in every row, and shows in
files below some 50 MB. The interpreter's compiled modules are kept for the run, as an installed program has them.
"""

from __future__ import annotations

import argparse
import datetime
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb.facts.messages import PREFILTER_LITERALS, messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMORY_BAR_MB = 200


def quiet_lines() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield (
            f"Nov 22 12:{number // 60 % 60:02}:{number % 60:02} host kernel: usb 1-{number % 9}: new "
            "high-speed USB device "
            f"number {number % 127} using xhci_hcd; session {number} of user root\n"
        )


def event_lines() -> Iterator[str]:
    number, stamp = 0, 100.0
    while True:
        number += 1
        stamp += 2.05
        device = f"0000:0{number % 3}:00.0"
        if number % 5 == 0:
            text = f"xe {device}: [drm] *ERROR* TLB invalidation fence timeout, seqno={number} recv={number - 1}"
        elif number % 7 == 0:
            text = f"i915 {device}: [drm] *ERROR* GT0: rcs0 TLB invalidation did not complete in 4ms!"
        else:
            text = f"i915 {device}: [drm] *ERROR* GT0: GUC: "
            text += f"TLB invalidation response timed out for seqno {number}"
        yield f"[{stamp:14.6f}] {text}\n"


START = datetime.datetime(2025, 11, 22, 12, 0, 0)
STEP_S = 0.02
PREFIXES: dict[str, Callable[[float], str]] = {
    "stamps from boot": lambda at: f"[{at:14.6f}] ",
    "dmesg -T": lambda at: f"[{START + datetime.timedelta(seconds=int(at)):%a %b %e %H:%M:%S %Y}] ",
    "journal": lambda at: f"{START + datetime.timedelta(seconds=int(at)):%b %d %H:%M:%S} box kernel: ",
    "ISO": lambda at: f"{START + datetime.timedelta(seconds=at):%Y-%m-%dT%H:%M:%S.%f}+0100 box kernel: ",
    "syslog and boot": lambda at: (
        f"{START + datetime.timedelta(seconds=int(at)):%b %e %H:%M:%S} box kernel: [{at:14.6f}] "
    ),
}
_COUNTED = re.compile(r"(seqno[ =]|recv=|fence )\d+")


def lines_of_every_kind(prefix: Callable[[float], str]) -> Iterator[str]:
    """Every message of the table in turn, of all drivers, counting on."""
    bodies = [re.sub(r"^\W*\d+\.\d+\] ", "", message.sample).split("\n")[0] for message in messages()]
    number = 0
    while True:
        number += 1
        body = _COUNTED.sub(rf"\g<1>{number}", bodies[number % len(bodies)])
        yield f"{prefix(100 + number * STEP_S)}{body}\n"


FENCE_PERIOD_S = 0.001


def trace_lines() -> Iterator[str]:
    number, stamp = 0, 100.0
    while True:
        number += 1
        stamp += FENCE_PERIOD_S
        fence = f"dev=0000:03:00.0, fence=00000000{number:08x}, seqno={number & 0xFFFFF}"
        yield f"     kworker/1:2-77      [001] ..... {stamp:13.6f}: xe_tlb_inval_fence_send: {fence}\n"
        yield (
            f"     kworker/1:2-77      [001] ..... {stamp + 2e-6:13.6f}: xe_guc_ctb_h2g: H2G CTB: "
            "dev=0000:03:00.0, gt0: "
            f"action=0x7000, len=3, tail={number % 4096}, head={number % 4096}\n"
        )
        answered = f"{stamp + 2e-4:13.6f}: xe_tlb_inval_fence_signal: {fence}"
        yield f"          <idle>-0       [000] d.h1. {answered}\n"


def register_lines() -> Iterator[str]:
    number, stamp = 0, 100.0
    while True:
        number += 1
        stamp += 1e-4
        for way, offset, value in (
            ("write", 0xA188, 0x10001), ("write", 0xCEE8, 1), ("read", 0xCEE8, 0), ("write", 0x2030, number & 0xFFFF),
        ):  # fmt: skip
            access = f"i915_reg_rw: {way} reg=0x{offset:x}, len=4, val=(0x{value:x}, 0x0)"
            yield f"            Xorg-912     [002] ..... {stamp:13.6f}: {access}\n"


def mixed_trace_lines() -> Iterator[str]:
    """Fences of three cards and two GTs, other messages to the firmware, registers and VMA events, many tasks."""
    draw = random.Random(4)
    tasks = [("kworker/1:2", 77), ("Xorg", 912), ("<idle>", 0), ("gnome-shell", 2031), ("mpv/vo gpu-next", 40_113)]
    stamp, seqnos, pending = 100.0, [0, 0, 0], []

    def line(event: str) -> str:
        task, pid = draw.choice(tasks)
        return f"{task:>16}-{pid:<7} [{draw.randrange(16):03}] d..1. {stamp:13.6f}: {event}\n"

    while True:
        stamp += draw.random() * 1e-4
        card, what = draw.randrange(3), draw.random()
        device = f"dev=0000:0{card}:00.0"
        message = f"xe_guc_ctb_h2g: H2G CTB: {device}, gt{draw.randrange(2)}: action="
        if what < 0.2:
            seqnos[card] += 1
            fence = f"{device}, fence={draw.getrandbits(64):016x}, seqno={seqnos[card]}"
            pending.append(fence)
            yield line(f"xe_tlb_inval_fence_send: {fence}")
            yield line(f"{message}0x7000, len=3, tail={draw.randrange(4096)}, head={draw.randrange(4096)}")
        elif what < 0.4 and pending:
            yield line(f"xe_tlb_inval_fence_signal: {pending.pop(0)}")
        elif what < 0.55:
            yield line(f"{message}0x1000, len=2, tail={draw.randrange(4096)}, head={draw.randrange(4096)}")
        elif what < 0.85:
            offset, way = draw.choice([(0xA188, "write"), (0xCEE8, "read"), (0x2030, "write"), (0x22030, "write")])
            yield line(f"xe_reg_rw: {device}, {way} reg=0x{offset:x}, len=4, val=(0x{draw.getrandbits(20):x}, 0x0)")
        else:
            yield line(f"i915_vma_bind: obj={draw.getrandbits(64):016x}, offset=0x{draw.getrandbits(32):x} size=0x1000")


def written_trace_dat(path: Path, fences: int) -> Path:
    """Write the fences of `trace_lines` as trace-cmd would have recorded them."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.diagnose.traces.trace_dat import Recorded, write_trace_dat  # noqa: PLC0415

    events = []
    for number in range(1, fences + 1):
        at_ns = 100_000_000_000 + number * 1_000_000
        values = (number, number & 0xFFFFF)
        request = (0, 0x7000, 3, number % 4096, number % 4096)
        events.append(Recorded(1, 77, at_ns, "xe_tlb_inval_fence_send", "0000:03:00.0", values))
        events.append(Recorded(1, 77, at_ns + 2_000, "xe_guc_ctb_h2g", "0000:03:00.0", request))
        events.append(Recorded(0, 0, at_ns + 200_000, "xe_tlb_inval_fence_signal", "0000:03:00.0", values))
    write_trace_dat(path, events, tasks={0: "<idle>", 77: "kworker/1:2"})
    return path


def written(path: Path, lines: Iterator[str], megabytes: int) -> Path:
    """Write a file of that size; a block of some thousand lines is repeated where lines carry no counter."""
    wanted, size = megabytes * 1_000_000, 0
    with path.open("w", encoding="ascii") as file:
        while size < wanted:
            block = "".join(next(lines) for _ in range(5_000))
            file.write(block)
            size += len(block)
    return path


def as_installed(folder: Path) -> dict[str, str]:
    """Return an environment in which Python keeps what it compiles: a checkout may be set to compile at every start."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


class Measured:
    """One child process: wall and processor seconds, greatest memory."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as child:
            _, _, usage = os.wait4(child.pid, 0)
            child.returncode = 0
        self.wall_s = time.perf_counter() - started
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.memory_mb = usage.ru_maxrss / 1000


def report(name: str, path: Path, measured: Measured, bar_mb_s: float | None) -> None:
    size = path.stat().st_size / 1e6
    bar = f"  bar {bar_mb_s:g} MB/s" if bar_mb_s else ""
    print(
        f"{name:34} {size:5.0f} MB {size / measured.wall_s:8.1f} MB/s wall {size / measured.cpu_s:8.1f} MB/s processor "
        f"{measured.memory_mb:6.0f} MB memory{bar}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--megabytes", type=int, default=1000, help="size of the quiet log; the others are a fifth of it"
    )
    parser.add_argument("--keep", type=Path, help="write the files there and leave them")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    gputlb = [sys.executable, "-m", "gputlb"]
    fifth = max(1, options.megabytes // 5)
    try:
        compiled = as_installed(folder)
        opening = folder / "opening.log"
        opening.write_text(next(event_lines()), encoding="ascii")
        for _ in range(2):  # the first time compiles the modules
            started = Measured([*gputlb, "diagnose", str(opening)], compiled)
        print(f"start-up, gputlb diagnose of a line  {started.wall_s:6.2f} s wall {started.cpu_s:6.2f} s processor")
        quiet = written(folder / "quiet.log", quiet_lines(), options.megabytes)
        grep = [part for literal in PREFILTER_LITERALS for part in ("-e", literal)]
        report("quiet log, grep -c", quiet, Measured(["grep", "-c", *grep, str(quiet)]), None)
        report("quiet log, gputlb diagnose", quiet, Measured([*gputlb, "diagnose", str(quiet)], compiled), 500)
        events = written(folder / "events.log", event_lines(), fifth)
        report("three kinds, stamps from boot", events, Measured([*gputlb, "diagnose", str(events)], compiled), 20)
        for name, prefix in PREFIXES.items():
            events = written(folder / "events.log", lines_of_every_kind(prefix), fifth)
            report(f"every kind, {name}", events, Measured([*gputlb, "diagnose", str(events)], compiled), 20)
        traces = (("fences", trace_lines()), ("registers", register_lines()), ("everything", mixed_trace_lines()))
        for name, lines in traces:
            trace = written(folder / "trace.txt", lines, fifth // 2 or 1)
            report(f"trace of {name}, gputlb trace", trace, Measured([*gputlb, "trace", str(trace)], compiled), 10)
        if shutil.which("trace-cmd") is not None:
            recorded = folder / "trace.dat"
            # In a process of its own: what this one has held would count as the memory of those it starts.
            writer = multiprocessing.Process(target=written_trace_dat, args=(recorded, fifth * 1200))
            writer.start()
            writer.join()
            printing = ["trace-cmd", "report", "-i", str(recorded)]
            with (folder / "report.txt").open("wb") as text:
                subprocess.run(printing, stdout=text, check=True)
            printed = folder / "report.txt"
            report("trace-cmd report of a trace.dat", printed, Measured(printing), None)
            report("gputlb trace of that report", printed, Measured([*gputlb, "trace", str(printed)], compiled), 10)
            whole = Measured([*gputlb, "trace", str(recorded)], compiled)
            report("gputlb trace of that trace.dat", printed, whole, None)
    finally:
        if options.keep is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
