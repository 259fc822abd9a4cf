"""Runs in the threads of one process, as a Dask worker has them, give what each gives alone."""

from __future__ import annotations

import subprocess
import sys

FIRST_RUNS_OF_A_PROCESS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from gputlb.simulate.setup import Setup, run_setup
sys.setswitchinterval(1e-5)

def run(seed):
    return run_setup(Setup(duration_ms=1, parameters=(("clients", 3),)), seed)

with ThreadPoolExecutor(4) as pool:
    together = list(pool.map(run, range(4)))
print(together == [run(seed) for seed in range(4)])
"""


def test_the_first_runs_of_a_process_may_be_several_at_once():
    """Everything that is loaded when it is first asked for is loaded by several threads then."""
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", FIRST_RUNS_OF_A_PROCESS], capture_output=True, text=True, check=False
        )

        assert (0, "True\n") == (done.returncode, done.stdout), done.stderr
