"""Small parts that the driver's tests put together: registers of a few lines, a bare GT, recorded events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gputlb import facts
from gputlb.driver import Gt, GtDescription, Tlb, scheme
from gputlb.runtime import DirectRuntime, PlainRegisters, Recorder, SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.driver.description import GtType
    from gputlb.runtime import Cell, Registers


class NoRegisters:
    """Registers that are all 0 and keep nothing."""

    def read(self, offset: int) -> int:
        del offset
        return 0

    def write(self, offset: int, value: int) -> None:
        """Take it."""


class Bar(NoRegisters):
    """Registers that keep a list of what was written, and acknowledge forcewake at once."""

    def __init__(self, domains: Iterable[facts.ForcewakeDomain] = ()) -> None:
        self.words: dict[int, int] = {}
        self.writes: list[tuple[int, int]] = []
        self.ack_of = {domain.request_offset: domain.ack_offset for domain in domains}
        self.silent: set[int] = set()
        """Acknowledge registers that never change."""

    def read(self, offset: int) -> int:
        return self.words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        self.writes.append((offset, value))
        ack = self.ack_of.get(offset)
        if ack is not None and ack not in self.silent:
            self.words[ack] = value & value >> 16


class Bench:
    """A GT over a `Bar` in a direct runtime with a stepped clock, all its events recorded."""

    def __init__(
        self,
        platform: str | GtDescription = "TGL",
        scheme_name: str = "mmio",
        gt_type: GtType = "primary",
        **gt: Any,
    ) -> None:
        self.runtime = DirectRuntime(clock=SteppedClock())
        self.recorder = Recorder(self.runtime.events)
        if isinstance(platform, str):
            platform = GtDescription.of(facts.platform(platform), gt_type)
        self.description = platform
        self.bar = Bar(self.description.forcewake)
        gt.setdefault("awake", [engine.name for engine in self.description.engines])
        self.gt = Gt(self.runtime, PlainRegisters(self.runtime, self.bar), self.description, **gt)
        self.tlb = Tlb(self.gt, scheme(scheme_name)(self.gt))

    def run(self, coroutine: Any) -> Any:
        return self.runtime.run(coroutine)

    def set_up(self) -> Bench:
        self.run(self.tlb.scheme.set_up())
        self.recorder.events.clear()
        return self

    def events(self, *kinds: str) -> list[tuple[Any, ...]]:
        """Return the events of these kinds so far, or of all: kind and values."""
        return [(event.kind, *event.values) for event in self.recorder if not kinds or event.kind in kinds]


def bare_tlb(runtime: DirectRuntime, registers: Registers, *, seqno: int = 0, scheme_name: str = "none") -> Tlb:
    gt = Gt(runtime, registers, GtDescription.of(facts.platform("TGL")), awake=["rcs0"])
    return Tlb(gt, scheme(scheme_name)(gt), seqno=seqno)


async def value_of(cell: Cell) -> int:
    return await cell.load()
