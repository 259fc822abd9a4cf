"""What the driver itself costs: a full flush on Tiger Lake with 4 of 5 engines awake, and one that is skipped.

The registers are a user's object over a list in memory, whose request bits clear at once, so that nothing is waited
for. The five forcewake domains are real ones, held awake by the delayed put as in a flurry of flushes. Aim: 10 µs and
1.5 µs; the hardware takes 40 µs for the first, and nothing for the second.

.venv/bin/python benchmarks/direct.py
"""

from __future__ import annotations

import gc
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from gputlb import facts
from gputlb.driver import Gt, GtDescription, Tlb, scheme
from gputlb.runtime import DirectRuntime, PlainRegisters

ROUNDS = 300
CALLS = 200
ASLEEP = "vcs1"


class RegisterArray:
    """Registers over a list: request bits clear at once, and a forcewake request is acknowledged at once."""

    def __init__(self, description: GtDescription) -> None:
        self._words = [0] * (facts.mmio_bar_bytes(facts.platform(description.platform)) // 4)
        self._acknowledged_by = {domain.request_offset: domain.ack_offset for domain in description.forcewake}

    def read(self, offset: int) -> int:
        """Return a register's value."""
        return self._words[offset >> 2]

    def write(self, offset: int, value: int) -> None:
        """Do at once what was asked for."""
        ack = self._acknowledged_by.get(offset)
        if ack is not None:
            self._words[ack >> 2] = value & value >> 16


def tiger_lake(scheme_name: str) -> tuple[DirectRuntime, Tlb]:
    runtime = DirectRuntime()
    description = GtDescription.of(facts.platform("TGL"))
    registers = PlainRegisters(runtime, RegisterArray(description))
    awake = [engine.name for engine in description.engines if engine.name != ASLEEP]
    gt = Gt(runtime, registers, description, awake=awake)
    tlb = Tlb(gt, scheme(scheme_name)(gt))
    runtime.run(tlb.scheme.set_up())
    return runtime, tlb


def median_us(call: Callable[[], object]) -> tuple[float, float]:
    """Return the median over rounds of the mean over a round's calls, and the best round, in µs a call."""
    rounds = []
    for _ in range(ROUNDS):
        began_ns = time.perf_counter_ns()
        for _ in range(CALLS):
            call()
        rounds.append((time.perf_counter_ns() - began_ns) / CALLS / 1000)
    return statistics.median(rounds), min(rounds)


def main() -> None:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    print(f"{platform.python_implementation()} {platform.python_version()} on {model}, {ROUNDS} x {CALLS} calls each")
    gc.disable()
    for name in ("mmio", "mmio-2022"):
        runtime, tlb = tiger_lake(name)

        def flushed(runtime: DirectRuntime = runtime, tlb: Tlb = tlb, seqno: Iterator[int] = count(0, 2)) -> None:  # noqa: B008
            runtime.run(tlb.invalidate_full(next(seqno)))

        def skipped(runtime: DirectRuntime = runtime, tlb: Tlb = tlb) -> None:
            runtime.run(tlb.invalidate_full(1))

        for what, call, aim in (("full flush", flushed, 10.0), ("skipped", skipped, 1.5)):
            median, best = median_us(call)
            print(f"{name:10} {what:10} median {median:6.2f} µs a call, best {best:6.2f} µs   (aim {aim:.1f} µs)")


if __name__ == "__main__":
    main()
