"""Whether releases keep up with what arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.simulate.queues import QueueFigures

_FEWEST_PENDING = 8.0
_GROWTH = 1.25


def why_unstable(
    pending: QueueFigures,
    means: Sequence[float],
    fewest: Sequence[int],
    duration_ms: float,
    turned_away: int,
    *,
    full: bool,
) -> str | None:
    """Return a sentence if pending releases grow for ever, else None.

    That is so if arrivals had to be turned away, or if through the last half of the run some release was pending at
    every moment and more and more of them: a system that keeps up comes back to 0 from time to time, or, where one
    flush serves many, stays level. Close to saturation a short run can't tell; a longer one will.

    Args:
        pending: releases that arrived and left.
        means: how many were pending on average in each of the equal parts of the run, in order.
        fewest: the fewest in each part.
        duration_ms: how long the run was.
        turned_away: arrivals that found all callers busy.
        full: whether any ever did, in the warm-up or later.

    """
    half, quarter = len(means) // 2, len(means) // 4
    second, last = means[quarter:half], means[-quarter:]
    growing = (
        quarter > 0
        and min(fewest[half:]) > 0
        and sum(last) / quarter >= _FEWEST_PENDING
        and sum(last) > _GROWTH * sum(second)
    )
    if not growing and not full:
        return None
    per_s = 1000 / duration_ms
    arrived = (pending.arrivals + turned_away) * per_s
    return (
        f"releases arrive faster than they are done, {arrived:.0f}/s against {pending.departures * per_s:.0f}/s, and "
        f"{pending.number_at_end} are pending at the end: lower the rate"
    )
