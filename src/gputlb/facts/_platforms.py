"""Platforms: which parts there are, what is in them, and how mainline drops their TLBs."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

import msgspec

from gputlb.errors import did_you_mean
from gputlb.facts._engines import Engine, engine_named
from gputlb.facts._errors import UnknownPlatform
from gputlb.facts._read import Version, VersionRange, read_records

INTEL = 0x8086


class Gt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A GT: engines that share one set of registers, one invalidation lock and one sequence number."""

    id: int
    """Its number, as in `GT0:`."""
    type: Literal["primary", "media"]
    """A media GT stands alone only from graphics 12.70 on; before, GT0 has the media engines too."""
    engines: tuple[Engine, ...]
    """By engine id. What the platform can have; fuses may remove some."""
    gsi_offset: int
    """Bytes that the driver adds to register offsets below 0x40000 of this GT."""
    register_table: Literal["gen8", "gen12", "xehp", "xelpmp"] | None = None
    """The table that `invalidation_registers()` knows; None where no such registers are recorded (xe)."""


class Platform(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A platform, or one of its variants, as a driver tells them apart."""

    kernel: str
    """The kernel's name: `TIGERLAKE`. Several rows may share one."""
    short: str
    """The usual abbreviation: `TGL`."""
    codename: str
    """The marketing-free name: `Tiger Lake`."""
    variant: str
    """Which of the rows with the same kernel name this is."""
    driver: Literal["i915", "xe"]
    """The driver whose description the row was read from."""
    graphics: Version
    media: Version
    is_dgfx: bool
    """A discrete card, with memory of its own."""
    wa_2207587034: bool
    """The OA unit's TLB must be dropped too, by one more register write."""
    tlb_path: Literal["mmio_gen8", "mmio_gen12", "mmio_xehp_mcr", "guc_ct", "guc_ct_xe"]
    """How the driver drops all engine TLBs today: by register, or by message to the GuC."""
    gts: tuple[Gt, ...]
    pci_ids: tuple[int, ...]
    """Device ids under vendor 0x8086."""
    pci_id_macros: tuple[str, ...]
    """The kernel macros that list these ids."""
    source: str
    aliases: tuple[str, ...] = ()
    """Further names that `platform()` accepts."""
    engines_xe: tuple[Engine, ...] = ()
    """The engines that xe exposes, where they differ from i915's."""
    note: str = ""

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The engines of all GTs, by engine id."""
        return tuple(
            sorted((engine for gt in self.gts for engine in gt.engines), key=lambda engine: engine.id)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that finds this row."""
        return (self.kernel, self.short, self.codename, *self.aliases)

    def gt(self, gt_type: Literal["primary", "media"]) -> Gt | None:
        """Return the GT of this type, or None where the platform has none."""
        return next((gt for gt in self.gts if gt.type == gt_type), None)

    def __str__(self) -> str:
        return f"{self.kernel} ({self.short}, {self.graphics})"


class OlderPlatform(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A platform from before graphics version 8, which has no TLB invalidation registers."""

    kernel: str
    graphics: Version
    source: str


class MmioBar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the register BAR a driver maps."""

    is_dgfx: bool
    versions: tuple[VersionRange, ...]
    """Graphics versions."""
    size_bytes: int
    source: str


@cache
def platforms() -> tuple[Platform, ...]:
    """Return every platform row, oldest first."""
    return read_records("platforms.json", Platform, _with_engines)


@cache
def older_platforms() -> tuple[OlderPlatform, ...]:
    """Return the platforms from before graphics version 8."""
    return read_records("older_platforms.json", OlderPlatform)


def platform_rows(name_or_pci_id: str) -> tuple[Platform, ...]:
    """Return all rows with this name (the base variant first), or the one row with this PCI id.

    Takes "TIGERLAKE", "tgl", "Tiger Lake", "9a49", "0x9A49" and "8086:9a49". A base variant's name stands for
    all variants, so "ADL-S" finds Raptor Lake-S too, but "RPL-S" finds that alone.
    Raises: `UnknownPlatform`, naming the nearest known.
    """
    device_id = _device_id(name_or_pci_id)
    if device_id is not None:
        if device_id not in _rows_by_pci_id():
            raise UnknownPlatform(_why_unknown_id(device_id), asked=name_or_pci_id)
        return (_rows_by_pci_id()[device_id],)
    rows = _rows_by_name().get(_folded(name_or_pci_id))
    if rows:
        return rows
    raise UnknownPlatform(_why_unknown(name_or_pci_id), asked=name_or_pci_id)


def platform(name_or_pci_id: str) -> Platform:
    """Return the platform with this name or PCI id; of several variants the base one.

    See `platform_rows()` for the spellings and the error.
    """
    return platform_rows(name_or_pci_id)[0]


@cache
def _mmio_bars() -> tuple[MmioBar, ...]:
    return read_records("mmio_bars.json", MmioBar)


def mmio_bar_bytes(of: Platform | Version, *, is_dgfx: bool = False) -> int:
    """Return how many bytes of the register BAR i915 maps on a platform, or for a graphics version.

    `is_dgfx` counts only where a version is given. Source: Linux 6.12 intel_uncore.c.
    """
    graphics, discrete = (of.graphics, of.is_dgfx) if isinstance(of, Platform) else (of, is_dgfx)
    for row in _mmio_bars():
        if row.is_dgfx == discrete and any(graphics in versions for versions in row.versions):
            return row.size_bytes
    raise UnknownPlatform(f"no discrete card has graphics version {graphics}", asked=str(graphics))


def _with_engines(row: dict[str, Any]) -> dict[str, Any]:
    def engines(names: list[str]) -> list[dict[str, Any]]:
        return [msgspec.structs.asdict(engine_named(name)) for name in names]

    gts = [gt | {"engines": engines(gt["engines"])} for gt in row["gts"]]
    return row | {"gts": gts, "engines_xe": engines(row.get("engines_xe", []))}


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def _rows_by_name() -> dict[str, tuple[Platform, ...]]:
    variants: dict[str, list[Platform]] = {}
    for row in platforms():
        variants.setdefault(row.kernel, []).append(row)
    found: dict[str, list[Platform]] = {}
    for row in platforms():
        named = variants[row.kernel] if row is variants[row.kernel][0] else [row]
        for name in {_folded(name) for name in row.names}:
            known = found.setdefault(name, [])
            known.extend(each for each in named if each not in known)
    return {name: tuple(rows) for name, rows in found.items()}


@cache
def _rows_by_pci_id() -> dict[int, Platform]:
    return {pci_id: row for row in platforms() for pci_id in row.pci_ids}


def _device_id(text: str) -> int | None:
    found = re.fullmatch(r"(?:(?:0x)?([0-9a-f]{4}):)?(?:0x)?([0-9a-f]{4})", text.strip().lower())
    if not found:
        return None
    if found[1] and int(found[1], 16) != INTEL:
        raise UnknownPlatform(
            f"PCI id {text.strip()} is of vendor {found[1]}; only Intel's (8086) are known here", asked=text
        )
    return int(found[2], 16)


def _why_unknown_id(device_id: int) -> str:
    # Neighbouring ids are the same part in another package far more often than ids of similar spelling are.
    near = sorted((abs(known - device_id), known) for known in _rows_by_pci_id())
    named = [
        f"{known:04x} ({_rows_by_pci_id()[known].short})" for distance, known in near[:2] if distance <= 0x10
    ]
    return f"PCI id 8086:{device_id:04x} is unknown" + (
        f"; the nearest known are {' and '.join(named)}" if named else ""
    )


def _why_unknown(name: str) -> str:
    for row in older_platforms():
        if _folded(name) == _folded(row.kernel):
            first = platforms()[0]
            return (
                f"platform {row.kernel} has graphics version {row.graphics.ver}; "
                f"TLB invalidation registers begin with version {first.graphics.ver} ({first.kernel})"
            )
    known = [spelt for row in platforms() for spelt in row.names]
    return f'platform "{name}" is unknown{did_you_mean(name, known)}'
