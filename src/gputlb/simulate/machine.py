"""A whole machine: driver on one side, virtual GPU on the other, memory between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.device import SystemMemory, VirtualGpu
from gputlb.driver import GemObject, Gt, GtDescription, PageTable, ProbeFailed, Tlb, Vma
from gputlb.errors import GputlbError
from gputlb.runtime import AgentFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.device import Behaviour, Fault
    from gputlb.driver import Scheme
    from gputlb.facts import Platform
    from gputlb.runtime import Duration, SimulatedRuntime


class Machine:
    """A platform with a driver that uses `scheme`, in a simulated runtime.

    Args:
        runtime: whose virtual time passes.
        platform: which GPU.
        scheme: how its driver flushes.
        virtual_pages: size of the address space that all contexts share.
        physical_pages: size of the system's memory.
        behaviour: which behaviours of the hardware are switched on.
        faults: what is wrong with the hardware.
        pace: time between two accesses of an engine.

    Raises: `ProbeFailed` where the scheme does not load on the platform.

    """

    def __init__(
        self,
        runtime: SimulatedRuntime,
        platform: Platform,
        scheme: type[Scheme],
        *,
        virtual_pages: int,
        physical_pages: int,
        behaviour: Behaviour | None = None,
        faults: Iterable[Fault] = (),
        pace: Duration | None = None,
    ) -> None:
        if any(gt.register_table is None for gt in platform.gts):
            raise ProbeFailed(
                f"{platform.kernel} has no registers for TLB invalidation: "
                f"its driver, {platform.driver}, sends messages to the GuC; pick a platform up to METEORLAKE",
                -19,
            )
        self.runtime = runtime
        self.platform = platform
        self.page_table = PageTable(runtime, "ppgtt", virtual_pages)
        self.memory = SystemMemory(runtime, physical_pages)
        self.gpu = VirtualGpu(
            runtime,
            platform,
            self.page_table.entries,
            self.memory,
            behaviour=behaviour,
            faults=faults,
            tlb_slots=virtual_pages,
            pace=pace,
        )
        self.gts = tuple(
            Gt(runtime, self.gpu.registers, GtDescription.of(platform, gt.type), pm_references=0) for gt in platform.gts
        )
        self.tlbs = tuple(Tlb(gt, scheme(gt)) for gt in self.gts)
        self._engines = [(gt, engine, self.gpu.engines[engine.name]) for gt in self.gts for engine in gt.engines]
        self._tenants = 0

    def start(self) -> None:
        """Load the driver, then let the GPU's agents and the driver's timers act."""
        self.runtime.agent("driver", self._probe)
        try:
            self.runtime.run()
        except AgentFailed as error:
            if isinstance(error.__cause__, GputlbError):
                raise error.__cause__ from None
            raise
        self.gpu.start()
        for gt in self.gts:
            gt.uncore.start_delayed_release()

    async def _probe(self) -> None:
        for tlb in self.tlbs:
            await tlb.scheme.set_up()

    def new_object(self, name: str, first: int, page_count: int) -> Vma:
        """Return an object without pages yet, with its place in the address space."""
        gem_object = GemObject(self.runtime, self.tlbs, self.memory, page_count=page_count, name=name)
        return Vma(gem_object, self.page_table, first)

    async def bind(self, vma: Vma) -> None:
        """Give the object pages, as a tenant that never was before, and map them."""
        self._tenants = self._tenants % 0xFFFF + 1
        await vma.gem_object.get_pages(self._tenants)
        await vma.bind()

    @property
    def engine_count(self) -> int:
        """How many engines there are on all GTs."""
        return len(self._engines)

    async def use_engine(self, index: int, how_long: Duration) -> None:
        """Run a context on engine `index` for some time; it reaches for any page of the address space meanwhile."""
        gt, engine, hardware = self._engines[index]
        await gt.pm.get()
        await engine.pm.get()
        await hardware.start_context()
        await self.runtime.sleep(how_long)
        await hardware.end_context()
        await engine.pm.put()
        await gt.pm.put()
