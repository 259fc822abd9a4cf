"""An engine, as the driver knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.driver.power import EnginePower

if TYPE_CHECKING:
    from gputlb.driver.description import EngineDescription
    from gputlb.runtime import Runtime


class Engine:
    """An engine: a name, a place among the others, and whether it is awake."""

    __slots__ = ("_runtime", "engine_class", "id", "instance", "mask", "name", "pm")

    def __init__(self, runtime: Runtime, description: EngineDescription, gt_name: str, *, awake: bool = False) -> None:
        self._runtime = runtime
        self.name = description.name
        self.engine_class = description.engine_class
        self.instance = description.instance
        self.id = description.id
        self.mask = 1 << self.id
        self.pm = EnginePower(runtime, f"{gt_name}.{self.name}", references=int(awake))

    async def is_awake(self) -> bool:
        """Return whether the engine is awake, at this moment."""
        awake = await self.pm.count.load() > 0
        if self._runtime.events.observers:
            self._runtime.emit("engine_awake", self.name, awake)
        return awake

    def __repr__(self) -> str:
        return f"<Engine {self.name} class {self.engine_class} instance {self.instance}>"
