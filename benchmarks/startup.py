"""How long `gputlb --help` takes, beside a bare interpreter: aim 300 ms, median of 15 alternated runs.

.venv/bin/python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "gputlb --help": [sys.executable, "-m", "gputlb", "--help"],
}


def main() -> None:
    took_ms: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            began_ns = time.perf_counter_ns()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            took_ms[name].append((time.perf_counter_ns() - began_ns) / 1e6)
    for name, times in took_ms.items():
        print(f"{name:16} median {statistics.median(times):5.0f} ms, best {min(times):5.0f} ms")


if __name__ == "__main__":
    main()
