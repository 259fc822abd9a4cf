"""The verbs `run` and `workloads`: what is done on a virtual GPU."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gputlb.runtime import SimulatedRuntime
    from gputlb.simulate import Machine
    from gputlb.simulate.parameters import Scalar

_SEED_BITS = 32
_USUAL_MS = 100.0


class WrongSetting(GputlbError):
    """A parameter of the workload is not set right."""


def run(
    *,
    platform: str = "tigerlake",
    scheme: str = "mmio",
    workload: str = "churn",
    clients: int | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    latency: str = "documented",
    seed: int | None = None,
    duration_ms: float | None = None,
    warm_up_ms: float | None = None,
    fault: Annotated[list[str] | None, Parameter(negative="")] = None,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    trace: Path | None = None,
    replications: int | None = None,
    precision: str | None = None,
    precision_of: str | None = None,
    longest_ms: float | None = None,
) -> int:
    """Run a workload on a virtual GPU whose engines reach for pages, and say what its releases cost.

    Exits with 1 if an engine reached a page after it had been given back, 3 if --precision was not reached.

    Example: gputlb run --workload userptr --set rate=5000/s --set pages=1 --latency "constant 40 us"

    Parameters
    ----------
    platform
        A name or PCI id, as `gputlb platforms` lists them.
    scheme
        How a flush is done: mmio-2022, mmio, guc, unbatched, none, or your own package.module:Class.
    workload
        What is done; `gputlb workloads` lists what there is.
    clients
        How many clients there are: the same as --set clients=N.
    set_
        A parameter of the workload, NAME=VALUE; `gputlb workloads NAME` lists them. May be given several times.
    latency
        How long an invalidation takes: documented (40 us, at worst 100 us), "constant 40 us", "exponential 40 us",
        "lognormal 40 us 100 us 1 ms", "pareto 40 us 1.5 1 ms", "uniform 20 us 60 us", or "measured FILE.csv".
    seed
        Where all random choices come from; printed, so that a run can be repeated. Picked at random if not given.
    duration_ms
        Virtual time that is counted; 100 unless given, or as long as --precision takes.
    warm_up_ms
        Virtual time that passes before anything is counted; 0 unless given, but many runs find out what they need.
    fault
        What is wrong with the hardware, e.g. stuck-bit:vcs0 or slow-unit:rcs0:2000; may be given several times.
    json
        Print one JSON document instead.
    trace
        Write a trace that opens in Perfetto: JSON if the name ends in .json, else Perfetto's own format.
    replications
        Run as often with seeds of their own, and print each cost's mean and how far the truth may lie from it.
    precision
        Run long enough for a cost to be known so well: 2% of it, or 0.5 in its unit; with --duration-ms, often enough.
    precision_of
        Which cost, by its name in the JSON document; release_mean_us unless given.
    longest_ms
        Virtual time that no run exceeds whose length --precision chooses; 2000 unless given.
    """
    import secrets

    from gputlb import facts
    from gputlb.report import run_summary
    from gputlb.simulate import Setup, WrongDuration, duration, run_setup

    if seed is None:
        seed = secrets.randbits(_SEED_BITS)
    try:
        duration(latency)
    except WrongDuration as error:
        raise WrongSetting(f"--latency: {error}") from None
    setup = Setup(
        platform,
        scheme,
        workload,
        _parameters(workload, clients, set_ or ()),
        tuple(fault or ()),
        latency=latency,
        warm_up_ms=warm_up_ms or 0.0,
        duration_ms=_USUAL_MS if duration_ms is None else duration_ms,
    )
    if trace is not None:
        from gputlb.report.whole_file import check_outputs
        from gputlb.simulate.sweep import files_read_by

        check_outputs({"--trace": trace}, files_read_by(setup))
    if any(given is not None for given in (replications, precision, precision_of, longest_ms)):
        from gputlb.cli._replicated import print_replicated, replicated

        with ExitStack() as stack:
            runs = replicated(
                setup,
                seed,
                replications=replications,
                duration_is_given=duration_ms is not None,
                precision=precision,
                precision_of=precision_of,
                longest_ms=longest_ms,
                warm_up_ms=warm_up_ms,
                trace=trace,
                progress=_progress(stack),
            )
        return print_replicated(runs, json=json)
    with ExitStack() as stack:
        title = f"gputlb run: {facts.platform(platform).kernel}, {scheme}"
        listen = _tracer(stack, trace, title) if trace else None
        result = run_setup(setup, seed, listen=listen, progress=_progress(stack))
    print(run_summary.run_json(result) if json else run_summary.run_text(result))
    if trace:
        print(f"trace written to {trace}; open it at ui.perfetto.dev", file=sys.stderr)
    return 1 if result.stale_accesses else 0


def workloads(
    name: str | None = None, /, *, json: Annotated[bool, Parameter(negative="", show_default=False)] = False
) -> int:
    """List the workloads of `gputlb run`, or what one of them can be told with --set.

    Example: gputlb workloads userptr

    Parameters
    ----------
    name
        The workload whose parameters are wanted; all workloads if left out.
    json
        Print one JSON document instead, parameters included.
    """
    from gputlb.report import workloads_list
    from gputlb.simulate import workload, workloads

    chosen = workloads() if name is None else {name: workload(name)}
    if json:
        print(workloads_list.workloads_json(chosen.values()))
    elif name is None:
        print(workloads_list.workloads_text(chosen.values()))
    else:
        print(workloads_list.parameters_text(chosen[name]))
    return 0


def _parameters(name: str, clients: int | None, settings: Sequence[str]) -> tuple[tuple[str, Scalar], ...]:
    """Return the workload's parameters as told; raises `WrongSetting` with the option that was wrong."""
    from gputlb.simulate import WrongParameter, make_workload

    given: list[tuple[str, Scalar]] = [] if clients is None else [("clients", clients)]
    for setting in settings:
        parameter, equals, value = setting.partition("=")
        if not equals or not parameter.strip() or not value.strip():
            raise WrongSetting(f"--set {setting!r} must be written NAME=VALUE; gputlb workloads {name} lists the names")
        given.append((parameter.strip(), value.strip()))
    try:
        make_workload(name, given)
    except WrongParameter as error:
        option = "--" if clients is not None and error.name == "clients" else "--set "
        raise WrongSetting(f"{option}{error}" if str(error).startswith(error.name) else str(error)) from None
    return tuple(given)


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
    from gputlb.report.terminal import rewrites_lines

    if not rewrites_lines(sys.stderr):
        return None
    from rich.console import Console
    from rich.progress import Progress

    bar = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
    task = bar.add_task("running", total=1.0)
    return lambda part: bar.update(task, completed=part)
