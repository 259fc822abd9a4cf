"""Shrinker: memory runs short, and objects go back by the dozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.simulate.parameters import declared
from gputlb.simulate.workloads._callers import Callers
from gputlb.simulate.workloads._clients import keep_busy, objects_of
from gputlb.simulate.workloads._kinds import OpenWorkload

if TYPE_CHECKING:
    from gputlb.driver import Vma
    from gputlb.runtime import Duration
    from gputlb.simulate.arrivals import Arrivals
    from gputlb.simulate.machine import Machine

_MOST_RECLAIMING = 32


@dataclass(frozen=True, slots=True)
class Shrinker(OpenWorkload):
    """Each arrival is a task that needs memory and reclaims it: kswapd, or whoever allocates when there is none left.

    It walks down a list of objects, as i915's shrinker does, unbinds each and releases it before it turns to the
    next. Tasks that reclaim at the same time meet at the mutex. Meanwhile programs keep the engines busy; what was
    taken is bound again later, outside what is counted.
    """

    name: ClassVar[str] = "shrinker"
    summary: ClassVar[str] = "memory pressure: tasks that reclaim dozens of objects each, in storms"

    rate: float = declared("rate", "100/s", "tasks that begin to reclaim")
    arrivals: Arrivals = declared("arrivals", "bursty 5 ms 15 ms", "how they arrive")
    objects: int = declared("count", 16, "objects that each takes", least=1, most=64)
    pages: int = declared("count", 1, "pages of each object", least=1, most=16)
    use: Duration = declared("time", "exponential 1 ms", "a context of the programs, on each engine")
    pause: Duration = declared("time", "exponential 500 us", "between two of them")
    pace: Duration = declared("time", "exponential 8 us", "between two accesses of an engine, to any page")

    @property
    def virtual_pages(self) -> int:
        """A place for each object that may be on its way at once."""
        return _MOST_RECLAIMING * self.objects * self.pages

    @property
    def releases_per_arrival(self) -> int:
        """As many as a task takes objects."""
        return self.objects

    def start(self, machine: Machine) -> None:
        """Let the programs work, and memory run short."""
        keep_busy(machine, machine.engines_of(), self.use, self.pause)
        lists: dict[int, list[Vma]] = {}

        async def bind(number: int) -> None:
            if number not in lists:
                lists[number] = objects_of(machine, f"task{number}", number, self.objects, self.pages)
            for vma in lists[number]:
                await machine.bind(vma)

        async def reclaim(number: int) -> None:
            for vma in lists[number]:
                await machine.unbind_and_release(vma)

        tasks = Callers(machine, "task", bind, reclaim, most=_MOST_RECLAIMING, prepared=_MOST_RECLAIMING)
        tasks.start(self.arrivals.gaps(self.rate))
