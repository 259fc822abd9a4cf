"""An engine, as the driver knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.driver.power import EnginePower

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from gputlb.driver.description import EngineDescription
    from gputlb.runtime import Runtime


class Engine:
    """An engine: a name, a place among the others, and whether it is awake."""

    __slots__ = ("_observers", "_runtime", "engine_class", "id", "instance", "mask", "name", "pm")

    def __init__(self, runtime: Runtime, description: EngineDescription, gt_name: str, *, awake: bool = False) -> None:
        self._runtime = runtime
        self._observers = runtime.events.observers
        self.name = description.name
        self.engine_class = description.engine_class
        self.instance = description.instance
        self.id = description.id
        self.mask = 1 << self.id
        self.pm = EnginePower(runtime, f"{gt_name}.{self.name}", references=int(awake))

    def wakerefs(self) -> Awaitable[int]:
        """Return how many keep the engine awake, at this moment: 0 if it sleeps (`intel_engine_pm_is_awake`)."""
        return self._noted_wakerefs() if self._observers else self.pm.count.load()

    async def _noted_wakerefs(self) -> int:
        references = await self.pm.count.load()
        self._runtime.emit("engine_awake", self.name, references > 0)
        return references

    def __repr__(self) -> str:
        return f"<Engine {self.name} class {self.engine_class} instance {self.instance}>"
