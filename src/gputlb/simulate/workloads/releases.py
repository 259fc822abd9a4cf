"""Releases: nothing but releases, as they arrive; the queue itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.simulate.parameters import declared
from gputlb.simulate.workloads._callers import Callers
from gputlb.simulate.workloads._kinds import MOST_PENDING, OpenWorkload

if TYPE_CHECKING:
    from gputlb.driver import Vma
    from gputlb.simulate.arrivals import Arrivals
    from gputlb.simulate.machine import Machine


@dataclass(frozen=True, slots=True)
class Releases(OpenWorkload):
    """Each arrival unbinds an object and releases it at once; engines are awake, and nothing runs on them.

    No real machine is so bare. It is what queueing theory has formulas for: with scheme `unbatched`, one engine and
    forcewake off, releases are customers, the invalidation mutex is the server, and a unit's latency the service.
    """

    name: ClassVar[str] = "releases"
    summary: ClassVar[str] = "nothing but releases, as they arrive: the queue that theory knows"

    rate: float = declared("rate", "2000/s", "releases that arrive")
    arrivals: Arrivals = declared("arrivals", "poisson", "how they arrive")
    engines: int = declared("count", 1, "engines that are awake and must be flushed", least=0, most=64)
    pages: int = declared("count", 1, "pages of each object", least=1, most=16)
    forcewake: str = declared("choice", "on", "whether waking domains takes time", choices=("on", "off"))

    @property
    def power(self) -> bool:  # type: ignore[override]
        """Whether forcewake domains exist."""
        return self.forcewake == "on"

    @property
    def virtual_pages(self) -> int:
        """Size of the address space."""
        return MOST_PENDING * self.pages

    @property
    def tlb_slots(self) -> int:
        """Hardly any: nothing is ever translated."""
        return 1

    def start(self, machine: Machine) -> None:
        """Wake the engines, and let releases arrive."""
        machine.runtime.agent("waker", lambda: machine.keep_awake(machine.first_engines(self.engines)))
        vmas: dict[int, Vma] = {}

        async def bind(number: int) -> None:
            if number not in vmas:
                vmas[number] = machine.new_object(f"object{number}", number * self.pages, self.pages)
            await machine.bind(vmas[number])

        async def release(number: int) -> None:
            await machine.unbind_and_release(vmas[number])

        Callers(machine, "caller", bind, release).start(self.arrivals.gaps(self.rate))
