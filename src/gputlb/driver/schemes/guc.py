"""Mainline's flush by message to the GuC firmware, as of Linux 6.12: the choice between it and registers."""

from __future__ import annotations

from gputlb.driver.schemes._scheme import ProbeFailed
from gputlb.driver.schemes.mmio import Mmio
from gputlb.driver.schemes.requests import ENODEV


class Guc(Mmio):
    """Ask the firmware where the platform says so, else the registers.

    A firmware that is not ready is not asked: that is so only during a GT reset, which drops the TLBs anyway.
    Engines are set up as for `mmio`, since Linux does so at load whatever is used later.
    Source: Linux 6.12 intel_tlb.c, `intel_gt_invalidate_tlb_full`.
    """

    name = "guc"
    summary = "Linux 6.12 by message to the GuC firmware, where the platform has it"

    async def set_up(self) -> None:
        """Find each engine's request, and the firmware where the platform needs it; raises `ProbeFailed`."""
        gt = self.gt
        if gt.description.guc_tlb_invalidation and gt.guc is None:
            raise ProbeFailed(
                f"scheme {self.name!r} on {gt.description.platform} needs a GuC, which is not modelled here; "
                "use scheme 'mmio'",
                -ENODEV,
            )
        await super().set_up()

    async def flush(self) -> None:
        """Send one request to the firmware and wait for the answer; or do as `mmio` does."""
        gt = self.gt
        if not gt.description.guc_tlb_invalidation:
            return await super().flush()
        assert gt.guc is not None, "set_up has seen to it"
        if await gt.guc.is_ready():
            await gt.guc.invalidate_engines()
        return None
