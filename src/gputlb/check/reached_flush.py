"""The property that a flush which is counted has really reached every engine that was awake throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gputlb.check.goals import WATCHED

if TYPE_CHECKING:
    from gputlb.check.checked_runtime import CheckedRuntime
    from gputlb.check.replayed_runtime import ReplayedRuntime
    from gputlb.device import Engine as HardwareEngine
    from gputlb.device import VirtualGpu
    from gputlb.driver import Engine, Gt, Scheme, Tlb
    from gputlb.runtime import Cell

FLUSHED = "flushed"
"""The event of a scheme that has come to the end of its flush."""


class FlushReaches:
    """Watches one GT's flushes: each engine's TLB must have been dropped between a flush's beginning and its counting.

    The beginning is where the lock has been taken. An engine that runs nothing there, or when the flush is counted, is
    left out: before it runs anything it drops its TLB itself.
    """

    def __init__(self, runtime: CheckedRuntime | ReplayedRuntime, gt: Gt, gpu: VirtualGpu) -> None:
        self._runtime = runtime
        self._watched: list[tuple[Engine, HardwareEngine, Cell, Cell]] = [
            (
                engine,
                gpu.engines[engine.name],
                runtime.cell(f"{engine.name}.dropped", 1),
                runtime.cell(f"{engine.name}.running", 1),
            )
            for engine in gt.engines
        ]
        for _, hardware, dropped, _ in self._watched:
            drop = hardware.tlb.drop

            async def note_drop(*, cancel_walks: bool = True, drop: Any = drop, dropped: Cell = dropped) -> None:
                await drop(cancel_walks=cancel_walks)
                await dropped.store(1)

            hardware.tlb.drop = note_drop  # type: ignore[method-assign]

    def watched(self, kind: type[Tlb]) -> type[Tlb]:
        """Return a class of the same invalidation whose flushes are watched, whatever it does first."""
        watch, runtime = self, self._runtime

        class Watched(kind):  # type: ignore[misc, valid-type]
            def __init__(self, gt: Gt, scheme: Scheme) -> None:
                super().__init__(gt, scheme)
                flush = scheme.flush

                async def noted_flush() -> None:
                    await flush()
                    runtime.emit(FLUSHED)

                scheme.flush = noted_flush  # type: ignore[method-assign]

            async def flush_and_count(self) -> None:
                await watch._begin()
                await super().flush_and_count()

            async def count(self) -> None:
                async with runtime.atomic():
                    await watch._check()
                    await super().count()

        return Watched

    async def _begin(self) -> None:
        async with self._runtime.atomic():
            for _, hardware, dropped, awake in self._watched:
                await awake.store(int(await hardware.contexts.load() > 0))
                await dropped.store(0)

    async def _check(self) -> None:
        for engine, hardware, dropped, awake in self._watched:
            if await awake.load() and await hardware.contexts.load() > 0:
                self._runtime.note(WATCHED)
                self._runtime.require(
                    await dropped.load() == 1,
                    f"a flush was counted that had not reached {engine.name}",
                    engine=engine.name,
                )
            await awake.store(0)  # what is not looked at again must not tell states apart
            await dropped.store(0)
