"""States a second of the compiled search, beside SPIN's compiled verifier on the exported model.

    python benchmarks/explore.py [--adders 4] [--rounds 3] [--workers 1 2] [--repeat 3] [--no-spin]

Both sides explore the same states with nothing folded; the run fails if their numbers differ. CPU seconds are
taken, the best of the runs, and the two are run in turn, so that a busy machine hits both. SPIN is built with
`gcc -O2 -DSAFETY -DNOREDUCE`, its hash table made big enough beforehand, and only its own search is timed.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gputlb.explore import ExploredRuntime, export_promela


def adders(number: int, rounds: int) -> ExploredRuntime:
    """Make agents that add to one of two cells in two steps, then count it under a mutex."""
    runtime = ExploredRuntime()
    total, counted = runtime.cell("total", 4), runtime.cell("counted", 4)
    mutex = runtime.mutex("mutex")

    async def body() -> None:
        for _ in range(rounds):
            seen = await total.load()
            await total.store((seen + 1) & 15)
            async with mutex:
                await counted.update(lambda n: (n + 1) & 15)

    for i in range(number):
        runtime.agent(f"adder{i}", body)
    return runtime


def build_pan(model: str, directory: Path) -> None:
    (directory / "model.pml").write_text(model)
    subprocess.run(["spin", "-a", "-o3", "model.pml"], cwd=directory, check=True, capture_output=True)
    flags = ["-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=16000"]
    subprocess.run(["gcc", *flags, "-o", "pan", "pan.c"], cwd=directory, check=True, capture_output=True)


def run_pan(directory: Path) -> tuple[int, float]:
    """Return SPIN's number of states and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(["./pan", "-m20000000", "-w26"], cwd=directory, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    stored = re.search(r"(\d+) states, stored", ran.stdout)
    if stored is None or "errors: 0" not in ran.stdout:
        sys.exit(f"SPIN did not finish:\n{ran.stdout}")
    return int(stored[1]), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--adders", type=int, default=4)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--workers", type=int, nargs="+", default=[1])
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--no-spin", action="store_true")
    asked = options.parse_args()

    started = time.perf_counter()
    adders(2, 1).explore(engine="compiled")
    print(f"first call (import, compilation or its cache): {time.perf_counter() - started:.2f} s")
    runtime = adders(asked.adders, asked.rounds)
    with_spin = not asked.no_spin and shutil.which("spin") is not None and shutil.which("gcc") is not None
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        states = 0
        for run in range(asked.repeat):
            for workers in asked.workers:
                cpu, wall = time.process_time(), time.perf_counter()
                verdict = runtime.explore(engine="compiled", symmetry=False, workers=workers)
                cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
                states = verdict.states
                rates.setdefault(f"{workers} worker{'s' * (workers > 1)}", []).append(states / cpu)
                print(
                    f"{workers} worker{'s' * (workers > 1)}: {states:,} states, {verdict.transitions:,} transitions, "
                    f"depth {verdict.depth}: {cpu:.2f} s CPU, {wall:.2f} s wall, {states / cpu / 1e6:.2f} M states/s, "
                    f"{verdict.transitions / cpu / 1e6:.1f} M transitions/s, {verdict.bytes_per_state:.1f} bytes a "
                    f"state, {verdict.learning_seconds:.3f} s learning {max(verdict.local_states.values())} nodes"
                )
            if with_spin:
                if not run:
                    build_pan(export_promela(runtime), directory)
                stored, cpu = run_pan(directory)
                if stored != states:
                    sys.exit(f"SPIN stored {stored:,} states instead of {states:,}")
                rates.setdefault("SPIN", []).append(stored / cpu)
                print(f"SPIN: {stored:,} states: {cpu:.2f} s CPU, {stored / cpu / 1e6:.2f} M states/s")
    for who, each in rates.items():
        print(f"{who}: best {max(each) / 1e6:.2f} M states/s of CPU time")
    if "SPIN" in rates:
        print(f"1 worker is {max(rates['1 worker']) / max(rates['SPIN']):.1f} x SPIN")


if __name__ == "__main__":
    main()
