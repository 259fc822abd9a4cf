"""Registers that the user supplies: any object with `read` and `write`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gputlb.runtime._waiting import SPINNING

if TYPE_CHECKING:
    from gputlb.runtime._direct import DirectRuntime
    from gputlb.runtime._waiting import How


class ReadWrite(Protocol):
    """What the user's registers must offer, both at once and without `async`."""

    def read(self, offset: int, /) -> int:
        """Return the 32-bit register at byte `offset`."""

    def write(self, offset: int, value: int, /) -> object:
        """Write the 32-bit register at byte `offset`."""


class PlainRegisters:
    """The user's `read` and `write`, as `Registers` for a driver in a `DirectRuntime`."""

    __slots__ = ("_read", "_runtime", "_write")

    def __init__(self, runtime: DirectRuntime, target: ReadWrite) -> None:
        self._runtime = runtime
        self._read = target.read
        self._write = target.write

    async def read(self, offset: int) -> int:
        """Return the register's value."""
        return self._read(offset)

    async def write(self, offset: int, value: int) -> None:
        """Write the register."""
        self._write(offset, value)

    async def until(self, offset: int, mask: int, value: int, timeout_us: float, how: How) -> bool:
        """Read the register until `register & mask == value`, pausing as `how` says; False after `timeout_us`."""
        read = self._read
        if how is not SPINNING:
            return self._runtime.look_until(lambda: read(offset) & mask == value, timeout_us, how)
        return read(offset) & mask == value or self._runtime.look_again_until(
            lambda: read(offset) & mask == value, timeout_us, how
        )
