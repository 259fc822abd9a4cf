"""Register accesses in a trace, by name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gputlb import facts

if TYPE_CHECKING:
    from gputlb.diagnose.traces._text import TraceLine

MOST_REGISTERS = 10_000
ENGINE_WINDOW_BYTES = 0x1000
"""How far above an engine's base its own registers reach."""

_ACCESS = re.compile(
    r"(?:dev=(?P<dev>[^,\s]+),\s*)?(?P<way>write|read) reg=0x(?P<reg>[0-9a-f]+), len=(?P<len>\d+), "
    r"val=\(0x(?P<low>[0-9a-f]+), 0x(?P<high>[0-9a-f]+)\)"
)


class Access(NamedTuple):
    """One read or write of a register."""

    write: bool
    offset: int
    value: int
    size_bytes: int
    device: str | None
    time: float
    line: int


class RegisterCount(msgspec.Struct):
    """How often a register was accessed."""

    offset: int
    name: str
    purpose: str
    """`forcewake request`, `TLB invalidation`, `reset` and so on; empty for registers not in the table."""
    engine: str | None
    reads: int = 0
    writes: int = 0


_PURPOSES = {
    "tlb_inv": "TLB invalidation",
    "tlb_inv_guc": "TLB invalidation (firmware)",
    "tlb_inv_oa": "TLB invalidation (observation unit)",
    "tlb_inv_range": "TLB invalidation (range)",
    "tlb_inv_ggtt": "TLB invalidation (global table)",
    "forcewake_req": "forcewake request",
    "forcewake_ack": "forcewake acknowledge",
    "engine_base": "engine",
    "fault": "TLB fault",
    "mcr_ctl": "steering",
    "reset": "reset",
    "fuse": "fuses",
}


def access_in(event: TraceLine) -> Access | None:
    """Return the access that a register event reports, or None where its text has an unknown shape."""
    read = _access_in(event.fields)
    return None if read is None else Access(*read, event.time, event.line)


@lru_cache(maxsize=16_384)
def _access_in(fields: str) -> tuple[bool, int, int, int, str | None] | None:
    # Polls and forcewake requests repeat themselves to the letter.
    found = _ACCESS.search(fields)
    if found is None:
        return None
    device, way, offset, size, low, high = found.groups()
    value = int(low, 16) | int(high, 16) << 32
    return way == "write", int(offset, 16), value, int(size), device


class Named(NamedTuple):
    """What lies at an offset."""

    register: facts.Register | None
    name: str
    purpose: str
    engine: str | None


@lru_cache(maxsize=16_384)
def named(offset: int, platform: facts.Platform | None) -> Named:
    """Return the register or engine at an offset; on an unknown platform the oldest that has one there."""
    register = facts.register_at(offset, platform)
    if register is not None and register.kind != "engine_base":
        engine = facts.engine(register.engine_class, register.instance).name if (
            register.engine_class is not None and register.instance is not None
        ) else None  # fmt: skip
        return Named(register, register.name, _PURPOSES.get(register.kind, ""), engine)
    engines = _engines_at(offset, platform)
    if engines:
        base, names = engines
        within = offset - base
        return Named(None, f"{names} base" if within == 0 else f"{names}+0x{within:x}", "engine", names)
    return Named(None, f"0x{offset:x}", "", None)


def _engines_at(offset: int, platform: facts.Platform | None) -> tuple[int, str] | None:
    rows = facts.registers() if platform is None else facts.registers_for(platform)
    here = [
        row for row in rows if row.kind == "engine_base" and row.offset <= offset < row.offset + ENGINE_WINDOW_BYTES
    ]
    names = dict.fromkeys(
        facts.engine(row.engine_class, row.instance).name
        for row in here
        if row.engine_class is not None and row.instance is not None
    )
    return (here[0].offset, " or ".join(names)) if names else None


class RegisterReader:
    """Counts accesses by register.

    Attributes:
        accesses: how many events there were.
        tlb_writes: writes to TLB invalidation registers.
    """

    def __init__(self, platform: facts.Platform | None) -> None:
        self._platform = platform
        self._seen: dict[int, tuple[Named, RegisterCount]] = {}
        self.accesses = 0
        self.tlb_writes = 0
        self.resets: list[str] = []
        self.forcewake: dict[str, dict[str, int]] = {}

    def read(self, access: Access) -> Named:
        """Take an access; return what it touched."""
        self.accesses += 1
        seen = self._seen.get(access.offset)
        what, count = seen if seen is not None else self._first_seen(access.offset)
        if count is not None:
            if access.write:
                count.writes += 1
            else:
                count.reads += 1
        if access.write and what.register is not None:
            self._decode_write(access, what.register)
        return what

    def _first_seen(self, offset: int) -> tuple[Named, RegisterCount | None]:
        what = named(offset, self._platform)
        if len(self._seen) >= MOST_REGISTERS:
            return what, None
        count = RegisterCount(offset, what.name, what.purpose, what.engine)
        self._seen[offset] = (what, count)
        return what, count

    def _decode_write(self, access: Access, register: facts.Register) -> None:
        if register.kind.startswith("tlb_inv"):
            self.tlb_writes += 1
        elif register.kind == "reset" and access.value:
            if len(self.resets) < 100:
                self.resets.append(f"{access.time:.6f}: {register.name} = 0x{access.value:x} (line {access.line})")
        elif register.kind == "forcewake_req" and register.domain:
            domain = self.forcewake.setdefault(register.domain, {"requests": 0, "releases": 0})
            mask, value = access.value >> 16 & 0xFFFF, access.value & 0xFFFF
            domain["requests" if mask & value else "releases"] += 1

    def counts(self) -> list[RegisterCount]:
        """Return the registers, most accessed first."""
        counts = [count for _, count in self._seen.values()]
        return sorted(counts, key=lambda count: -(count.reads + count.writes))
