"""The property that a flush which was counted has really reached every engine that was awake throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gputlb.device import Engine as HardwareEngine
    from gputlb.device import VirtualGpu
    from gputlb.driver import Engine, Gt, Tlb
    from gputlb.runtime import Cell, Runtime


class FlushReaches:
    """Watches one GT's flushes: each engine's TLB must have been dropped between a flush's beginning and end.

    An engine that slept at either end is left out: who wakes up drops its TLB itself.
    """

    def __init__(self, runtime: Runtime, gt: Gt, tlb: Tlb, gpu: VirtualGpu) -> None:
        self._runtime = runtime
        self._tlb = tlb
        self._watched: list[tuple[Engine, HardwareEngine, Cell]] = [
            (engine, gpu.engines[engine.name], runtime.cell(f"{engine.name}.dropped", 1)) for engine in gt.engines
        ]

    def watch(self) -> None:
        """Put the watch around the scheme's flush and the engines' TLBs."""
        for _, hardware, dropped in self._watched:
            drop = hardware.tlb.drop

            async def note_drop(*, cancel_walks: bool = True, drop=drop, dropped=dropped) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
                await drop(cancel_walks=cancel_walks)
                await dropped.store(1)

            hardware.tlb.drop = note_drop  # type: ignore[method-assign]
        flush = self._tlb.scheme.flush

        async def watched_flush() -> None:
            awake = []
            async with self._runtime.atomic():
                for engine, _, dropped in self._watched:
                    awake.append(await engine.pm.count.load() > 0)
                    await dropped.store(0)
            await flush()
            async with self._runtime.atomic():
                for was_awake, (engine, _, dropped) in zip(awake, self._watched, strict=True):
                    if was_awake and await engine.pm.count.load() > 0:
                        self._runtime.require(
                            await dropped.load() == 1,
                            f"a flush was counted that had not reached {engine.name}",
                            engine=engine.name,
                        )

        self._tlb.scheme.flush = watched_flush  # type: ignore[method-assign]
