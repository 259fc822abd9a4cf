"""A whole virtual GPU: its GTs, behind one register BAR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.device.behaviour import Behaviour
from gputlb.device.engine import Engine
from gputlb.device.faults import Faults
from gputlb.device.gt import HardwareGt
from gputlb.device.register_file import RegisterFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from gputlb.device.faults import Fault
    from gputlb.device.forcewake import ForcewakeDomain
    from gputlb.device.memory import SystemMemory
    from gputlb.facts import Platform
    from gputlb.runtime import Cell, Duration, Runtime


class VirtualGpu:
    """A GPU that behaves as the real one does, as far as a driver can tell.

    Its `registers` go to a driver, its `engines` (by the name that the driver shows) to clients; `start` adds all
    its agents to the runtime. `oa` is the observation unit where the platform's is invalidated by a register of
    its own, else None; it idles until `oa.start_context()`.

    Args:
        runtime: what an `await` means here.
        platform: which GPU.
        page_table: the entries of the address space that contexts run in.
        memory: the system's pages.
        behaviour: which behaviours are switched on, and how long things take.
        faults: what is wrong with it.
        tlb_slots: translations that each engine keeps.
        pace: time between two accesses of an engine.
        only: names of the only engines that it has; None for all of the platform's.
        power: whether forcewake domains exist; without them everything is always on.

    Raises: `UnknownFault` where a fault names an engine, a domain or an offset that the platform lacks.

    """

    def __init__(
        self,
        runtime: Runtime,
        platform: Platform,
        page_table: Sequence[Cell],
        memory: SystemMemory,
        *,
        behaviour: Behaviour | None = None,
        faults: Iterable[Fault] = (),
        tlb_slots: int = 32,
        pace: Duration | None = None,
        only: Collection[str] | None = None,
        power: bool = True,
    ) -> None:
        self.runtime = runtime
        self.platform = platform
        self.memory = memory
        self.behaviour = behaviour = behaviour or Behaviour()
        self._faults = Faults(faults)

        def make_engine(name: str, domain: ForcewakeDomain | None) -> Engine:
            return Engine(runtime, name, page_table, memory, behaviour, domain=domain, tlb_slots=tlb_slots, pace=pace)

        self.gts = tuple(
            HardwareGt(runtime, platform, gt, behaviour, self._faults, make_engine, only=only, power=power)
            for gt in platform.gts
        )
        self.engines = {engine.name: engine for gt in self.gts for engine in gt.engines.values()}
        self.domains = {domain.name: domain for gt in self.gts for domain in gt.domains.values()}
        self.units = [unit for gt in self.gts for unit in gt.units]
        self.oa = next((gt.oa for gt in self.gts if gt.oa is not None), None)
        bar_bytes = facts.mmio_bar_bytes(platform)
        self._faults.check(platform.kernel, self.engines, {name for gt in self.gts for name in gt.domains}, bar_bytes)
        self._dead = runtime.cell("mmio.dead", 1) if self._faults.dead_after_us is not None else None
        self.registers = RegisterFile(
            runtime,
            {offset: register for gt in self.gts for offset, register in gt.registers.items()},
            bar_bytes,
            dead=self._dead,
            lost_offsets=self._faults.lost_offsets,
            strict_power=behaviour.strict_power,
        )

    def start(self) -> None:
        """Add the GPU's agents: engines, invalidation units, domains, resets, and what its faults need."""
        agent = self.runtime.agent
        for engine in self.engines.values():
            agent(engine.name, engine.act, forever=True)
        if self.oa is not None:
            agent(self.oa.name, self.oa.act, forever=True)
        for unit in self.units:
            agent(f"{unit.name}.unit", unit.act, forever=True)
        for domain in self.domains.values():
            agent(f"{domain.name}.power", domain.act, forever=True)
        for gt in self.gts:
            agent(f"{gt.name}.reset", gt.reset.act, forever=True)
        if self._dead is not None:
            agent("fault.dead-mmio", self._die)

    async def _die(self) -> None:
        assert self._dead is not None
        await self.runtime.sleep(self._faults.dead_after_us or 0)
        await self._dead.store(1)
        self.runtime.emit("fault", "dead-mmio")
