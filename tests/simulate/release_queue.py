"""A bare queue of releases: nothing but unbinding and releasing, at random times, on a machine that stays awake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.runtime import Constant, Duration, Exponential

if TYPE_CHECKING:
    from gputlb.driver import Vma
    from gputlb.simulate import Machine


@dataclass(frozen=True, slots=True)
class ReleaseQueue:
    """An open queue: `rate_per_s` objects a second, at Poisson times, are unbound and released at once.

    All forcewake domains are held awake, and the engines named are awake without running anything, so that a flush
    asks exactly them and pays for nothing but their units.
    """

    name: ClassVar[str] = "bare releases"
    summary: ClassVar[str] = "unbind and release at random times, nothing else"

    rate_per_s: float
    engines: tuple[str, ...] = ("rcs0",)
    places: int = 200
    clients: int = 1
    pace: Duration = Constant(1.0)

    @property
    def virtual_pages(self) -> int:
        return self.places

    @property
    def physical_pages(self) -> int:
        return self.places

    def start(self, machine: Machine) -> None:
        runtime = machine.runtime
        free: list[Vma] = []
        between = Exponential(1e6 / self.rate_per_s)
        made = 0

        async def keep_awake() -> None:
            for gt in machine.gts:
                await gt.pm.get()
                for engine in gt.engines:
                    if engine.name in self.engines:
                        await engine.pm.get()
                await gt.uncore.forcewake_get("ALL")
            runtime.agent("arrivals", arrive, forever=True)

        async def arrive() -> None:
            nonlocal made
            await runtime.sleep(between)
            if not free:
                free.append(machine.new_object(f"object{made}", made, 1))
                made += 1
            vma = free.pop()
            await machine.bind(vma)
            await vma.unbind()

            async def release() -> None:
                begun_ns = runtime.now_ns
                runtime.emit("begin", "release")
                await vma.gem_object.release_pages()
                runtime.emit("end", "release")
                runtime.emit("release", runtime.now_ns - begun_ns)
                free.append(vma)

            runtime.agent("release", release)

        runtime.agent("keep awake", keep_awake)
