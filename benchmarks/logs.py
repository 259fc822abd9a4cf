"""Speed and memory of reading logs and traces, beside grep and trace-cmd on the same files in the same run.

    python benchmarks/logs.py [--megabytes 1000] [--keep DIRECTORY]

Bars: a quiet log 500 MB/s, a log in which every line is an event 20 MB/s, traces 10 MB/s, and never more than
200 MB of memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb.facts.messages import PREFILTER_LITERALS

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def trace_lines() -> Iterator[str]:
    number, stamp = 0, 100.0
    while True:
        number += 1
        stamp += 0.001
        fence = f"dev=0000:03:00.0, fence=00000000{number:08x}, seqno={number & 0xFFFFF}"
        yield f"     kworker/1:2-77      [001] ..... {stamp:13.6f}: xe_tlb_inval_fence_send: {fence}\n"
        yield (
            f"     kworker/1:2-77      [001] ..... {stamp + 2e-6:13.6f}: xe_guc_ctb_h2g: H2G CTB: "
            "dev=0000:03:00.0, gt0: "
            f"action=0x7000, len=3, tail={number % 4096}, head={number % 4096}\n"
        )
        answered = f"{stamp + 2e-4:13.6f}: xe_tlb_inval_fence_signal: {fence}"
        yield f"          <idle>-0       [000] d.h1. {answered}\n"


def written(path: Path, lines: Iterator[str], megabytes: int) -> Path:
    """Write a file of that size; a block of some thousand lines is repeated where lines carry no counter."""
    wanted, size = megabytes * 1_000_000, 0
    with path.open("w", encoding="ascii") as file:
        while size < wanted:
            block = "".join(next(lines) for _ in range(5_000))
            file.write(block)
            size += len(block)
    return path


class Measured:
    """One child process: wall and processor seconds, greatest memory."""

    def __init__(self, command: list[str]) -> None:
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
            _, _, usage = os.wait4(child.pid, 0)
            child.returncode = 0
        self.wall_s = time.perf_counter() - started
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.memory_mb = usage.ru_maxrss / 1000


def report(name: str, path: Path, measured: Measured, bar_mb_s: float | None) -> None:
    size = path.stat().st_size / 1e6
    bar = f"  bar {bar_mb_s:g} MB/s" if bar_mb_s else ""
    print(
        f"{name:34} {size / measured.wall_s:8.0f} MB/s wall {size / measured.cpu_s:8.0f} MB/s processor "
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
        quiet = written(folder / "quiet.log", quiet_lines(), options.megabytes)
        grep = [part for literal in PREFILTER_LITERALS for part in ("-e", literal)]
        report("quiet log, grep -c", quiet, Measured(["grep", "-c", *grep, str(quiet)]), None)
        report("quiet log, gputlb diagnose", quiet, Measured([*gputlb, "diagnose", str(quiet)]), 500)
        events = written(folder / "events.log", event_lines(), fifth)
        report("every line an event, gputlb", events, Measured([*gputlb, "diagnose", str(events)]), 20)
        trace = written(folder / "trace.txt", trace_lines(), fifth // 2 or 1)
        report("trace, gputlb trace", trace, Measured([*gputlb, "trace", str(trace)]), 10)
        if shutil.which("trace-cmd") is not None:
            print(
                "trace-cmd report can be timed on a trace.dat only: trace-cmd record -e all sleep 5; "
                "time trace-cmd report"
            )
    finally:
        if options.keep is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
