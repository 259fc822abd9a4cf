"""How fast virtual time passes, beside SimPy: aim 5 x its lock-hold cycles and 1.3 x its bare timeouts.

.venv/bin/python benchmarks/simulation.py

Both run the same workloads in this process, turn about, with the garbage collector off; what counts is the median
of the ratios of neighbours. Before that, each workload's end state is printed for both, which must be the same.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Generator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import simpy

from gputlb.runtime import SimulatedRuntime

CLIENTS = 20
CYCLES = 2000  # of each client
ROUNDS = 9

End = tuple[int, int]  # the virtual time at the end in µs, and how many cycles were done


def our_lock_cycles() -> End:
    """Let 20 clients wait 10 µs, take one mutex and hold it for 1 µs."""
    return _our_locks(wait_us=10, shared=True)


def their_lock_cycles() -> End:
    return _their_locks(wait_us=10, shared=True)


def our_uncontended_cycles() -> End:
    """Let 20 clients do the same, each with a mutex of its own."""
    return _our_locks(wait_us=10, shared=False)


def their_uncontended_cycles() -> End:
    return _their_locks(wait_us=10, shared=False)


def our_timeouts() -> End:
    """Let 20 clients only wait, 10 µs at a time."""
    runtime = SimulatedRuntime()
    done = [0]

    async def client() -> None:
        sleep = runtime.sleep
        for _ in range(2 * CYCLES):
            await sleep(10)
        done[0] += 2 * CYCLES

    for number in range(CLIENTS):
        runtime.agent(f"client {number}", client)
    runtime.run()
    return runtime.now_ns // 1000, done[0]


def their_timeouts() -> End:
    environment = simpy.Environment()
    done = [0]

    def client() -> Generator[Any, Any, None]:
        timeout = environment.timeout
        for _ in range(2 * CYCLES):
            yield timeout(10)
        done[0] += 2 * CYCLES

    for _ in range(CLIENTS):
        environment.process(client())
    environment.run()
    return int(environment.now), done[0]


def _our_locks(wait_us: int, *, shared: bool) -> End:
    runtime = SimulatedRuntime()
    mutexes = [runtime.mutex("shared")] * CLIENTS if shared else [runtime.mutex("own") for _ in range(CLIENTS)]
    done = [0]

    def client_of(number: int) -> Callable[[], Any]:
        async def client() -> None:
            mutex = mutexes[number]
            sleep = runtime.sleep
            for _ in range(CYCLES):
                await sleep(wait_us)
                async with mutex:
                    await sleep(1)
            done[0] += CYCLES

        return client

    for number in range(CLIENTS):
        runtime.agent(f"client {number}", client_of(number))
    runtime.run()
    return runtime.now_ns // 1000, done[0]


def _their_locks(wait_us: int, *, shared: bool) -> End:
    environment = simpy.Environment()
    first = simpy.Resource(environment, 1)
    locks = [first] * CLIENTS if shared else [simpy.Resource(environment, 1) for _ in range(CLIENTS)]
    done = [0]

    def client(number: int) -> Generator[Any, Any, None]:
        lock = locks[number]
        timeout = environment.timeout
        for _ in range(CYCLES):
            yield timeout(wait_us)
            with lock.request() as request:
                yield request
                yield timeout(1)
        done[0] += CYCLES

    for number in range(CLIENTS):
        environment.process(client(number))
    environment.run()
    return int(environment.now), done[0]


WORKLOADS = {
    "lock-hold cycles": (our_lock_cycles, their_lock_cycles, 5.0),
    "uncontended lock cycles": (our_uncontended_cycles, their_uncontended_cycles, None),
    "bare timeouts": (our_timeouts, their_timeouts, 1.3),
}


def _cpu_s(workload: Callable[[], End]) -> tuple[float, End]:
    gc.collect()
    began = time.process_time()
    end = workload()
    return time.process_time() - began, end


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> int:
    print(
        f"Python {platform.python_version()}, SimPy {version('simpy')}, {_processor()}, {os.cpu_count()} CPUs;"
        f" {CLIENTS} clients, CPU time, median of {ROUNDS} neighbouring pairs"
    )
    gc.disable()
    same = True
    for name, (ours, theirs, aim) in WORKLOADS.items():
        pairs = []
        for turn in range(ROUNDS):
            first, second = (_cpu_s(w) for w in ((ours, theirs) if turn % 2 else (theirs, ours)))
            pairs.append((first, second) if turn % 2 else (second, first))
        (_, our_end), (_, their_end) = pairs[0]
        ratios = sorted(their_s / our_s for (our_s, _), (their_s, _) in pairs)
        our_rate, their_rate = (
            our_end[1] / statistics.median(pair[side][0] for pair in pairs) / 1000 for side in (0, 1)
        )
        print(
            f"{name:24} gputlb {our_rate:5.0f} k/s, SimPy {their_rate:5.0f} k/s,"
            f" ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            + (f", aim {aim}" if aim else "")
        )
        for who, (end_us, cycles) in (("gputlb", our_end), ("SimPy", their_end)):
            print(f"{'':24} {who} ends at {end_us} µs after {cycles} cycles")
        same = same and our_end == their_end
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
