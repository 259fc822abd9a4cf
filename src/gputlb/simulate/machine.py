"""A whole machine: driver on one side, virtual GPU on the other, memory between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.device import PAGE_BYTES, SystemMemory, VirtualGpu
from gputlb.driver import GemObject, Gt, GtDescription, PageTable, ProbeFailed, Tlb, Vma
from gputlb.driver.schemes import failed, failed_in_set_up, made
from gputlb.errors import GputlbError
from gputlb.runtime import AgentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gputlb.device import Behaviour, Fault
    from gputlb.driver import Scheme
    from gputlb.driver.schemes import UnfitScheme
    from gputlb.facts import Platform
    from gputlb.runtime import Duration, SimulatedRuntime


class TooFewEngines(GputlbError):
    """A platform has fewer engines than a workload was told to use."""


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
        power: whether forcewake domains exist; without them everything is always awake, and waking costs nothing.
        tlb_slots: translations that each engine keeps; one for each virtual page unless given.
        functions: how many have invalidation mutexes and sequence numbers of their own, on the same registers.

    Raises: `ProbeFailed` where the scheme does not load on the platform; `UnfitScheme` where it can't be made.

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
        power: bool = True,
        tlb_slots: int | None = None,
        functions: int = 1,
    ) -> None:
        if any(gt.register_table is None for gt in platform.gts):
            raise ProbeFailed(
                f"{platform.kernel} has no registers for TLB invalidation: "
                f"its driver, {platform.driver}, sends messages to the GuC; pick a platform up to METEORLAKE",
                -19,
            )
        self.runtime = runtime
        self.platform = platform
        self._scheme = scheme
        self.page_table = PageTable(runtime, "ppgtt", virtual_pages)
        self.memory = SystemMemory(runtime, physical_pages)
        self.gpu = VirtualGpu(
            runtime,
            platform,
            self.page_table.entries,
            self.memory,
            behaviour=behaviour,
            faults=faults,
            tlb_slots=virtual_pages if tlb_slots is None else tlb_slots,
            pace=pace,
            power=power,
        )
        descriptions = [GtDescription.of(platform, gt.type) for gt in platform.gts]
        if not power:
            descriptions = [replace(description, forcewake=()) for description in descriptions]
        self.gts = tuple(Gt(runtime, self.gpu.registers, each, pm_references=0) for each in descriptions)
        self.tlbs = tuple(Tlb(gt, made(scheme, gt)) for gt in self.gts)
        self.tlbs_of = (self.tlbs, *(self._further_tlbs(f"function{number}") for number in range(1, functions)))
        """The invalidation of each function, of each GT; the first function's is `tlbs`."""
        self._engines = [(gt, engine, self.gpu.engines[engine.name]) for gt in self.gts for engine in gt.engines]
        self._tenants = 0

    def start(self) -> None:
        """Load the driver, then let the GPU's agents and the driver's timers act; raises as `run`."""
        self.runtime.agent("driver", self._probe)
        self._run(None, failed_in_set_up)
        self.gpu.start()
        for gt in self.gts:
            gt.uncore.start_delayed_release()

    def run(self, until_us: float | None = None) -> None:
        """Let everybody act, until the virtual time `until_us` or until nobody can.

        Raises: as `SimulatedRuntime.run`, but for what an agent raises: an error that explains itself comes without
        the agent around it, `UnfitScheme` where the scheme's author can mend it, and all else as it was raised.
        """
        self._run(until_us, failed)

    def _run(self, until_us: float | None, why: Callable[[type[Scheme], AgentFailed], UnfitScheme | None]) -> None:
        try:
            self.runtime.run(until_us)
            return
        except AgentFailed as error:
            failure = error
        cause = failure.__cause__
        unfit = None if isinstance(cause, GputlbError) else why(self._scheme, failure)
        if unfit is not None:
            raise unfit from cause
        raise cause or failure  # where it is a bug of ours, its own traceback tells it best

    def _further_tlbs(self, owner: str) -> tuple[Tlb, ...]:
        # They share the scheme's set-up; a scheme that keeps state in itself shares that, too.
        return tuple(
            Tlb(tlb.gt, tlb.scheme, invalidate_lock=self.runtime.mutex(f"{owner}.{tlb.gt.name}.tlb.invalidate_lock"))
            for tlb in self.tlbs
        )

    async def _probe(self) -> None:
        for tlb in self.tlbs:
            await tlb.scheme.set_up()

    @property
    def flush_locks(self) -> frozenset[str]:
        """The names of all invalidation mutexes."""
        return frozenset(tlb.invalidate_lock.name for tlbs in self.tlbs_of for tlb in tlbs)

    def new_object(self, name: str, first: int, page_count: int, tlbs: tuple[Tlb, ...] | None = None) -> Vma:
        """Return an object without pages yet, with its place in the address space; `tlbs` are the machine's own."""
        gem_object = GemObject(self.runtime, tlbs or self.tlbs, self.memory, page_count=page_count, name=name)
        return Vma(gem_object, self.page_table, first)

    async def bind(self, vma: Vma) -> None:
        """Give the object pages, as a tenant that never was before (the numbers wrap after 65535), and map them."""
        self._tenants = self._tenants % (facts.pte_layout().tenants - 1) + 1
        await vma.gem_object.get_pages(self._tenants)
        await vma.bind()

    async def release(self, vma: Vma) -> None:
        """Give the object's pages back, as an event with how long that took and how many bytes it freed."""
        runtime = self.runtime
        begun_ns = runtime.now_ns
        runtime.emit("begin", "release")
        await vma.gem_object.release_pages()
        self._released(vma, begun_ns)

    async def unbind_and_release(self, vma: Vma) -> None:
        """Unbind the object and give its pages back at once; the caller waits for both, and that is what counts."""
        runtime = self.runtime
        begun_ns = runtime.now_ns
        runtime.emit("begin", "release")
        await vma.unbind()
        await vma.gem_object.release_pages()
        self._released(vma, begun_ns)

    def _released(self, vma: Vma, begun_ns: int) -> None:
        runtime = self.runtime
        runtime.emit("end", "release")
        runtime.emit("release", runtime.now_ns - begun_ns, vma.gem_object.page_count * PAGE_BYTES)

    async def keep_awake(self, engines: Sequence[int]) -> None:
        """Hold a power reference on these engines and on their GTs from now on, without any context on them."""
        for index in engines:
            gt, engine, _ = self._engines[index]
            await gt.pm.get()
            await engine.pm.get()

    def first_engines(self, count: int) -> tuple[int, ...]:
        """Return the first `count` engines, in order of GT and id; raises `TooFewEngines`."""
        if count > len(self._engines):
            raise TooFewEngines(f"{self.platform.kernel} has {len(self._engines)} engines, not {count}; ask for fewer")
        return tuple(range(count))

    def engines_of(self, *classes: int) -> tuple[int, ...]:
        """Return the engines of these classes, all engines where none is given."""
        return tuple(
            index for index, (_, engine, _) in enumerate(self._engines) if not classes or engine.engine_class in classes
        )

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
