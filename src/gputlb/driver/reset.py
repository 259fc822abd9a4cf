"""Resetting a GT, and giving it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.runtime import SPINNING

if TYPE_CHECKING:
    from gputlb.driver.gt import Gt

_FULL = 1 << 0
"""Bit 0 of the reset register resets the whole GT; the others one engine each (Linux 6.12, GEN6_GRDOM_FULL)."""


async def reset_gt(gt: Gt) -> bool:
    """Reset the whole GT, which drops its TLBs; return whether the hardware did it within 2 ms.

    Everything happens under the uncore lock, so that no request for an invalidation falls into the middle of it
    (bug I915-04). Below graphics 12.70 it is done twice, as Linux does. Source: Linux 6.12 intel_reset.c,
    `gen6_hw_domain_reset`.
    """
    timing = facts.timing()
    offset = facts.register_named("GEN6_GDRST").offset
    uncore = gt.uncore
    done = False
    await uncore.forcewake_get("ALL")
    gt.runtime.emit("reset", "begin")
    async with uncore.lock:
        for _ in range(1 if gt.description.graphics >= (12, 70) else 2):
            await uncore.write_fw(offset, _FULL)
            done = await uncore.registers.until(uncore.absolute(offset), _FULL, 0, timing.reset_ms * 1000, SPINNING)
            if not done:
                break
    await uncore.forcewake_put("ALL")
    gt.runtime.emit("reset", "done" if done else "failed")
    return done


async def wedge_gt(gt: Gt) -> None:
    """Give the GT up: reset its engines first, then say so.

    The order matters: who sees the mark skips its flush, so the TLBs must be gone by then.
    Source: Linux 6.12 intel_reset.c, `__intel_gt_set_wedged`.
    """
    await reset_gt(gt)
    await gt.wedged.store(1)
    gt.runtime.emit("wedged")
