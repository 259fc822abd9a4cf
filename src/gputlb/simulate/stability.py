"""Whether releases keep up with what arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.simulate.queues import QueueFigures
    from gputlb.simulate.releases_seen import FlushRequests

_FEWEST_PENDING = 8.0
_GROWTH = 1.25
_MOST_FLUSHES = 3.0
"""Where a flush serves all who wait, none waits for more than the rest of one and another one; and a bit to spare."""


def why_unstable(
    pending: QueueFigures,
    means: Sequence[float],
    fewest: Sequence[int],
    duration_ms: float,
    turned_away: int,
    *,
    full: bool,
    flush_us: float = 0.0,
    load: float | None = None,
) -> str | None:
    """Return a sentence if pending releases grow for ever, else None.

    That is so if the load is 1 or more, if arrivals had to be turned away, or if through the last half of the run some
    release was pending at every moment and more and more of them, and the last of them wait for more flushes than
    batching ever makes anybody wait for. A system that keeps up comes back to 0 from time to time, or, where one flush
    serves many, has no more pending than arrive during two flushes: that number goes up and down by chance, in a short
    run by much. Close to saturation a short run can't tell; a longer one will.

    Args:
        pending: releases that arrived and left.
        means: how many were pending on average in each of the equal parts of the run, in order.
        fewest: the fewest in each part.
        duration_ms: how long the run was.
        turned_away: arrivals that found all callers busy.
        full: whether any ever did, in the warm-up or later.
        flush_us: how long a flush of every GT, one after the other, takes.
        load: arrivals at their nominal rate, times the mutex's time for each; None where one flush may serve many.

    """
    half, quarter = len(means) // 2, len(means) // 4
    second, last = means[quarter:half], means[-quarter:]
    growing = (
        quarter > 0
        and min(fewest[half:]) > 0
        and sum(last) / quarter >= _FEWEST_PENDING
        and sum(last) > _GROWTH * sum(second)
        and sum(last) / quarter * duration_ms * 1000 > _MOST_FLUSHES * flush_us * pending.departures  # Little's law
    )
    overloaded = load is not None and load >= 1
    if not growing and not full and not overloaded:
        return None
    if overloaded:
        return (
            f"the load is {load:.2f}: releases arrive faster than the mutex can be had for each of them, and "
            f"{pending.number_at_end} are pending at the end; lower the rate"
        )
    per_s = 1000 / duration_ms
    arrived = (pending.arrivals + turned_away) * per_s
    return (
        f"releases arrive faster than they are done, {arrived:.0f}/s against {pending.departures * per_s:.0f}/s, and "
        f"{pending.number_at_end} are pending at the end: lower the rate"
    )


def load_of(releases_per_s: float, requests: FlushRequests, held_ns: int) -> float | None:
    """Return the part of its time for which the mutex is asked, more than 1 if it can't be had for so long.

    None where some flush was covered by another's, since then there is no such limit, or none was done.

    Args:
        releases_per_s: how many arrive, in the long run.
        requests: what became of the flushes asked for.
        held_ns: how long the mutex was held for those done.

    """
    if requests.covered or not requests.flushed:
        return None
    flushed_share = requests.flushed / (requests.flushed + requests.skipped)
    return releases_per_s * flushed_share * held_ns / requests.flushed / 1e9
