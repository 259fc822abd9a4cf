"""A virtual GPU on a test bench: fixed latencies, engines that act only when they are told to, one tester."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from gputlb import facts
from gputlb.device import Behaviour, Engine, SystemMemory, VirtualGpu
from gputlb.runtime import SPINNING, Constant, Recorder, SimulatedRuntime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from gputlb.device import Fault
    from gputlb.facts import Platform

T = TypeVar("T")

KERNEL = 1
"""The forcewake bit that i915 asks by."""
INVALIDATION_US, WALK_US, WAKE_US, RESET_US, IDLE_US = 40, 1, 20, 200, 50
FIXED: dict[str, Any] = {
    "invalidation_latency": Constant(INVALIDATION_US),
    "walk_latency": Constant(WALK_US),
    "wake_latency": Constant(WAKE_US),
    "reset_latency": Constant(RESET_US),
    "idle_before_sleep_us": IDLE_US,
}
NEVER = Constant(1e9)


class Rig:
    """A GPU of some platform, with a page table of 8 entries and a memory of 8 pages."""

    def __init__(
        self, platform: str | Platform = "tigerlake", *, faults: Iterable[Fault] = (), **behaviour: Any
    ) -> None:
        self.platform = facts.platform(platform) if isinstance(platform, str) else platform
        self.runtime = SimulatedRuntime(seed=0, stop_at_violation=False)
        self.page_table = tuple(self.runtime.cell(f"pte{index}", 64) for index in range(8))
        self.memory = SystemMemory(self.runtime, 8)
        self.gpu = VirtualGpu(
            self.runtime,
            self.platform,
            self.page_table,
            self.memory,
            behaviour=Behaviour(**{**FIXED, **behaviour}),
            faults=faults,
            pace=NEVER,
        )
        self.registers = self.gpu.registers
        self.recorder = Recorder(self.runtime.events)
        self.gpu.start()

    def do(self, awaitable: Awaitable[T]) -> T:
        """Have the tester await `awaitable` while the GPU acts; return its result, at most 1 µs after it is there."""
        results: list[T] = []

        async def body() -> None:
            results.append(await awaitable)

        self.runtime.agent("tester", body)
        self.wait(0)
        while not results:
            self.wait(1)
        return results[0]

    def wait(self, us: float) -> None:
        """Let the GPU act for some time."""
        self.runtime.run(until_us=self.now_us + us)

    @property
    def now_us(self) -> float:
        return self.runtime.now_ns / 1000

    def engine(self, name: str = "rcs0") -> Engine:
        return self.gpu.engines[name]

    def map(self, virtual_page: int, tenant: int = 1) -> int:
        """Lend a page to `tenant`, map it, and return its number."""

        async def steps() -> int:
            (page,) = await self.memory.lend(1, tenant)
            await self.page_table[virtual_page].store(facts.pte_layout().entry(page, tenant))
            return page

        return self.do(steps())

    def unmap(self, virtual_page: int, page: int) -> None:
        """Clear the entry and give the page back: what a driver must not do before it has flushed."""

        async def steps() -> None:
            await self.page_table[virtual_page].store(0)
            await self.memory.take_back([page])

        self.do(steps())

    def run_context(self, *names: str) -> None:
        """Put a context on each engine named."""
        for name in names:
            self.do(self.engine(name).start_context())

    def touch(self, virtual_page: int, engine: str = "rcs0") -> int:
        """Have an engine reach for a page; return how many stale accesses that made."""
        before = self.runtime.violations
        self.do(self.engine(engine).touch(virtual_page))
        return self.runtime.violations - before

    def keeps(self, virtual_page: int, engine: str = "rcs0") -> bool:
        """Tell whether an engine has kept a translation."""
        return self.do(self.engine(engine).tlb.look_up(virtual_page)) != 0

    def write(self, offset: int, value: int) -> None:
        self.do(self.registers.write(offset, value))

    def read(self, offset: int) -> int:
        return self.do(self.registers.read(offset))

    def until(self, offset: int, mask: int, value: int, timeout_us: float) -> bool:
        return self.do(self.registers.until(offset, mask, value, timeout_us, SPINNING))

    def wake(self, gt_type: str = "primary") -> None:
        """Hold every domain of a GT awake, as i915 does around a flush."""
        for domain in facts.forcewake_domains(self.platform, gt_type=gt_type):  # type: ignore[arg-type]
            self.write(domain.request_offset, KERNEL << 16 | KERNEL)
            assert self.until(domain.ack_offset, KERNEL, KERNEL, 1000)

    def flush(self, offset: int, value: int, done: int) -> bool:
        """Request an invalidation and wait for it; return whether the bit cleared within 1 ms."""
        self.write(offset, value)
        return self.until(offset, done, 0, 1000)

    def events(self, *kinds: str) -> list[tuple[object, ...]]:
        """Return the kinds and values of all such events so far."""
        return [(event.kind, *event.values) for event in self.recorder if event.kind in kinds]
