"""States a second and time to a verdict, beside SPIN's compiled verifier on the exported models.

    python benchmarks/explore.py [--model mmio adders] [--clients 2] [--engines 2] [--rounds 2] [--workers 1 2]
        [--repeat 3] [--reductions] [--spin-minutes 4]

Without reductions both sides explore the same states, and the run fails if their numbers differ: `mmio` is the check's
own scenario on Tiger Lake, in rounds, `adders` a few agents with nothing of a GPU in them. With `--reductions`, 3
clients, with 2 engines and with 1, and with 2 for the check's question who waits for ever, where engines reach for
nothing: the check takes what nobody else can notice alone, divides its counter out and folds its clients, who go on for
ever; SPIN gets them for two rounds, as they are, until it is done or out of time or memory.

CPU seconds are taken, the best of the runs, and the two sides are run in turn, so that a busy machine hits both. SPIN
is built with `gcc -O2 -DSAFETY -DNOREDUCE`, its hash table made big enough beforehand; its compilation is not timed.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.check import build, engine_groups, scenario
from gputlb.driver import scheme
from gputlb.explore import ExploredRuntime, export_promela

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = re.compile(r"(\d+) states, stored")


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def free_mib() -> int:
    """Return what the machine can give without swapping, as `MemAvailable` tells it."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("MemAvailable:"))


def mmio(clients: int, engines: int, rounds: int | None, *, waits_only: bool = False) -> ExploredRuntime:
    """Make the check's own model: scheme mmio on Tiger Lake, each client in so many rounds; None: for ever.

    With `waits_only` it is the check's second question, whether anybody waits for ever: engines reach for nothing.
    """
    platform = facts.platform("tigerlake")
    chosen = replace(scenario("default"), clients=clients, engines_together=engines, rounds=rounds)
    group = engine_groups(platform, engines)[0]
    return build(platform, scheme("mmio"), chosen, group, waits_only=waits_only).runtime


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


@dataclass(frozen=True)
class Pan:
    """SPIN's compiled verifier for one model."""

    directory: Path

    @classmethod
    def built(cls, model: str, directory: Path) -> Pan:
        """Write and compile the verifier of a model, in a new directory."""
        directory.mkdir()
        (directory / "model.pml").write_text(model)
        subprocess.run(["spin", "-a", "-o3", "model.pml"], cwd=directory, check=True, capture_output=True)
        flags = ["-O2", "-w", "-DSAFETY", "-DNOREDUCE", f"-DMEMLIM={free_mib() // 2}"]
        subprocess.run(["gcc", *flags, "-o", "pan", "pan.c"], cwd=directory, check=True, capture_output=True)
        return cls(directory)

    def run(self, *, minutes: int | None = None, slots: int = 24) -> tuple[int, float, bool]:
        """Return SPIN's number of states, its CPU seconds, and whether it came to its end."""
        before = cpu_of_children()
        limit = [] if minutes is None else [f"-Q{minutes}"]
        command = ["./pan", "-m20000000", f"-w{slots}", *limit]
        ran = subprocess.run(command, cwd=self.directory, check=False, capture_output=True, text=True)
        cpu = cpu_of_children() - before
        stored = RATE.search(ran.stdout)
        if stored is None:
            sys.exit(f"SPIN said nothing of states:\n{ran.stdout}")
        complete = "errors: 0" in ran.stdout and "not completed" not in ran.stdout and "out of memory" not in ran.stdout
        return int(stored[1]), cpu, complete


def side_by_side(name: str, runtime: ExploredRuntime, workers: list[int], repeat: int, pan_in: Path | None) -> None:
    """Explore a model with nothing folded, and let SPIN do the same, in turn."""
    rates: dict[str, list[float]] = {}
    pan: Pan | None = None
    for _ in range(repeat):
        states = 0
        for number in workers:
            who = f"{number} worker{'s' * (number > 1)}"
            cpu, wall = time.process_time(), time.perf_counter()
            verdict = runtime.explore(engine="compiled", symmetry=False, partial_order=False, workers=number)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            states = verdict.states
            rates.setdefault(f"{who}, CPU", []).append(states / cpu)
            rates.setdefault(f"{who}, wall", []).append(states / wall)
            print(
                f"{name}, {who}: {states:,} states, {verdict.transitions:,} transitions, depth {verdict.depth}: "
                f"{cpu:.2f} s CPU, {wall:.2f} s wall, {states / cpu / 1e6:.2f} M states/s, "
                f"{verdict.transitions / cpu / 1e6:.1f} M transitions/s of CPU time, {verdict.bytes_per_state:.1f} "
                f"bytes a state, {verdict.learning_seconds:.2f} s learning {sum(verdict.local_states.values())} "
                "local states"
            )
        if pan_in is not None:
            pan = pan or Pan.built(export_promela(runtime), pan_in)
            stored, cpu, complete = pan.run()
            if not complete or stored != states:
                sys.exit(f"SPIN stored {stored:,} states instead of {states:,}")
            rates.setdefault("SPIN", []).append(stored / cpu)
            print(f"{name}, SPIN: {stored:,} states: {cpu:.2f} s CPU, {stored / cpu / 1e6:.2f} M states/s")
    for who, each in rates.items():
        print(f"{name}, {who}: best {max(each) / 1e6:.2f} M states/s")
    if "SPIN" in rates and 1 in workers:
        print(f"{name}: 1 worker is {max(rates['1 worker, CPU']) / max(rates['SPIN']):.1f} x SPIN")


def with_reductions(engines: int, waits_only: bool, pan_in: Path | None, minutes: int) -> None:
    """Time a verdict for 3 clients for ever, folded, beside SPIN on two rounds of the same as they are."""
    times = []
    for _ in range(3):  # the first may compile: that is timed by `compile_times`
        runtime = mmio(3, engines, None, waits_only=waits_only)
        cpu = time.process_time()
        verdict = runtime.explore(engine="compiled")
        times.append(time.process_time() - cpu)
    cpu = min(times)
    asked = "who waits for ever" if waits_only else "everything"
    print(
        f"3 clients, engines: {engines}, {asked}, for ever, folded: {verdict.kind} after {cpu:.2f} s CPU, "
        f"{verdict.states:,} states, {verdict.transitions:,} transitions, depth {verdict.depth}, "
        f"{verdict.bytes_per_state:.1f} bytes a state"
    )
    if pan_in is None:
        return
    bounded = mmio(3, engines, 2, waits_only=waits_only)
    bounded.explore(engine="compiled")
    stored, spin_cpu, complete = Pan.built(export_promela(bounded), pan_in).run(minutes=minutes, slots=27)
    print(
        f"SPIN, 2 rounds, not folded: {stored:,} states after {spin_cpu:.1f} s CPU", "" if complete else "and not done"
    )
    print(f"the verdict came {'' if complete else 'at least '}{spin_cpu / cpu:.1f} x sooner")


def compile_times() -> None:
    """Time checks as processes of their own: with nothing compiled yet, then with what that left behind.

    The default one needs nothing compiled, three clients do.
    """
    for more in ([], ["--clients", "3"]):
        with tempfile.TemporaryDirectory() as cache:
            for what in ("first run", "second run", "third run"):
                began, before = time.perf_counter(), cpu_of_children()
                environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
                command = [sys.executable, "-m", "gputlb", "check", *more]
                subprocess.run(command, check=True, env=environment, capture_output=True)
                wall, cpu = time.perf_counter() - began, cpu_of_children() - before
                print(f"{' '.join(['gputlb check', *more])}, {what}: {wall:.2f} s wall, {cpu:.2f} s CPU")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", choices=["mmio", "adders"], nargs="+", default=["mmio"])
    options.add_argument("--clients", type=int, default=2)
    options.add_argument("--engines", type=int, default=2)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--reductions", action="store_true", help="time a verdict for 3 clients too")
    options.add_argument("--spin-minutes", type=int, default=4, help="after which SPIN gives that up")
    options.add_argument("--no-spin", action="store_true")
    asked = options.parse_args()

    compile_times()
    adders(2, 1).explore(engine="compiled")
    with_spin = not asked.no_spin and shutil.which("spin") is not None and shutil.which("gcc") is not None
    models: dict[str, Callable[[], ExploredRuntime]] = {
        "mmio": lambda: mmio(asked.clients, asked.engines, asked.rounds),
        "adders": lambda: adders(4, 3),
    }
    with tempfile.TemporaryDirectory() as name:
        for model in asked.model:
            pan_in = Path(name) / model if with_spin else None
            side_by_side(model, models[model](), asked.workers, asked.repeat, pan_in)
        if asked.reductions:
            for engines, waits_only in ((2, True), (1, False), (2, False)):
                pan_in = Path(name) / f"folded{engines}{waits_only}" if with_spin else None
                with_reductions(engines, waits_only, pan_in, asked.spin_minutes)


if __name__ == "__main__":
    main()
