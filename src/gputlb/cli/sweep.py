"""The verb `sweep`: many runs, one results file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gputlb.cli._signals import broken_pipes_are_errors, say_stopped
from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from gputlb.simulate.sweep import Pool

_MOST_WORKERS = 1024


class WrongOption(GputlbError):
    """An option's value is out of its range, or two of them do not go together."""


def sweep(
    file: Path,
    /,
    *,
    output: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    discard: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Run a grid or list of parameters, each point several times, and write one results file.

    Runs that have finished are kept: after Ctrl-C, SIGTERM or a crash the same command goes on, and runs nothing twice.

    Example: gputlb sweep clients.toml --output clients.parquet

    Parameters
    ----------
    file
        What to run, in TOML.
    output
        The results file, in Parquet; the sweep file's name with .parquet if not given.
    workers
        Processes on this machine; one a core if not given.
    scheduler
        Address of a Dask cluster that runs everything instead, e.g. tcp://10.0.0.1:8786.
    dry_run
        Check the file, say what would be run and how long it would take, and stop.
    discard
        Leave out finished runs that the file no longer asks for.
    """
    import time

    from gputlb.report import sweep_text
    from gputlb.report.sweep_progress import SweepProgress, TrialProgress
    from gputlb.simulate.sweep import Sweep, estimated_s, read_sweep

    if workers is not None and scheduler is not None:
        raise WrongOption("--workers are processes on this machine, --scheduler a cluster; give one of them")
    if dry_run and scheduler is not None:
        raise WrongOption("--dry-run tries short runs on this machine, which tell nothing of a cluster; leave out one")
    if workers is not None and not 1 <= workers <= _MOST_WORKERS:
        raise WrongOption(f"--workers must be 1 to {_MOST_WORKERS}, not {workers}")
    plan = read_sweep(file)
    target = output or file.with_suffix(".parquet")
    with Sweep(plan, target, discard=discard) as running:
        missing = running.missing()
        if dry_run:
            cores = min(workers or _cores(), len(missing) or 1)
            where = "1 worker" if cores == 1 else f"{cores} workers"
            with TrialProgress(sys.stderr) as trying:
                needed_s = estimated_s(missing, cores, tick=trying.show)
            print(sweep_text.planned(running, needed_s, where))
            return 0
        begun_s = time.monotonic()
        with broken_pipes_are_errors():
            pool = _pool(workers, scheduler, len(missing)) if missing else None
            try:
                with SweepProgress(sys.stderr, running.found, running.total) as progress:
                    running.run(pool, tick=progress.show)
            except KeyboardInterrupt:
                return say_stopped(running.kept())
            finally:
                if pool is not None:
                    pool.stop()
        print(sweep_text.outcome(running, time.monotonic() - begun_s))
        remark = sweep_text.unstable_points(running)
        if remark:
            print(remark)
    return 0


def _pool(workers: int | None, scheduler: str | None, runs: int) -> Pool:
    from gputlb.simulate.sweep import ClusterPool, LocalPool

    if scheduler is not None:
        import logging

        # A cluster that goes away is told in one sentence; Dask would log tracebacks before it.
        logging.disable()
        return ClusterPool(scheduler)
    return LocalPool(min(workers or _cores(), runs))


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0))
