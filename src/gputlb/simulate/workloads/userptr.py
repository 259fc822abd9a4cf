"""Userptr: programs unmap memory that the GPU has pinned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.simulate.parameters import declared
from gputlb.simulate.workloads._callers import Callers
from gputlb.simulate.workloads._clients import keep_busy
from gputlb.simulate.workloads._kinds import OpenWorkload

if TYPE_CHECKING:
    from gputlb.driver import Vma
    from gputlb.runtime import Duration
    from gputlb.simulate.arrivals import Arrivals
    from gputlb.simulate.machine import Machine


@dataclass(frozen=True, slots=True)
class Userptr(OpenWorkload):
    """Each arrival is a munmap of user pages that were bound: its MMU notifier unbinds them and releases them.

    The program stands in the system call meanwhile, so its wait counts from the unbinding on, flush included; that
    it first waits for the GPU to be done with the pages is not counted, since no scheme changes it. Other programs
    keep the engines busy. Nobody is stamped early and released late here: all that can cover a flush is a queue.
    """

    name: ClassVar[str] = "userptr"
    summary: ClassVar[str] = "munmap of pinned user pages: the program waits in unbind and release"

    rate: float = declared("rate", "1000/s", "munmaps that arrive")
    arrivals: Arrivals = declared("arrivals", "poisson", "how they arrive")
    mappings: int = declared(
        "count", 64, "mappings that are bound at any time; the oldest goes first", least=1, most=256
    )
    pages: int = declared("count", 4, "pages of each mapping", least=1, most=16)
    use: Duration = declared("time", "exponential 1 ms", "a context of the other programs, on each engine")
    pause: Duration = declared("time", "exponential 500 us", "between two of them")
    pace: Duration = declared("time", "exponential 8 us", "between two accesses of an engine, to any page")

    @property
    def virtual_pages(self) -> int:
        """A place for each mapping, and as many for those that are made while all are on their way."""
        return 2 * self.mappings * self.pages

    def start(self, machine: Machine) -> None:
        """Let the other programs work, and munmaps arrive."""
        keep_busy(machine, machine.engines_of(), self.use, self.pause)
        mappings: dict[int, Vma] = {}

        async def bind(number: int) -> None:
            if number not in mappings:
                mappings[number] = machine.new_object(f"mapping{number}", number * self.pages, self.pages)
            await machine.bind(mappings[number])

        async def munmap(number: int) -> None:
            await machine.unbind_and_release(mappings[number])

        callers = Callers(machine, "program", bind, munmap, most=2 * self.mappings, prepared=self.mappings)
        callers.start(self.arrivals.gaps(self.rate))
