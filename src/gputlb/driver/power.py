"""Power references: who keeps the GT and its engines awake."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gputlb.runtime import Runtime

_COUNT_BITS = 16


def _one_more(count: int) -> int:
    return count + 1


def _one_more_if_awake(count: int) -> int:
    return count + 1 if count else 0


def _one_less(count: int) -> int:
    return count - 1


class EnginePower:
    """The power references of one engine; awake while there is one."""

    __slots__ = ("count",)

    def __init__(self, runtime: Runtime, name: str, *, references: int = 0) -> None:
        self.count = runtime.cell(f"{name}.wakeref", _COUNT_BITS, references)

    async def is_awake(self) -> bool:
        """Return whether somebody holds a reference (`intel_engine_pm_is_awake`)."""
        return await self.count.load() > 0

    async def get(self) -> bool:
        """Take a reference, waking the engine if need be; return whether this one woke it."""
        return await self.count.update(_one_more) == 0

    async def put(self) -> bool:
        """Give a reference back; return whether the engine may park now."""
        return await self.count.update(_one_less) == 1


class GtPower:
    """The power references of a GT.

    A flush must not wake a sleeping GT: what sleeps has lost its TLBs. Hence `if_awake`.
    """

    __slots__ = ("_observers", "_runtime", "count")

    def __init__(self, runtime: Runtime, name: str, *, references: int = 0) -> None:
        self._runtime = runtime
        self._observers = runtime.events.observers
        self.count = runtime.cell(f"{name}.wakeref", _COUNT_BITS, references)

    async def get(self) -> bool:
        """Take a reference, waking the GT if need be; return whether this one woke it."""
        return await self.count.update(_one_more) == 0

    async def put(self) -> bool:
        """Give a reference back; return whether the GT may park now."""
        return await self.count.update(_one_less) == 1

    def if_awake(self) -> IfAwake:
        """Hold a reference for the time of an `async with`, unless the GT sleeps: its target says which.

        Source: `with_intel_gt_pm_if_awake`; the put is the asynchronous one, so parking is left to others.
        """
        return IfAwake(self)

    async def get_if_awake(self) -> bool:
        """Take a reference only if somebody holds one already; return whether it was got."""
        awake = await self.count.update(_one_more_if_awake) > 0
        if self._observers:
            self._runtime.emit("pm_get_if_awake", awake)
        return awake

    async def put_async(self) -> None:
        """Give a reference back without waiting for the GT to park."""
        await self.count.update(_one_less)
        if self._observers:
            self._runtime.emit("pm_put")


class IfAwake:
    """The context of `GtPower.if_awake`."""

    __slots__ = ("_awake", "_power")

    def __init__(self, power: GtPower) -> None:
        self._power = power
        self._awake = False

    async def __aenter__(self) -> bool:
        self._awake = awake = await self._power.get_if_awake()
        return awake

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        if self._awake:
            await self._power.put_async()
