"""One GT of the virtual GPU: its blocks, and which register reaches which of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.device.forcewake import ForcewakeDomain
from gputlb.device.invalidation import InvalidationRegister, InvalidationUnit
from gputlb.device.register_file import Register
from gputlb.device.reset import ResetUnit
from gputlb.device.steering import McrSelector, SteeringSemaphore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from gputlb.device.behaviour import Behaviour
    from gputlb.device.engine import Engine
    from gputlb.device.faults import Faults
    from gputlb.facts import Platform
    from gputlb.runtime import Cell, Runtime

    MakeEngine = Callable[[str, ForcewakeDomain | None], Engine]


class HardwareGt:
    """The blocks of one GT, put together from its platform's facts.

    `registers` says what lies at which byte offset into the BAR; the GT's own offset is added already.

    Args:
        runtime: what an `await` means here.
        platform: which GPU.
        gt: which of its GTs.
        behaviour: which behaviours are switched on.
        faults: what is wrong with it.
        make_engine: makes an engine of a given name, powered by a given domain.
        only: names of the only engines that it has; None for all.
        power: whether forcewake domains exist.

    """

    def __init__(
        self,
        runtime: Runtime,
        platform: Platform,
        gt: facts.Gt,
        behaviour: Behaviour,
        faults: Faults,
        make_engine: MakeEngine,
        *,
        only: Collection[str] | None = None,
        power: bool = True,
    ) -> None:
        self._runtime = runtime
        self._platform = platform
        self._gt = gt
        self._behaviour = behaviour
        self._faults = faults
        self._described = [
            (name, engine)
            for name, engine in zip(facts.shown_names(gt.engines), gt.engines, strict=True)
            if only is None or name in only
        ]
        self._power = power
        self._prefix = f"gt{gt.id}." if len(platform.gts) > 1 else ""
        self._rows = facts.registers_for(platform, gt)
        self.name = f"gt{gt.id}"
        self.registers: dict[int, Register] = {}
        self.units: list[InvalidationUnit] = []
        self.oa: Engine | None = None

        self.domains = self._make_domains()
        self.engines = self._make_engines(make_engine)
        self.selector = self._make_steering()
        self.reset = ResetUnit(runtime, self.name, behaviour)
        self._make_invalidation()
        self._make_oa(make_engine)
        self._place_reset()

    def _make_domains(self) -> dict[str, ForcewakeDomain]:
        """Make the domains: a request and an acknowledge register for each domain."""
        domains = {}
        engines = [(engine.engine_class, engine.instance) for _, engine in self._described]
        rows = facts.forcewake_domains(self._platform, engines, self._gt.type) if self._power else ()
        for row in rows:
            domain = ForcewakeDomain(
                self._runtime,
                self._prefix + row.name,
                self._behaviour,
                answers=row.name not in self._faults.unanswering_domains,
            )
            domains[row.name] = domain
            self.registers[row.request_offset] = Register(
                f"forcewake request of {domain.name}", domain.demand, domain.request
            )
            self.registers[row.ack_offset] = Register(f"forcewake acknowledge of {domain.name}", domain.ack)
        return domains

    def _make_engines(self, make_engine: MakeEngine) -> dict[tuple[int, int], Engine]:
        """Make the engines, by class number and hardware instance; each forgets its TLB with its domain's power."""
        engines = {}
        for name, described in self._described:
            base = facts.engine_base(described.engine_class, described.instance, self._platform.graphics)
            powering = self._domains_of(base) if base is not None else ()
            engine = make_engine(name, powering[0] if powering else None)
            if powering:
                powering[0].forgets(engine.tlb.drop)
            engines[described.engine_class, described.instance] = engine
        return engines

    def _make_invalidation(self) -> None:
        """Make an invalidation register a class of engines, and a unit behind each of its bits in use."""
        for row in self._rows:
            if row.kind != "tlb_inv":
                continue
            served = {
                row.done_mask(instance): engine
                for (engine_class, instance), engine in self.engines.items()
                if facts.invalidation_register(row.table or "", engine_class, instance) == row
            }
            register = self._invalidation_register(row, sum(served))
            for bit, engine in served.items():
                unit = InvalidationUnit(
                    self._runtime,
                    engine.name,
                    register.requests,
                    bit,
                    engine.tlb,
                    self._behaviour,
                    latency=self._faults.latency_us.get(engine.name),
                    stuck=engine.name in self._faults.stuck_engines,
                )
                self.units.append(unit)

    def _make_oa(self, make_engine: MakeEngine) -> None:
        """Make the observation unit: no context switch and no engine's request drops its TLB, only its own register."""
        for row in self._rows:
            if row.kind == "tlb_inv_oa":
                self.oa = make_engine("oa", None)
                register = self._invalidation_register(row, 1)
                self.units.append(
                    InvalidationUnit(self._runtime, "oa", register.requests, 1, self.oa.tlb, self._behaviour)
                )

    def _place_reset(self) -> None:
        """Put the reset unit behind its register; that it also forgets the observation unit's TLB is a guess."""
        for engine in [*self.engines.values(), *([self.oa] if self.oa else [])]:
            self.reset.loses(engine.reset)
        for row in self._rows:
            if row.kind == "reset":
                self._place(row, self.reset.requests, self.reset.request)

    def _make_steering(self) -> McrSelector | None:
        """Make the steering of replicated registers, from 12.70 on; only the primary GT has such registers."""
        selector = None
        for row in self._rows:
            if row.name == "MTL_MCR_SELECTOR" and self._gt.type == "primary":
                selector = McrSelector(
                    self._runtime,
                    self.name,
                    row.field("MULTICAST").low,
                    multicast_at_start=self._behaviour.multicast_at_start,
                )
                self._place(row, selector.multicast, selector.select)
            elif row.name == "MTL_STEER_SEMAPHORE":
                self.registers[self._absolute(row)] = SteeringSemaphore(self._runtime, self.name)
        return selector

    def _invalidation_register(self, row: facts.Register, served: int) -> InvalidationRegister:
        register = InvalidationRegister(
            self._runtime,
            self._prefix + row.name,
            served,
            masked=row.masked and self._behaviour.masked_registers,
            selector=self.selector if row.mcr else None,
            reset=self.reset,
        )
        self.reset.drops(register.requests)
        self._place(row, register.requests, register.write)
        return register

    def _place(self, row: facts.Register, cell: Cell, on_write: Callable[[int], Awaitable[object]]) -> None:
        needs = self._domains_of(row.offset)
        self.registers[self._absolute(row)] = Register(row.name, cell, on_write, needs)

    def _domains_of(self, offset: int) -> tuple[ForcewakeDomain, ...]:
        """Return the domains that must be awake for a register; none where that is not recorded."""
        try:
            names = facts.domain_of(offset, self._platform, self._gt.type)
        except facts.NotRecorded:
            return ()
        return tuple(self.domains[name] for name in names if name in self.domains)

    def _absolute(self, row: facts.Register) -> int:
        return row.offset + self._gt.gsi_offset
