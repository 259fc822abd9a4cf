"""Finding a workload by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from gputlb.errors import GputlbError, did_you_mean
from gputlb.simulate.workloads.churn import Churn

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.runtime import Duration
    from gputlb.simulate.machine import Machine


class UnknownWorkload(GputlbError):
    """No workload has this name."""


class Workload(Protocol):
    """What a number of clients do on a machine."""

    name: ClassVar[str]
    summary: ClassVar[str]

    @property
    def pace(self) -> Duration:
        """Time between two accesses of an engine."""

    @property
    def virtual_pages(self) -> int:
        """Size of the address space that it needs."""

    @property
    def physical_pages(self) -> int:
        """Pages that it may hold at once."""

    def start(self, machine: Machine) -> None:
        """Add its clients to the machine's runtime."""


def workloads() -> dict[str, Callable[..., Workload]]:
    """Return what makes each workload, by name; all take `clients`."""
    return {Churn.name: Churn}


def workload(name: str) -> Callable[..., Workload]:
    """Return what makes the workload called `name`; raises `UnknownWorkload` with the nearest names."""
    known = workloads()
    if name not in known:
        raise UnknownWorkload(f"workload {name!r} is unknown{did_you_mean(name, known)}; there are {', '.join(known)}")
    return known[name]
