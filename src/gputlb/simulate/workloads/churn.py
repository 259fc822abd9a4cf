"""Churn: clients that bind, use, unbind and release objects, over and over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.simulate.parameters import declared
from gputlb.simulate.workloads._clients import go_round
from gputlb.simulate.workloads._kinds import MOST_CLIENTS, ClosedWorkload

if TYPE_CHECKING:
    from gputlb.runtime import Duration
    from gputlb.simulate.machine import Machine


@dataclass(frozen=True, slots=True)
class Churn(ClosedWorkload):
    """Each client walks round its objects: bind, use on some engine, unbind, and release the one before.

    That is what a desktop with many short-lived buffers does. An unbound object stays around until the next one
    is unbound, so that others' flushes may have covered it by the time that it is released.
    """

    name: ClassVar[str] = "churn"
    summary: ClassVar[str] = "bind, use, unbind, release, over and over: many short-lived buffers"

    clients: int = declared("count", 4, "clients", least=1, most=MOST_CLIENTS)
    objects_per_client: int = declared("count", 3, "objects of each client", least=2, most=64)
    pages_per_object: int = declared("count", 4, "pages of each object", least=1, most=64)
    use: Duration = declared("time", "exponential 300 us", "a context on an engine")
    think: Duration = declared("time", "exponential 100 us", "between two rounds of a client")
    pace: Duration = declared("time", "exponential 4 us", "between two accesses of an engine, to any page")

    @property
    def virtual_pages(self) -> int:
        """Size of the address space: a place for every object."""
        return self.clients * self.objects_per_client * self.pages_per_object

    def start(self, machine: Machine) -> None:
        """Add the clients."""
        go_round(
            machine,
            "client",
            self.clients,
            self.objects_per_client,
            self.pages_per_object,
            machine.engines_of(),
            self.use,
            self.think,
        )
