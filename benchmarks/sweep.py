"""How long a sweep takes, what a second worker brings, and that a long run takes no more memory than a short one.

.venv/bin/python benchmarks/sweep.py [--part PERCENT] [--rounds N] [--longest-ms N]

Aims: 100 points x 10 replications x 100 ms of virtual time within 5 minutes on 2 cores; 2 workers at least 1.8 x as
fast as 1; memory that does not grow with a run's length.

The whole sweep takes minutes, so by default a tenth of its runs is run, all points alike, and the rest reckoned from
it; `--part 100` runs it all. One worker and two take turns. Both are said as wall time and as the CPU time of the
workers: on a machine that others use, too, wall time measures the others. A second worker can bring at most what the
machine has to give at that moment, so two plain processes that only count are timed beside it, turn about.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

from gputlb import __version__
from gputlb.simulate.setup import Setup, run_setup
from gputlb.simulate.sweep import LocalPool, Plan, Sweep, read_sweep

BAR_S, BAR_SPEED_UP = 300.0, 1.8
POINTS, REPLICATIONS, DURATION_MS = 100, 10, 100
ROUNDS = 3
LENGTHS_MS = (10, 1_000, 10_000)
FILE = f"""
replications = {REPLICATIONS}
duration = "{DURATION_MS} ms"
[grid]
platform = ["skylake", "tigerlake", "alderlake-p", "dg2", "meteorlake"]
scheme = ["unbatched", "mmio", "mmio-2022", "none"]
clients = [1, 2, 3, 4, 6]
"""


def part_of(percent: int, folder: Path) -> Plan:
    """Return the sweep with so many of its runs, all points alike."""
    file = folder / "sweep.toml"
    file.write_text(FILE)
    plan = read_sweep(file)
    assert len(plan.points) == POINTS
    runs = max(1, REPLICATIONS * percent // 100)
    return replace(plan, replications=runs)


def sweep_s(plan: Plan, workers: int, folder: Path) -> tuple[float, float]:
    """Run it; return wall time and the CPU time of the workers."""
    output = folder / "results.parquet"
    output.unlink(missing_ok=True)
    before_s, begun_s = children_s(), time.perf_counter()
    pool = LocalPool(workers)
    with Sweep(plan, output) as sweep:
        sweep.run(pool)
    wall_s = time.perf_counter() - begun_s
    pool.stop()
    return wall_s, children_s() - before_s


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def count(to: int) -> int:
    number = 0
    while number < to:
        number += 1
    return number


def counting_s(workers: int, tasks: int = 8, to: int = 6_000_000) -> float:
    """Return how long plain counting takes: what the machine itself has to give to this many workers."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.map(count, [1] * workers)
        begun_s = time.perf_counter()
        pool.map(count, [to] * tasks, chunksize=1)
        return time.perf_counter() - begun_s


def peak_kib(duration_ms: float) -> float:
    """Return the most memory that a run of one client has at a time, beyond what there was before."""
    setup = Setup(parameters=(("clients", 1),), duration_ms=duration_ms)
    gc.collect()
    tracemalloc.start()
    run_setup(setup, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1024


def verdict(holds: bool) -> str:
    return "holds" if holds else "MISSED"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--part", type=int, default=10, help="percent of the runs, 10 to 100")
    options.add_argument("--longest-ms", type=int, default=LENGTHS_MS[-1], help="longest run whose memory is measured")
    options.add_argument("--rounds", type=int, default=ROUNDS, help="times that 1 and 2 workers take turns")
    chosen = options.parse_args()
    percent = min(100, max(10, chosen.part))
    load = os.getloadavg()[0]
    print(f"gputlb {__version__}, CPython {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}\n")

    run_setup(Setup(duration_ms=1.0), 1)
    print("memory of a run of 1 client, above what there was before")
    peaks = []
    for duration_ms in LENGTHS_MS:
        if duration_ms <= chosen.longest_ms:
            peaks.append(peak_kib(duration_ms))
            print(f"  {duration_ms:>6} ms: {peaks[-1]:,.0f} KiB")
    print(f"  the longest takes {peaks[-1] / peaks[0]:.2f} x the shortest's\n")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = part_of(percent, folder)
        print(f"{plan.run_count} of {POINTS * REPLICATIONS} runs of {DURATION_MS} ms")
        walls: dict[int, list[float]] = {1: [], 2: []}
        cpus: list[float] = []
        machine: list[float] = []
        for _ in range(chosen.rounds):
            for workers, taken in walls.items():
                wall_s, cpu_s = sweep_s(plan, workers, folder)
                taken.append(wall_s)
                cpus.append(cpu_s)
                print(f"  {workers} worker{'s' if workers > 1 else ' '}: {wall_s:6.1f} s wall, {cpu_s:6.1f} s CPU")
                sys.stdout.flush()
            machine.append(counting_s(1) / counting_s(2))
    share = plan.run_count / (POINTS * REPLICATIONS)
    whole_s = min(walls[2]) / share
    speed_up = statistics.median(one / two for one, two in zip(walls[1], walls[2], strict=True))
    print(f"\nthe whole sweep on 2 workers: {whole_s:.0f} s (aim {BAR_S:.0f}: {verdict(whole_s <= BAR_S)}); ", end="")
    print(f"by its CPU time {min(cpus) / share / 2:.0f} s, were two cores free")
    print(f"2 workers against 1: {speed_up:.2f} x (aim {BAR_SPEED_UP}: {verdict(speed_up >= BAR_SPEED_UP)})")
    print(f"two processes that only count against one: {statistics.median(machine):.2f} x")


if __name__ == "__main__":
    main()
