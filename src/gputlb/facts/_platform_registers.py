"""Which registers a given platform has, and which of them lies at a given offset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.facts._forcewake import domain_exists
from gputlb.facts._registers import GSI_END, Register, register_applies, register_named, registers

if TYPE_CHECKING:
    from gputlb.facts._platforms import Gt, Platform


def registers_for(of: Platform, gt: Gt | None = None) -> tuple[Register, ...]:
    """Return the registers that a platform, or one of its GTs, has: those of its versions and its engines."""
    gts = of.gts if gt is None else (gt,)
    return tuple(row for row in registers() if any(_has(of, each, row) for each in gts))


def register_at(offset: int, of: Platform | None = None) -> Register | None:
    """Return the register at an offset into the BAR, or None where none is recorded.

    Offsets in the window of a media GT find what that GT has there. One offset may hold different registers
    on different platforms: without `of` the oldest is returned.
    """
    gsi = register_named("MTL_MEDIA_GSI_BASE").offset
    in_media = gsi <= offset < gsi + GSI_END
    gt_type = "media" if in_media else "primary"
    wanted = offset - gsi if in_media else offset
    for row in registers() if of is None else registers_for(of):
        if row.offset == wanted and (row.gt in (None, gt_type) or row.offset >= GSI_END):
            return row
    return None


def _has(of: Platform, gt: Gt, row: Register) -> bool:
    if not register_applies(row, graphics=of.graphics, media=of.media, kernel=of.kernel):
        return False
    if row.gt not in (None, gt.type) or (row.table and row.table != gt.register_table):
        return False
    if row.engine_class is not None:
        served = {engine.instance for engine in gt.engines if engine.engine_class == row.engine_class}
        return row.instance in served if row.instance is not None else bool(served)
    if row.domain:
        engines = [(engine.engine_class, engine.instance) for engine in gt.engines]
        return domain_exists(row.domain, engines, of.graphics, gt.type)
    return True
