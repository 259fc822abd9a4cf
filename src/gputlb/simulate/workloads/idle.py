"""Idle: a GPU that sleeps most of the time."""

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
class Idle(ClosedWorkload):
    """Each client draws something small, now and then: a desktop that somebody reads on, with a blinking cursor.

    Most releases find the GT asleep, which has lost its TLBs and is not woken. What others cost is waking.
    """

    name: ClassVar[str] = "idle"
    summary: ClassVar[str] = "a GPU that sleeps most of the time: few flushes, each after a wake-up"

    clients: int = declared("count", 2, "clients", least=1, most=MOST_CLIENTS)
    objects: int = declared("count", 2, "objects of each client", least=2, most=64)
    pages: int = declared("count", 2, "pages of each object", least=1, most=64)
    use: Duration = declared("time", "exponential 200 us", "a context on an engine")
    think: Duration = declared("time", "exponential 5 ms", "between two rounds of a client")
    pace: Duration = declared("time", "exponential 4 us", "between two accesses of an engine, to any page")

    @property
    def virtual_pages(self) -> int:
        """A place for every object."""
        return self.clients * self.objects * self.pages

    def start(self, machine: Machine) -> None:
        """Add the clients."""
        go_round(machine, "client", self.clients, self.objects, self.pages, machine.engines_of(), self.use, self.think)
