"""A whole virtual GPU: put together from a platform's facts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.device.behaviour import Behaviour
from gputlb.device.engine import Engine
from gputlb.device.faults import DeadMmio, FailedAck, Fault, LostWrite, SlowUnit, StuckBit, UnknownFault
from gputlb.device.forcewake import ForcewakeDomain
from gputlb.device.invalidation import InvalidationUnit
from gputlb.device.register_file import Register, RegisterFile
from gputlb.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from gputlb.device.memory import SystemMemory
    from gputlb.facts import Gt, Platform
    from gputlb.facts import Register as RegisterFacts
    from gputlb.runtime import Cell, Duration, Runtime

_MASKED_SHIFT = 16
_FULL_RESET = 1


class VirtualGpu:
    """A GPU that behaves as the real one does, as far as a driver can tell.

    Its `registers` go to a driver, its engines to clients; `start` adds all its agents to the runtime.

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

    Raises: `UnknownFault` where a fault names an engine or a domain that the platform lacks.

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
        self.behaviour = behaviour or Behaviour()
        self.memory = memory
        self._faults = tuple(faults)
        self._page_table = page_table
        self._tlb_slots = tlb_slots
        self._pace = pace
        self._only = only
        self._power = power
        self._dead_at_us = min((fault.after_us for fault in self._faults if isinstance(fault, DeadMmio)), default=None)
        self._dead = runtime.cell("mmio.dead", 1) if self._dead_at_us is not None else None
        self._registers: dict[int, Register] = {}
        self._semaphores: dict[int, Cell] = {}
        self._steering: dict[str, Cell] = {}
        self._resets: list[tuple[str, Cell, list[Engine], list[Cell]]] = []
        self.domains: dict[str, ForcewakeDomain] = {}
        self.engines: dict[str, Engine] = {}
        self.units: list[InvalidationUnit] = []
        self.oa: Engine | None = None
        for gt in platform.gts:
            self._add_gt(gt)
        self._check_faults()
        self.registers = RegisterFile(
            runtime,
            self._registers,
            facts.mmio_bar_bytes(platform),
            dead=self._dead,
            lost_offsets=frozenset(fault.offset for fault in self._faults if isinstance(fault, LostWrite)),
            semaphores=self._semaphores,
            strict_power=self.behaviour.strict_power,
        )

    def start(self) -> None:
        """Add the GPU's agents: engines, invalidation units, domains, reset, and what its faults need."""
        runtime = self.runtime
        for engine in self.engines.values():
            runtime.agent(engine.name, engine.act, forever=True)
        if self.oa is not None:
            runtime.agent(self.oa.name, self.oa.act, forever=True)
        for unit in self.units:
            runtime.agent(f"{unit.name}.unit", unit.act, forever=True)
        for domain in self.domains.values():
            runtime.agent(f"{domain.name}.power", domain.act, forever=True)
        self.start_reset()
        if self._dead_at_us is not None:
            runtime.agent("fault.dead-mmio", self._die, forever=False)

    def start_reset(self) -> None:
        """Add the agents that serve reset requests, one a GT."""
        for name, request, engines, pending in self._resets:
            self.runtime.agent(f"{name}.reset", partial(self._reset, request, engines, pending), forever=True)

    async def _die(self) -> None:
        assert self._dead is not None
        await self.runtime.sleep(self._dead_at_us or 0)
        await self._dead.store(1)
        self.runtime.emit("fault", "dead-mmio")

    async def _reset(self, request: Cell, engines: list[Engine], pending: list[Cell]) -> None:
        await request.until(lambda bits: bits != 0)
        await self.runtime.sleep(self.behaviour.reset_latency)
        async with self.runtime.atomic():
            for cell in pending:
                await cell.store(0)
            for engine in engines:
                await engine.reset(lose_translations=self.behaviour.tlb_lost_on_reset)
            await request.store(0)
        self.runtime.emit("reset_unit", "done")

    def _add_gt(self, gt: Gt) -> None:
        rows = facts.registers_for(self.platform, gt)
        prefix = "" if len(self.platform.gts) == 1 else f"gt{gt.id}."
        self._add_domains(gt, prefix)
        engines = self._add_engines(gt, prefix)
        pending = self._add_invalidation(gt, rows, prefix, engines)
        self._add_oa(gt, rows, prefix)
        self._add_reset(gt, rows, prefix, list(engines.values()), pending)
        self._add_steering(gt, rows, prefix)

    def _add_domains(self, gt: Gt, prefix: str) -> None:
        if not self._power:
            return
        unanswering = {fault.domain for fault in self._faults if isinstance(fault, FailedAck)}
        for row in facts.forcewake_domains(self.platform, gt_type=gt.type):
            domain = ForcewakeDomain(
                self.runtime, prefix + row.name, self.behaviour, answers=row.name not in unanswering
            )
            self.domains[prefix + row.name] = domain
            self._registers[row.request_offset] = Register(
                f"forcewake request of {domain.name}", domain.demand, domain.request
            )
            self._registers[row.ack_offset] = Register(f"forcewake acknowledge of {domain.name}", domain.ack)

    def _add_engines(self, gt: Gt, prefix: str) -> dict[tuple[int, int], Engine]:
        made = {}
        for name, description in zip(facts.shown_names(gt.engines), gt.engines, strict=True):
            if self._only is not None and name not in self._only:
                continue
            domain = self._engine_domain(gt, prefix, description.engine_class, description.instance)
            engine = Engine(
                self.runtime,
                name,
                self._page_table,
                self.memory,
                self.behaviour,
                domain=domain,
                tlb_slots=self._tlb_slots,
                pace=self._pace,
            )
            if domain is not None:
                domain.forgets(engine.tlb.drop)
            self.engines[name] = engine
            made[description.engine_class, description.instance] = engine
        return made

    def _engine_domain(self, gt: Gt, prefix: str, engine_class: int, instance: int) -> ForcewakeDomain | None:
        base = facts.engine_base(engine_class, instance, self.platform.graphics)
        if base is None:
            return None
        try:
            names = facts.domain_of(base, self.platform, gt.type)
        except facts.UnknownFact:
            return None
        return next((self.domains[prefix + name] for name in names if prefix + name in self.domains), None)

    def _add_invalidation(
        self, gt: Gt, rows: Sequence[RegisterFacts], prefix: str, engines: dict[tuple[int, int], Engine]
    ) -> list[Cell]:
        stuck = {fault.engine for fault in self._faults if isinstance(fault, StuckBit)}
        slow = {fault.engine: fault.latency_us for fault in self._faults if isinstance(fault, SlowUnit)}
        pending = []
        for row in rows:
            if row.kind != "tlb_inv":
                continue
            served = {
                row.done_mask(instance): engine
                for (engine_class, instance), engine in engines.items()
                if facts.invalidation_register(row.table or "", engine_class, instance) is row
            }
            cell = self.runtime.cell(f"{prefix}{row.name}", 32)
            pending.append(cell)
            self._add_register(gt, row, prefix, cell, partial(self._request, row, prefix, cell, sum(served)))
            for bit, engine in served.items():
                self.units.append(
                    InvalidationUnit(
                        self.runtime,
                        engine.name,
                        cell,
                        bit,
                        engine.tlb,
                        self.behaviour,
                        latency=slow.get(engine.name),
                        stuck=engine.name in stuck,
                    )
                )
        return pending

    async def _request(self, row: RegisterFacts, prefix: str, cell: Cell, served: int, value: int) -> None:
        bits = value
        if row.masked and self.behaviour.masked_registers:
            bits = value & value >> _MASKED_SHIFT
        if row.mcr and prefix in self._steering and not await self._steering[prefix].load():
            bits = 0  # one instance alone is reached, and the others keep what they have
        bits &= served  # a bit without a unit does not stay set
        if bits:
            await cell.update(lambda requests: requests | bits)
        else:
            self.runtime.emit("request_ignored", row.name, value)

    def _add_oa(self, gt: Gt, rows: Sequence[RegisterFacts], prefix: str) -> None:
        for row in rows:
            if row.kind != "tlb_inv_oa":
                continue
            self.oa = Engine(
                self.runtime,
                "oa",
                self._page_table,
                self.memory,
                self.behaviour,
                tlb_slots=self._tlb_slots,
                pace=self._pace,
            )
            cell = self.runtime.cell(row.name, 32)
            self._add_register(gt, row, prefix, cell, partial(self._request, row, prefix, cell, 1))
            self.units.append(InvalidationUnit(self.runtime, "oa", cell, 1, self.oa.tlb, self.behaviour))

    def _add_reset(
        self, gt: Gt, rows: Sequence[RegisterFacts], prefix: str, engines: list[Engine], pending: list[Cell]
    ) -> None:
        for row in rows:
            if row.kind == "reset":
                cell = self.runtime.cell(f"{prefix}{row.name}", 32)

                async def request(value: int, cell: Cell = cell) -> None:
                    await cell.update(lambda bits: bits | value & _FULL_RESET)

                self._add_register(gt, row, prefix, cell, request)
                self._resets.append((f"{prefix}gt", cell, engines, pending))

    def _add_steering(self, gt: Gt, rows: Sequence[RegisterFacts], prefix: str) -> None:
        for row in rows:
            if row.name == "MTL_MCR_SELECTOR" and gt.type == "primary":
                cell = self.runtime.cell(f"{prefix}steering", 1, int(self.behaviour.multicast_at_start))
                multicast = row.field("MULTICAST").low

                async def select(value: int, cell: Cell = cell, multicast: int = multicast) -> None:
                    await cell.store(value >> multicast & 1)

                self._steering[prefix] = cell
                self._registers[self._absolute(gt, row)] = Register(row.name, cell, select)
            elif row.name == "MTL_STEER_SEMAPHORE":
                self._semaphores[self._absolute(gt, row)] = self.runtime.cell(f"{prefix}semaphore", 1, 1)

    def _add_register(
        self, gt: Gt, row: RegisterFacts, prefix: str, cell: Cell, write: partial[object] | object
    ) -> None:
        try:
            names = facts.domain_of(row.offset, self.platform, gt.type)
        except facts.UnknownFact:
            names = ()
        needs = tuple(self.domains[prefix + name] for name in names if prefix + name in self.domains)
        self._registers[self._absolute(gt, row)] = Register(row.name, cell, write, needs)  # type: ignore[arg-type]

    @staticmethod
    def _absolute(gt: Gt, row: RegisterFacts) -> int:
        return row.offset + gt.gsi_offset

    def _check_faults(self) -> None:
        for fault in self._faults:
            if isinstance(fault, (StuckBit, SlowUnit)) and fault.engine not in self.engines:
                raise UnknownFault(
                    f"{self.platform.kernel} has no engine {fault.engine!r}{did_you_mean(fault.engine, self.engines)}; "
                    f"it has {', '.join(self.engines)}"
                )
            if isinstance(fault, FailedAck):
                known = {name.rpartition(".")[2] for name in self.domains}
                if fault.domain not in known:
                    raise UnknownFault(
                        f"{self.platform.kernel} has no forcewake domain {fault.domain!r}"
                        f"{did_you_mean(fault.domain, known)}; it has {', '.join(sorted(known))}"
                    )
