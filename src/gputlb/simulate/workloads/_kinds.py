"""What every workload says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from gputlb.runtime import Exponential
from gputlb.simulate.parameters import parameters_of

if TYPE_CHECKING:
    from gputlb.runtime import Duration
    from gputlb.simulate.arrivals import Arrivals
    from gputlb.simulate.machine import Machine
    from gputlb.simulate.parameters import Scalar, WorkloadParameter

MOST_CLIENTS = 64
MOST_PENDING = 1024
"""How many may be served at once where work arrives from outside; more is a system that does not keep up."""


class Workload(ABC):
    """What is done on a machine: a dataclass, each field of it a parameter (`declared`)."""

    __slots__ = ()

    name: ClassVar[str]
    summary: ClassVar[str]
    is_open: ClassVar[bool] = False
    """Whether work arrives from outside, whether or not what came before is done."""
    power: bool = True
    """Whether forcewake domains exist."""
    functions: int = 1
    """How many have an invalidation mutex and a sequence number of their own."""
    pace: Duration = Exponential(4.0)
    """Time between two accesses of an engine, to any page of the address space."""

    @classmethod
    def parameters(cls) -> tuple[WorkloadParameter, ...]:
        """Return what it can be told."""
        return parameters_of(cls)

    def told(self) -> dict[str, Scalar]:
        """Return what it has been told, defaults included, as one would write it."""
        me: Any = self
        return {each.name: each.show(getattr(self, each.name)) for each in parameters_of(me)}

    @property
    @abstractmethod
    def load(self) -> str:
        """What is on the machine, in a few words: `4 clients`, `poisson 2000/s`."""

    @property
    @abstractmethod
    def virtual_pages(self) -> int:
        """Size of the address space that it needs."""

    @property
    def physical_pages(self) -> int:
        """Pages that it may hold at once: one for each place, so that pages change hands and nobody waits for one."""
        return self.virtual_pages

    @property
    def tlb_slots(self) -> int:
        """Translations that each engine keeps: every page has a slot of its own."""
        return self.virtual_pages

    @abstractmethod
    def start(self, machine: Machine) -> None:
        """Add its clients to the machine's runtime."""


class ClosedWorkload(Workload):
    """A number of clients, each of whom goes on only when what it asked for is done."""

    __slots__ = ()

    clients: int

    @property
    def load(self) -> str:
        """How many clients."""
        return "1 client" if self.clients == 1 else f"{self.clients} clients"


class OpenWorkload(Workload):
    """Work arrives from outside."""

    __slots__ = ()

    is_open = True
    rate: float
    arrivals: Arrivals

    @property
    def load(self) -> str:
        """What arrives, how often."""
        pattern = self.arrivals.pattern
        if pattern == "recorded":
            return f"arrivals as recorded in {self.arrivals.path}"
        return f"{pattern} arrivals, {self.arrivals.rate_per_s or self.rate:g}/s"

    @property
    def releases_per_arrival(self) -> int:
        """How many objects each arrival releases."""
        return 1

    @property
    def releases_per_s(self) -> float:
        """How many releases arrive in the long run."""
        arrive = self.arrivals.rate_per_s or self.rate
        if self.arrivals.gaps_us:
            arrive = 1e6 * len(self.arrivals.gaps_us) / sum(self.arrivals.gaps_us)
        return arrive * self.releases_per_arrival
