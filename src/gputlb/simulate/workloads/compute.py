"""Compute: few large objects, bound for long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.simulate.parameters import declared
from gputlb.simulate.workloads._clients import go_round
from gputlb.simulate.workloads._kinds import MOST_CLIENTS, ClosedWorkload

if TYPE_CHECKING:
    from gputlb.runtime import Duration
    from gputlb.simulate.machine import Machine

_RENDER, _COMPUTE = 0, 5


@dataclass(frozen=True, slots=True)
class Compute(ClosedWorkload):
    """Each client binds a large object, launches several long kernels on it, and gives it back.

    That is inference or a solver: releases are rare, but each flush throws away the translations of everybody's
    working set, and the engines pay by walking again. Kernels run on compute engines; on render where there are none.
    """

    name: ClassVar[str] = "compute"
    summary: ClassVar[str] = "large objects bound for long: few flushes, each of which drops much"

    clients: int = declared("count", 4, "processes", least=1, most=MOST_CLIENTS)
    objects: int = declared("count", 2, "objects of each", least=2, most=8)
    pages: int = declared("count", 64, "pages of each object", least=1, most=256)
    launches: int = declared("count", 4, "kernels that run on an object before it goes", least=1, most=1000)
    use: Duration = declared("time", "exponential 2 ms", "a kernel")
    think: Duration = declared("time", "exponential 100 us", "between two objects of a process")
    pace: Duration = declared("time", "exponential 2 us", "between two accesses of an engine, to any page")

    @property
    def virtual_pages(self) -> int:
        """A place for every object."""
        return self.clients * self.objects * self.pages

    def start(self, machine: Machine) -> None:
        """Add the processes."""
        engines = machine.engines_of(_COMPUTE) or machine.engines_of(_RENDER)
        go_round(
            machine,
            "process",
            self.clients,
            self.objects,
            self.pages,
            engines,
            self.use,
            self.think,
            contexts=self.launches,
        )
