"""Registers around TLB invalidation: where they are, who has them, what a write must look like."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from gputlb.errors import did_you_mean
from gputlb.facts._engines import engine_class
from gputlb.facts._errors import UnknownRegister
from gputlb.facts._read import Version, VersionRange, read_records

if TYPE_CHECKING:
    from collections.abc import Mapping

GSI_END = 0x40000
"""Offsets below this get the `gsi_offset` of a media GT added."""


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some neighbouring bits of a register."""

    name: str
    high: int
    """The highest bit, 31 at most."""
    low: int
    """The lowest bit."""

    @property
    def mask(self) -> int:
        """All bits of the field, in their place: 0x80000000 for bit 31."""
        return ((1 << (self.high - self.low + 1)) - 1) << self.low

    def __str__(self) -> str:
        return (
            f"{self.name}[{self.high}]" if self.high == self.low else f"{self.name}[{self.high}:{self.low}]"
        )


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A 32-bit register."""

    name: str
    """The kernel's name."""
    offset: int
    """Bytes into the register BAR; on a media GT before its `gsi_offset` is added."""
    kind: Literal[
        "tlb_inv", "tlb_inv_guc", "tlb_inv_oa", "tlb_inv_range", "tlb_inv_ggtt",
        "forcewake_req", "forcewake_ack", "engine_base", "fault", "mcr_ctl", "reset", "fuse", "gt_offset",
    ]  # fmt: skip
    """What it is for; `tlb_inv` are those that a full flush writes, one an engine class."""
    versions: tuple[VersionRange, ...]
    """The versions that have it, on `version_axis`."""
    source: str
    """Where the row was read."""
    version_axis: Literal["graphics", "media"] = "graphics"
    engine_class: int | None = None
    """i915's number of the class it serves; None where it serves none or all."""
    instance: int | None = None
    """The hardware instance it serves; None where one register serves all instances of the class."""
    bit: int | None = None
    """The bit that asks for a flush, where that is not the one numbered like the hardware instance."""
    unit: str | None = None
    """What it serves where that is no engine class: `guc_ggtt`, `oa`, `ggtt`, `mert`, `all`."""
    table: Literal["gen8", "gen12", "xehp", "xelpmp"] | None = None
    """The table of a `tlb_inv` register, see `invalidation_registers()`."""
    domain: str | None = None
    """The forcewake domain that a `forcewake_req` or `forcewake_ack` register wakes or reports."""
    platforms: tuple[str, ...] = ()
    """Kernel names of the only platforms that have it; empty where the version alone decides."""
    gt: Literal["primary", "media"] | None = None
    """The only type of GT that has it; None where both have."""
    masked: bool = False
    """Bits 31:16 enable the writing of bits 15:0; a write without them changes nothing."""
    mcr: bool = False
    """There are several copies behind one offset: writes go to all of them, reads are steered to one."""
    fields: tuple[Field, ...] = ()
    note: str = ""

    def field(self, name: str) -> Field:
        """Return a field by name.

        Raises: `UnknownRegister` if this register has none of that name.
        """
        for field in self.fields:
            if field.name == name:
                return field
        known = [field.name for field in self.fields]
        raise UnknownRegister(f"register {self.name} has no field {name}{did_you_mean(name, known)}")

    def done_mask(self, instance: int) -> int:
        """Return the bit that reads 0 once the engine of this hardware instance has dropped its TLB."""
        return 1 << (instance if self.bit is None else self.bit)

    def request(self, instance: int) -> int:
        """Return what to write in order to drop that TLB: the bit, in both halves if the register is masked.

        This is what mainline writes from Linux 6.2 on; the 2022 patch writes the lower half alone.
        """
        bit = self.done_mask(instance)
        return bit << 16 | bit if self.masked else bit

    def __str__(self) -> str:
        return f"{self.name}[0x{self.offset:x}]"


@cache
def registers() -> tuple[Register, ...]:
    """Return every register row."""
    return read_records("registers.json", Register, _prepared)


def register_named(name: str) -> Register:
    """Return the register with the kernel's name, case ignored.

    Raises: `UnknownRegister`, naming the nearest known.
    """
    row = _by_name().get(name.upper())
    if row is None:
        raise UnknownRegister(f'register "{name}" is unknown{did_you_mean(name, _by_name())}')
    return row


def register_applies(row: Register, *, graphics: Version, media: Version, kernel: str = "") -> bool:
    """Tell whether a platform of these versions, and of this kernel name, can have a register."""
    version = media if row.version_axis == "media" else graphics
    return any(version in versions for versions in row.versions) and (
        not row.platforms or kernel in row.platforms
    )


@cache
def invalidation_rows(table: str) -> Mapping[int, Register]:
    """Return the registers of one table by engine class number.

    `gen8`'s video decode is GEN8_M1TCR; GEN8_M2TCR, for instance 1, is to be had by name.
    Raises: `UnknownRegister` for a table that does not exist.
    """
    rows = {
        row.engine_class: row
        for row in registers()
        if row.table == table and row.engine_class is not None and row.instance is None
    }
    if not rows:
        tables = sorted({row.table for row in registers() if row.table})
        raise UnknownRegister(
            f'invalidation register table "{table}" is unknown{did_you_mean(table, tables)}; '
            f"the tables are {', '.join(tables)}"
        )
    return MappingProxyType(rows)


@cache
def invalidation_register(table: str, number: int, instance: int) -> Register | None:
    """Return the register that mainline writes for an engine (class number, hardware instance).

    None where the table lacks the class. `Register.request()` and `Register.done_mask()` say what is written
    there and waited for. Raises: `UnknownRegister` for a table that does not exist.
    """
    for row in registers():
        if (row.table, row.engine_class, row.instance) == (table, number, instance):
            return row
    return invalidation_rows(table).get(number)


@cache
def invalidation_registers(table: str) -> Mapping[int, int]:
    """Return the register offsets of one table (`gen8`, `gen12`, `xehp`, `xelpmp`) by engine class number.

    A class that the table lacks is absent. See `invalidation_rows()` for masks, replication and errors.
    """
    return MappingProxyType({number: row.offset for number, row in invalidation_rows(table).items()})


@cache
def engine_base(number: int, instance: int, graphics: Version) -> int | None:
    """Return the register base of an engine (class number, hardware instance), or None if not recorded."""
    for row in registers():
        if (
            row.kind == "engine_base"
            and (row.engine_class, row.instance) == (number, instance)
            and any(graphics in versions for versions in row.versions)
        ):
            return row.offset
    return None


def _prepared(row: dict[str, Any]) -> dict[str, Any]:
    if "engine_class" in row:
        row["engine_class"] = engine_class(row["engine_class"]).number
    bits = {name: text.split(":") for name, text in row.get("fields", {}).items()}
    row["fields"] = [
        {"name": name, "high": int(ends[0]), "low": int(ends[-1])} for name, ends in bits.items()
    ]
    return row


@cache
def _by_name() -> dict[str, Register]:
    return {row.name.upper(): row for row in registers()}
