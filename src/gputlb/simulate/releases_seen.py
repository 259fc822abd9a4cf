"""Following each release: where its time goes, and what becomes of the flushes that it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb.simulate.histogram import LatencyHistogram
from gputlb.simulate.queues import QueueMeter

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

COVERED = ("passed", "passed while waiting")
"""Reasons for skipping that mean: another's flush has covered it (or so the scheme says)."""
_TURNS = frozenset(
    ("fw_get", "fw_put", "fw_put_delayed", "unlock", "pm_get_if_awake", "mutex_lock", "seqno", "skip")
)  # what a release may be doing next; half of its events are none of them


@dataclass(frozen=True, slots=True)
class ReleaseTime:
    """Where the mean release spends its time, in µs; the parts add up to the mean."""

    queue: float
    """Asleep, until it is its turn under the invalidation mutex."""
    hardware: float
    """Until the units have finished, or the patience has."""
    forcewake: float
    """Taking forcewake and giving it back, the spin lock around it included."""
    other: float
    """The rest: the uncore and steering locks, and what a workload does besides."""


@dataclass(frozen=True, slots=True)
class FlushRequests:
    """What became of every flush that a release asked for, one for each GT of each release; all adds up."""

    requested: int
    """Those under way when counting began included."""
    flushed: int
    """By the release itself."""
    covered: int
    """By somebody else's flush, so the scheme says."""
    skipped: int
    """For another stated reason: the GT sleeps, or is wedged."""
    unneeded: int
    """The object had no stamp: nothing was unbound since the last one."""
    pending: int
    """Not decided when counting ended."""


class _Release:
    __slots__ = (
        "begun_ns",
        "forcewake_ns",
        "hardware_ns",
        "last_ns",
        "queue_ns",
        "queued_ns",
        "sleeping_ns",
        "spinning_ns",
        "unsettled",
        "waking",
    )

    def __init__(self, now_ns: int, gts: int) -> None:
        self.begun_ns = self.last_ns = now_ns
        self.queued_ns: int | None = None
        self.unsettled = gts
        self.waking = False
        self.queue_ns = self.hardware_ns = self.forcewake_ns = self.spinning_ns = self.sleeping_ns = 0


class ReleasesSeen:
    """Who is releasing now, and what releases have cost so far.

    The time before each event of an agent belongs to what that event ends: before `mutex_lock` it waited for the
    mutex, before `wait` for a unit, and from `fw_get` to the next `unlock` for forcewake.

    Args:
        flush_locks: names of the invalidation mutexes.
        gts: how many flushes a release asks for.

    """

    def __init__(self, flush_locks: Collection[str], gts: int) -> None:
        self.under_way: dict[str, _Release] = {}
        self.pending = QueueMeter()
        self.mutex_queue = QueueMeter()
        self._flush_locks = frozenset(flush_locks)
        self._gts = gts
        self.begin(0)

    def begin(self, now_ns: int) -> None:
        """Count from now on; releases under way are counted when they end."""
        self.pending.begin(now_ns)
        self.mutex_queue.begin(now_ns)
        self.latency = LatencyHistogram()
        self.queue_ns = self.hardware_ns = self.forcewake_ns = self.spinning_ns = self.sleeping_ns = 0
        self.freed_bytes = 0
        self.flushed = self.covered = self.skipped = self.unneeded = 0
        self.requested = sum(release.unsettled for release in self.under_way.values())

    def started(self, time_ns: int, agent: str) -> None:
        """Take note of a release that begins."""
        self.under_way[agent] = _Release(time_ns, self._gts)
        self.requested += self._gts
        self.pending.enter(time_ns)

    def ended(self, time_ns: int, agent: str, values: tuple[Any, ...]) -> None:
        """Take note of a release that has ended; `values` are how long it took and the bytes that it freed."""
        release = self.under_way.pop(agent, None)
        if release is None:
            return
        took_ns = time_ns - release.begun_ns
        self.pending.leave(time_ns, took_ns)
        self.latency.add(took_ns)
        self.queue_ns += release.queue_ns
        self.hardware_ns += release.hardware_ns
        self.forcewake_ns += release.forcewake_ns
        self.spinning_ns += release.spinning_ns
        self.sleeping_ns += release.sleeping_ns
        self.unneeded += release.unsettled
        self.freed_bytes += values[1]

    def goes_on(self, release: _Release, time_ns: int, kind: str, values: tuple[Any, ...]) -> None:
        """Take note of whatever an agent does that is releasing."""
        span_ns = time_ns - release.last_ns
        if span_ns:
            release.last_ns = time_ns
            if kind in ("wait", "mcr_wait"):
                spun_ns = min(span_ns, values[3] * 1000)
                release.hardware_ns += span_ns
                release.spinning_ns += spun_ns
                release.sleeping_ns += span_ns - spun_ns
            elif release.waking:
                release.forcewake_ns += span_ns
                release.spinning_ns += span_ns
            elif release.queued_ns is not None and kind == "mutex_lock":
                release.queue_ns += span_ns
                release.sleeping_ns += span_ns
            elif kind == "lock":
                release.spinning_ns += span_ns
        if kind not in _TURNS:
            return
        if kind in ("fw_get", "fw_put", "fw_put_delayed"):
            release.waking = True
        elif kind == "unlock":
            release.waking = False
        elif kind == "pm_get_if_awake" and values[0]:
            release.queued_ns = time_ns
            self.mutex_queue.enter(time_ns)
        elif kind == "mutex_lock" and release.queued_ns is not None and values[0] in self._flush_locks:
            self.mutex_queue.leave(time_ns, time_ns - release.queued_ns)
            release.queued_ns = None
        elif kind == "seqno":
            release.unsettled -= 1
            self.flushed += 1
        elif kind == "skip":
            release.unsettled -= 1
            if values[0] in COVERED:
                self.covered += 1
            else:
                self.skipped += 1

    def mean_time(self) -> ReleaseTime | None:
        """Return where the mean release spent its time; None without releases."""
        count = self.latency.count
        if not count:
            return None
        known_ns = self.queue_ns + self.hardware_ns + self.forcewake_ns
        return ReleaseTime(
            queue=self.queue_ns / count / 1000,
            hardware=self.hardware_ns / count / 1000,
            forcewake=self.forcewake_ns / count / 1000,
            other=(self.latency.total_ns - known_ns) / count / 1000,
        )

    def requests(self) -> FlushRequests:
        """Return what became of the flushes asked for."""
        return FlushRequests(
            requested=self.requested,
            flushed=self.flushed,
            covered=self.covered,
            skipped=self.skipped,
            unneeded=self.unneeded,
            pending=sum(release.unsettled for release in self.under_way.values()),
        )
