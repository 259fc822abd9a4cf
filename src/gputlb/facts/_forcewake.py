"""Forcewake: the power domains of a GT, their registers, and which registers need which of them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal

import msgspec

from gputlb.facts._engines import engine_class
from gputlb.facts._errors import NotRecorded
from gputlb.facts._platforms import Platform
from gputlb.facts._read import Version, VersionRange, read_records
from gputlb.facts._registers import GSI_END, Register, register_named, registers

if TYPE_CHECKING:
    from collections.abc import Collection

GtType = Literal["primary", "media"]


class ForcewakeDomain(msgspec.Struct, frozen=True):
    """A part of a GT that is kept powered while its request bit is set."""

    name: str
    """`render`, `gt`, `media`, `vdbox0`, `vebox0` … `gsc`."""
    request_offset: int
    """Where to ask, a masked register; absolute, with the media GT's offset already added."""
    ack_offset: int
    """Where the hardware answers, bit for bit; absolute too."""


class ForcewakeNeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which domains must be awake for a range of registers to answer."""

    first: int
    last: int
    """The last offset of the range, included."""
    versions: tuple[VersionRange, ...]
    """Graphics versions."""
    domains: tuple[str, ...]
    """Empty where the registers are always on."""
    source: str
    platforms: tuple[str, ...] = ()
    """Kernel names of the only platforms this holds for; empty where the version alone decides."""
    gt: GtType | None = None
    """The only type of GT this holds for; None where it holds for both."""
    note: str = ""


@cache
def forcewake_needs() -> tuple[ForcewakeNeed, ...]:
    """Return what is known of registers and the domains they need."""
    return read_records("forcewake_needs.json", ForcewakeNeed)


def forcewake_domains(
    of: Platform | Version,
    engines: Collection[tuple[int, int]] | None = None,
    gt_type: GtType = "primary",
    *,
    kernel: str = "",
) -> tuple[ForcewakeDomain, ...]:
    """Return the forcewake domains of a GT, in the order in which the kernel asks for them.

    `engines` are pairs of class number and hardware instance; for a platform they default to those of its GT.
    `kernel` is the kernel's platform name where only a graphics version is given: version 8.00 is Broadwell
    unless it says CHERRYVIEW.
    Raises: `NotRecorded` for versions below 8 and above 12.74, and for a GT that the platform lacks.
    Source: Linux 6.12 intel_uncore.c.
    """
    if isinstance(of, Platform):
        gt = of.gt(gt_type)
        if gt is None:
            raise NotRecorded(f"{of.kernel} has no {gt_type} GT")
        if engines is None:
            engines = [(engine.engine_class, engine.instance) for engine in gt.engines]
        graphics, kernel, gsi_offset = of.graphics, of.kernel, gt.gsi_offset
    else:
        graphics = of
        gsi_offset = register_named("MTL_MEDIA_GSI_BASE").offset if gt_type == "media" else 0
    asks, answers = (
        _by_domain(kind, graphics, kernel, gt_type) for kind in ("forcewake_req", "forcewake_ack")
    )
    if not asks:
        raise NotRecorded(
            f"forcewake domains of graphics version {graphics} are not recorded here, only 8.00 to 12.74"
        )
    return tuple(
        ForcewakeDomain(name, _absolute(asks[name], gsi_offset), _absolute(answers[name], gsi_offset))
        for name in sorted(asks, key=_kernel_order)
        if domain_exists(name, engines or (), graphics, gt_type)
    )


def domain_of(
    offset: int, of: Platform | Version, gt_type: GtType = "primary", *, kernel: str = ""
) -> tuple[str, ...]:
    """Return the domains that must be awake for the register at `offset`; empty where it is always on.

    On a media GT `offset` may be given with or without the GT's own offset. Where the answer depends on the
    platform, a bare version 8.00 is Broadwell unless `kernel` says CHERRYVIEW.
    Raises: `NotRecorded` for registers other than those of invalidation, reset and the engines' bases.
    """
    graphics, kernel = (of.graphics, of.kernel) if isinstance(of, Platform) else (of, kernel)
    gsi = register_named("MTL_MEDIA_GSI_BASE").offset
    if gt_type == "media" and gsi <= offset < gsi + GSI_END:
        offset -= gsi
    for need in forcewake_needs():
        if (
            need.first <= offset <= need.last
            and any(graphics in versions for versions in need.versions)
            and (not need.platforms or _kernel_or_broadwell(kernel) in need.platforms)
            and need.gt in (None, gt_type)
        ):
            return need.domains
    raise NotRecorded(
        f"which forcewake domain 0x{offset:x} needs on the {gt_type} GT of graphics {graphics} is unrecorded"
    )


def domain_exists(
    name: str, engines: Collection[tuple[int, int]], graphics: Version, gt_type: GtType
) -> bool:
    """Tell whether a GT with these engines has a domain that its graphics version knows.

    From version 11 on the domains follow the engines; before, every part has all of its version's.
    """
    if graphics < (11, 0):
        return True
    if name == "render":
        classes = {number for number, _ in engines}
        return gt_type == "primary" and bool(
            classes & {engine_class("render").number, engine_class("compute").number}
        )
    if name == "gsc":
        return gt_type == "media" and any(number == engine_class("other").number for number, _ in engines)
    box = re.fullmatch(r"(vdbox|vebox)(\d)", name)
    if box:
        number = engine_class("video_decode" if box[1] == "vdbox" else "video_enhancement").number
        return (number, int(box[2])) in engines
    return True


def _by_domain(kind: str, graphics: Version, kernel: str, gt_type: GtType) -> dict[str, Register]:
    return {
        row.domain: row
        for row in registers()
        if row.kind == kind
        and row.domain
        and any(graphics in versions for versions in row.versions)
        and (not row.platforms or _kernel_or_broadwell(kernel) in row.platforms)
        and row.gt in (None, gt_type)
    }


def _kernel_or_broadwell(kernel: str) -> str:
    return kernel if kernel == "CHERRYVIEW" else "BROADWELL"


def _absolute(row: Register, gsi_offset: int) -> int:
    return row.offset + (gsi_offset if row.offset < GSI_END else 0)


def _kernel_order(name: str) -> tuple[int, str]:
    order = ("render", "gt", "media", "vdbox", "vebox", "gsc")
    return order.index(name.rstrip("0123456789")), name
