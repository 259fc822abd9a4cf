"""Churn: clients that bind, use, unbind and release objects, over and over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.simulate.parameters import declared
from gputlb.simulate.workloads._kinds import MOST_CLIENTS, ClosedWorkload

if TYPE_CHECKING:
    from gputlb.driver import Vma
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

    @property
    def physical_pages(self) -> int:
        """As many pages as there are places, so that pages change hands all the time and none waits for one."""
        return self.virtual_pages

    def start(self, machine: Machine) -> None:
        """Add the clients."""
        for number in range(self.clients):
            machine.runtime.agent(f"client{number}", _Client(self, machine, number).act, forever=True)


class _Client:
    def __init__(self, workload: Churn, machine: Machine, number: int) -> None:
        self._workload = workload
        self._machine = machine
        pages = workload.pages_per_object
        first = number * workload.objects_per_client * pages
        self._idle = [
            machine.new_object(f"client{number}.object{index}", first + index * pages, pages)
            for index in range(workload.objects_per_client)
        ]
        self._unbound: Vma | None = None

    async def act(self) -> None:
        """Do one round."""
        machine, runtime = self._machine, self._machine.runtime
        vma = self._idle.pop(0)
        runtime.emit("begin", "bind")
        await machine.bind(vma)
        runtime.emit("end", "bind")
        runtime.emit("begin", "use")
        await machine.use_engine(await runtime.choose(machine.engine_count), self._workload.use)
        runtime.emit("end", "use")
        runtime.emit("begin", "unbind")
        await vma.unbind()
        runtime.emit("end", "unbind")
        if self._unbound is not None:
            await machine.release(self._unbound)
            self._idle.append(self._unbound)
        self._unbound = vma
        await runtime.sleep(self._workload.think)
