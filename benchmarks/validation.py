"""Queueing theory beside the simulator: what releases must cost, and what they cost in runs.

Prints the tables of docs/explanation/validating-the-simulator.md; the same for the same seed. With names, prints only
those: `python benchmarks/validation.py alike shared`.
"""

from __future__ import annotations

import argparse
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from io import StringIO
from random import Random
from typing import TYPE_CHECKING

from gputlb.simulate import Interval, Replications, Setup, duration, replicate, replication_seed, run_setup
from gputlb.simulate.theory import (
    Batched,
    ConstantUnbatched,
    FlushTime,
    Unbatched,
    mean_number,
    polled_us,
    saturation_per_s,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEVEL = 0.99
RUNS = 8
MOST_ROWS = 100
FLUSH_US = 40.0
ALIKE = FlushTime.constant(FLUSH_US)
DRAWS = 40_000
LATENCIES = (
    ("uniform 10 us 90 us", 1),
    ("documented", 1),
    ("documented", 5),
    ("lognormal 40 us 300 us 1000 us", 3),
)


@dataclass
class Validation:
    """The comparisons of one seed, counted as they are printed."""

    seed: int
    asked: int = 0
    compared: int = 0
    covered: int = 0
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def beside(self, theory: float, estimate: Interval | None) -> tuple[str, str, str]:
        """Return what theory says, what runs say, and whether their interval covers it."""
        if estimate is None:
            return f"{theory:.2f}", "unstable", ""
        covers = estimate.covers(theory)
        self.compared += 1
        self.covered += covers
        return f"{theory:.2f}", f"{estimate.mean:.2f} ± {estimate.half_width:.2f}", "yes" if covers else "NO"

    def runs(self, setup: Setup) -> Replications:
        """Run a row's setup, with seeds that no other row has: rows must not err together."""
        self.asked += 1
        return replicate(setup, replication_seed(self.seed, self.asked), replications=RUNS, level=LEVEL)

    def alike(self) -> None:
        """Print M/D/1."""
        heading("unbatched, every flush takes 40 µs: M/D/1", "mean latency, µs")
        for load in (0.2, 0.4, 0.6, 0.8):
            theory = ConstantUnbatched(load * saturation_per_s(ALIKE), FLUSH_US)
            setup = queue("unbatched", theory.rate_per_s, FLUSH_US, slack=1 - load)
            runs = self.runs(setup)
            self.row(f"load {load:g}", *self.beside(theory.latency_us, runs.interval("release_mean_us")))
        self.print()

    def different(self) -> None:
        """Print M/G/1."""
        heading("unbatched, flushes differ, load 0.5: M/G/1", "mean latency, µs")
        for latency, engines in LATENCIES:
            flush = drawn(latency, engines)
            theory = Unbatched(0.5 * saturation_per_s(flush), flush)
            setup = queue("unbatched", theory.rate_per_s, flush.mean_us, latency=latency, engines=engines)
            runs = self.runs(setup)
            units = "1 engine" if engines == 1 else f"{engines} engines"
            self.row(f"{latency}, {units}", *self.beside(theory.latency_us, runs.interval("release_mean_us")))
        self.print()

    def shared(self) -> None:
        """Print the queue with bulk service."""
        heading("batched: bulk service", "mean latency, µs", "flushes a second")
        cases = [("40 us", 1, ALIKE, load) for load in (0.2, 0.5, 1.0, 2.0, 5.0)]
        cases += [(latency, engines, drawn(latency, engines), 1.0) for latency, engines in LATENCIES[2:]]
        for latency, engines, flush, load in cases:
            theory = Batched(load * saturation_per_s(flush), flush)
            setup = queue("mmio", theory.rate_per_s, flush.mean_us, latency=latency, engines=engines)
            runs = self.runs(setup)
            self.row(
                f"{latency}, rate x mean flush = {load:g}",
                *self.beside(theory.latency_us, runs.interval("release_mean_us")),
                *self.beside(theory.flushes_per_s, runs.interval("flushes_per_s")),
            )
        self.print()

    def saturation(self) -> None:
        """Print what is served of what arrives."""
        limit = saturation_per_s(ALIKE)
        heading(f"saturation: unbatched can serve {limit:.0f} a second", "arrive", "served", "latency, µs")
        for scheme in ("unbatched", "mmio"):
            for load in (0.8, 1.2, 2.0):
                setup = queue(scheme, load * limit, FLUSH_US, slack=0.2)
                result = run_setup(replace(setup, duration_ms=40), self.seed)
                mean = result.release_latency_us.mean
                seconds = result.duration_ms / 1000
                arrived, served = result.queues["releases"].arrivals, result.releases
                self.row(
                    f"{scheme}, rate x flush = {load:g}",
                    f"{arrived / seconds:.0f}",
                    f"{served / seconds:.0f}",
                    "unstable" if mean is None else f"{mean:.1f}",
                )
        self.print()

    def little(self) -> None:
        """Print numbers in queues, integrated over time, beside rate times wait, each one's own."""
        heading("Little's law", "number", "rate x wait")
        systems = [
            ("unbatched, load 0.8", queue("unbatched", 20_000, FLUSH_US, slack=0.2)),
            ("batched, rate x flush = 2", queue("mmio", 50_000, FLUSH_US)),
            ("churn, documented latency", Setup(duration_ms=40)),
        ]
        for title, setup in systems:
            result = run_setup(setup, self.seed)
            for name in ("releases", "mutex"):
                figures = result.queues[name]
                rate_per_s = figures.arrivals * 1000 / result.duration_ms
                expected = mean_number(rate_per_s, figures.mean_wait_us or 0.0)
                what = {"releases": "under way", "mutex": "waiting for the mutex"}[name]
                self.row(f"{title}: {what}", f"{figures.mean_number:.4f}", f"{expected:.4f}")
        self.print()

    def row(self, *cells: str) -> None:
        """Keep a row for `print`."""
        self.rows.append(cells)

    def print(self) -> None:
        """Print the rows, each column as wide as it must be."""
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        for row in self.rows:
            first, *others = row
            cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
            print("  ".join([f"{first:<{widths[0]}}", *cells]).rstrip())
        print()
        self.rows.clear()


def heading(title: str, *columns: str) -> None:
    print(f"{title}\n{'-' * len(title)}")
    print(f"({'; '.join(columns)})")


def queue(
    scheme: str, rate_per_s: float, flush_us: float, *, slack: float = 0.5, latency: str = "40 us", engines: int = 1
) -> Setup:
    """Return a bare queue of releases, run the longer the less `slack` it has, since it forgets the slower.

    A run is long beside what it remembers, and sees hundreds of flushes and of releases: means over fewer are biased.
    """
    parameters = (("rate", rate_per_s), ("engines", engines), ("forcewake", "off"))
    return Setup(
        scheme=scheme,
        workload="releases",
        parameters=parameters,
        latency=latency,
        warm_up_ms=10 * flush_us / 1000 / slack**2,
        duration_ms=max(100 * 1000 / rate_per_s, 100 * flush_us / 1000) / slack,
    )


def drawn(latency: str, engines: int) -> FlushTime:
    """Return the time of a flush that polls so many units one after the other, from draws of its own."""
    random, unit = Random("theory"), duration(latency)
    return FlushTime.of(polled_us([unit.draw_us(random) for _ in range(engines)]) for _ in range(DRAWS))


TABLES: dict[str, Callable[[Validation], None]] = {
    "alike": Validation.alike,
    "different": Validation.different,
    "shared": Validation.shared,
    "saturation": Validation.saturation,
    "little": Validation.little,
}
COMPARING = ("alike", "different", "shared")


def validate(tables: Sequence[str], seed: int) -> Validation:
    """Print tables; what one holds does not depend on which others are printed."""
    validation = Validation(seed)
    for name in tables:
        validation.asked = list(TABLES).index(name) * MOST_ROWS
        TABLES[name](validation)
    return validation


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Print queueing theory beside the simulator.")
    parser.add_argument("tables", nargs="*", metavar="table", help=f"{', '.join(TABLES)}; all if none is named")
    parser.add_argument("--seed", type=int, default=1, help="where all random choices of the runs come from")
    parser.add_argument("--seeds", type=int, help="do it for so many seeds from --seed on, and print the count alone")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.tables if name not in TABLES]
    if unknown:
        parser.error(f"there is no table {unknown[0]!r}; there are {', '.join(TABLES)}")
    if chosen.seeds is None:
        made = [validate(chosen.tables or list(TABLES), chosen.seed)]
        seeds = f"seed {chosen.seed}"
    else:
        with redirect_stdout(StringIO()):
            made = [validate(COMPARING, seed) for seed in range(chosen.seed, chosen.seed + chosen.seeds)]
        seeds = f"seeds {chosen.seed} to {chosen.seed + chosen.seeds - 1}"
    compared, covered = sum(each.compared for each in made), sum(each.covered for each in made)
    if compared:
        print(f"{seeds}: {covered} of {compared} intervals cover what theory says, at a level of {LEVEL * 100:g} %")


if __name__ == "__main__":
    main()
