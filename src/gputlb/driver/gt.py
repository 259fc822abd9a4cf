"""The GT: engines, power, registers, and the state that says whether there is hardware to talk to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gputlb.driver.engine import Engine
from gputlb.driver.mcr import Steering
from gputlb.driver.power import GtPower
from gputlb.driver.uncore import Uncore

if TYPE_CHECKING:
    from collections.abc import Collection

    from gputlb.driver.description import EngineDescription, GtDescription
    from gputlb.runtime import Registers, Runtime


class GucInterface(Protocol):
    """What a flush asks of the GuC firmware."""

    async def is_ready(self) -> bool:
        """Return whether the firmware takes messages (`intel_guc_is_ready`)."""

    async def invalidate_engines(self) -> None:
        """Have the firmware drop all engines' TLBs, and wait for its answer (`intel_guc_invalidate_tlb_engines`)."""


def _set(_value: int) -> int:
    return 1


class Once:
    """A place that speaks up only the first time (`drm_WARN_ONCE`)."""

    __slots__ = ("_spoken",)

    def __init__(self, runtime: Runtime, name: str) -> None:
        self._spoken = runtime.cell(name, 1)

    async def first(self) -> bool:
        """Return whether this is the first time."""
        return await self._spoken.update(_set) == 0


class Gt:
    """A GT of a GPU, or a mock of one.

    Args:
        runtime: what an `await` means here.
        registers: where its BAR is.
        description: versions, engines and domains.
        awake: the engines that are awake from the start, by name or description (names may repeat); the GT then
            is awake, too.
        pm_references: power references on the GT from the start; default 1 if any engine is awake.
        mock: no device is behind it (its awake field is -ENODEV in selftests).
        wedged: the GT has been given up.
        uncore: register access, made from `registers` and the description unless given.
        guc: the firmware, for schemes that talk to it.

    """

    def __init__(
        self,
        runtime: Runtime,
        registers: Registers,
        description: GtDescription,
        *,
        awake: Collection[str | EngineDescription] = (),
        pm_references: int | None = None,
        mock: bool = False,
        wedged: bool = False,
        uncore: Uncore | None = None,
        guc: GucInterface | None = None,
    ) -> None:
        name = f"gt{description.gt_id}"
        self.runtime = runtime
        self.description = description
        self.id = description.gt_id
        self.name = name
        self.mock = mock
        self.guc = guc
        self.engines = tuple(
            Engine(runtime, engine, name, awake=engine.name in awake or engine in awake)
            for engine in sorted(description.engines, key=lambda engine: engine.id)
        )
        references = pm_references if pm_references is not None else int(bool(awake))
        self.pm = GtPower(runtime, name, references=references)
        self.wedged = runtime.cell(f"{name}.wedged", 1, int(wedged))
        self.uncore = uncore or Uncore(
            runtime, registers, prefix=name, domains=description.forcewake, gsi_offset=description.gsi_offset
        )
        self.steering = Steering(runtime, self.uncore, description.graphics, description.gt_id)

    def engine(self, name: str) -> Engine:
        """Return the engine of that name; `KeyError` if the GT has none."""
        for engine in self.engines:
            if engine.name == name:
                return engine
        raise KeyError(name)

    async def is_wedged(self) -> bool:
        """Return whether the GT has been given up (`intel_gt_is_wedged`)."""
        return await self.wedged.load() != 0

    def trace(self, text: str) -> None:
        """Write a trace line (`GT_TRACE`); nothing is built unless somebody listens."""
        self.runtime.emit("trace", text)

    def error(self, text: str) -> None:
        """Write a rate-limited error line (`drm_err_ratelimited`): the limit is the kernel log's, see `KernelLog`."""
        self.runtime.emit("err", text)

    async def warn_once(self, place: Once, text: str) -> None:
        """Write a warning the first time that `place` is reached (`drm_WARN_ONCE`)."""
        if await place.first():
            self.runtime.emit("warn", text)

    def __repr__(self) -> str:
        return f"<Gt {self.name} of {self.description.platform}, engines {', '.join(e.name for e in self.engines)}>"
