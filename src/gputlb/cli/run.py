"""The verb `run`: clients on a virtual GPU."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.runtime import SimulatedRuntime
    from gputlb.simulate import Machine

_SEED_BITS = 32
_MOST_CLIENTS = 64


class WrongNumber(GputlbError):
    """An option's number is out of its range."""


def run(
    *,
    platform: str = "tigerlake",
    scheme: str = "mmio",
    workload: str = "churn",
    clients: int = 4,
    seed: int | None = None,
    duration_ms: float = 100.0,
    fault: Annotated[list[str] | None, Parameter(negative="")] = None,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    trace: Path | None = None,
) -> int:
    """Run clients that bind, use, unbind and release objects on a virtual GPU while its engines reach for pages.

    Exits with 1 if an engine reached a page after it had been given back.

    Example: gputlb run --platform icelake --scheme mmio-2022 --trace out.json

    Parameters
    ----------
    platform
        A name or PCI id, as `gputlb platforms` lists them.
    scheme
        How a flush is done: mmio-2022, mmio, guc, unbatched, none, or your own package.module:Class.
    workload
        What the clients do.
    clients
        How many there are.
    seed
        Where all random choices come from; printed, so that a run can be repeated. Picked at random if not given.
    duration_ms
        Virtual time to run for.
    fault
        What is wrong with the hardware, e.g. stuck-bit:vcs0 or slow-unit:rcs0:2000; may be given several times.
    json
        Print one JSON document instead.
    trace
        Write a trace that opens in Perfetto: JSON if the name ends in .json, else Perfetto's own format.
    """
    import secrets

    from gputlb import facts
    from gputlb.device import fault as fault_named
    from gputlb.driver import scheme as scheme_named
    from gputlb.report import run_summary
    from gputlb.simulate import make_workload, simulate

    if not 1 <= clients <= _MOST_CLIENTS:
        raise WrongNumber(f"--clients must be 1 to {_MOST_CLIENTS}, not {clients}")
    if seed is None:
        seed = secrets.randbits(_SEED_BITS)
    chosen_platform = facts.platform(platform)
    chosen_scheme = scheme_named(scheme)
    chosen_workload = make_workload(workload, [("clients", clients)])
    faults = [fault_named(text) for text in fault or ()]
    with ExitStack() as stack:
        result = simulate(
            chosen_platform,
            chosen_scheme,
            chosen_workload,
            seed=seed,
            duration_ms=duration_ms,
            faults=faults,
            listen=_tracer(stack, trace, f"gputlb run: {chosen_platform.kernel}, {scheme}") if trace else None,
            progress=_progress(stack),
        )
    print(run_summary.run_json(result) if json else run_summary.run_text(result))
    if trace:
        print(f"trace written to {trace}; open it at ui.perfetto.dev", file=sys.stderr)
    return 1 if result.stale_accesses else 0


def _tracer(stack: ExitStack, path: Path, title: str) -> Callable[[SimulatedRuntime, Machine], object]:
    from gputlb.report.timeline import Timeline
    from gputlb.report.trace_file import trace_file

    writer = stack.enter_context(trace_file(path, title))

    def listen(runtime: SimulatedRuntime, machine: Machine) -> None:
        timeline = Timeline(writer, set(machine.flush_locks))
        stop = runtime.events.listen(timeline)
        stack.callback(timeline.close)
        stack.callback(stop)

    return listen


def _progress(stack: ExitStack) -> Callable[[float], object] | None:
    if not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import Progress

    bar = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
    task = bar.add_task("running", total=1.0)
    return lambda part: bar.update(task, completed=part)
