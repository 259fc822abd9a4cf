"""Flushing for every release: what batching is compared with."""

from __future__ import annotations

from gputlb.driver.schemes.mmio import Mmio


class Unbatched(Mmio):
    """As `mmio`, but nobody is ever covered by another's flush: Linux before the July 2022 batching series."""

    name = "unbatched"
    summary = "as mmio, but every release flushes: before batching"
    batches = False

    def passed(self, current: int, wanted: int) -> bool:
        """Never."""
        return False
