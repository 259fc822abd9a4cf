"""All that decides a run besides its seed, in plain words that a file, a process or a cluster can carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.device import Behaviour, faults_of
from gputlb.driver import scheme
from gputlb.simulate.durations import duration
from gputlb.simulate.run import simulate
from gputlb.simulate.workloads import make_workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.runtime import SimulatedRuntime
    from gputlb.simulate.machine import Machine
    from gputlb.simulate.parameters import Scalar
    from gputlb.simulate.results import RunResult


@dataclass(frozen=True, slots=True)
class Setup:
    """What is run: everything by name, so that two equal setups with equal seeds give the same result."""

    platform: str = "tigerlake"
    """A name or PCI id, as `gputlb platforms` lists them."""
    scheme: str = "mmio"
    """A scheme's name, or `package.module:Class`."""
    workload: str = "churn"
    parameters: tuple[tuple[str, Scalar], ...] = ()
    """The workload's own, each with its value; those left out have their defaults."""
    faults: tuple[str, ...] = ()
    latency: str | float = "documented"
    """How long an invalidation takes, as `DURATION_FORMS` has it; a number is µs."""
    warm_up_ms: float = 0.0
    """Virtual time that passes before anything is counted."""
    duration_ms: float = 100.0
    """Virtual time that is counted."""


def run_setup(
    setup: Setup,
    seed: int,
    *,
    listen: Callable[[SimulatedRuntime, Machine], object] | None = None,
    progress: Callable[[float], object] | None = None,
) -> RunResult:
    """Run it; `listen` and `progress` are as in `simulate`.

    Raises: what finding the parts by name raises, `UnknownFault` too for two in the same place, and as `simulate`.
    """
    return simulate(
        facts.platform(setup.platform),
        scheme(setup.scheme),
        make_workload(setup.workload, setup.parameters),
        seed=seed,
        duration_ms=setup.duration_ms,
        warm_up_ms=setup.warm_up_ms,
        behaviour=Behaviour(invalidation_latency=duration(setup.latency)),
        faults=faults_of(setup.faults),
        listen=listen,
        progress=progress,
    )
