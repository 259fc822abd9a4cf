"""SR-IOV: several functions, each with a driver's worth of clients, on the same units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.simulate.parameters import declared
from gputlb.simulate.workloads._clients import Client, objects_of
from gputlb.simulate.workloads._kinds import MOST_CLIENTS, ClosedWorkload

if TYPE_CHECKING:
    from gputlb.runtime import Duration
    from gputlb.simulate.machine import Machine


@dataclass(frozen=True, slots=True)
class Sriov(ClosedWorkload):
    """Functions that share the hardware but not the driver: each has its own invalidation mutex and sequence number.

    So nobody is covered by another function's flush, and yet every flush drops everybody's translations; the requests
    of two functions may overlap, and are then served by one and the same unit.

    What it is not: a guest with virtual functions has no way to these registers; it sends messages to the GuC
    firmware, which is not modelled here. Forcewake and power, which the firmware would hold, are one driver's here.
    """

    name: ClassVar[str] = "sriov"
    summary: ClassVar[str] = "functions share engines and units, but neither mutex nor sequence number"

    functions: int = declared("count", 2, "functions", least=1, most=8)
    clients: int = declared("count", 2, "clients of each function", least=1, most=MOST_CLIENTS // 8)
    objects_per_client: int = declared("count", 3, "objects of each client", least=2, most=64)
    pages_per_object: int = declared("count", 4, "pages of each object", least=1, most=64)
    use: Duration = declared("time", "exponential 300 us", "a context on an engine")
    think: Duration = declared("time", "exponential 100 us", "between two rounds of a client")
    pace: Duration = declared("time", "exponential 4 us", "between two accesses of an engine, to any page")

    @property
    def load(self) -> str:
        """How many functions, how many clients."""
        return f"{self.functions} functions with {self.clients} clients each"

    @property
    def virtual_pages(self) -> int:
        """A place for every object."""
        return self.functions * self.clients * self.objects_per_client * self.pages_per_object

    def start(self, machine: Machine) -> None:
        """Add each function's clients."""
        runtime = machine.runtime
        for function in range(self.functions):
            tlbs = machine.tlbs_of[function]
            for client in range(self.clients):
                name = f"function{function}.client{client}"
                number = function * self.clients + client
                objects = objects_of(machine, name, number, self.objects_per_client, self.pages_per_object, tlbs)
                act = Client(machine, objects, machine.engines_of(), self.use, self.think).act
                runtime.agent(name, act, forever=True)
