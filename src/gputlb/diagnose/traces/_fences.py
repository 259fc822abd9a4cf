"""xe's invalidation fences: from send to signal, answered, late, lost."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

import msgspec

from gputlb.diagnose.traces._latency import Latencies, LatencySummary

if TYPE_CHECKING:
    from gputlb.diagnose.traces._text import TraceLine

Outcome = Literal["answered", "timed out, late", "timed out, lost", "under way", "unanswered"]

MOST_FENCES = 20_000
MOST_PENDING = 100_000
TIMEOUT_S = 2.25
"""Fences younger than this when the trace ends are still under way, not unanswered (xe since July 2024)."""

_STEPS = {
    f"xe_{front}_fence_{step}": step
    for front in ("tlb_inval", "tlb_invalidation", "gt_tlb_inval", "gt_tlb_invalidation")
    for step in ("create", "work_func", "cb", "send", "recv", "signal", "timeout")
}
_FIELDS = re.compile(r"(?:dev=(?P<dev>[^,\s]+),\s*)?fence=(?P<fence>[^,\s]+),\s*seqno=(?P<seqno>-?\d+)")
_CTB = re.compile(r"dev=(?P<dev>[^,\s]+),\s*gt(?P<gt>\d+):\s*action=(?P<action>0x[0-9a-f]+)")
_H2G_ACTIONS = ("0x7000", "0x7002")
_H2G_BEGINNING = "action=0x700"
_Key = tuple[str | None, str, int]


class Fence(msgspec.Struct, gc=False):
    """One invalidation."""

    device: str | None
    gt: int | None
    """From the CTB event of the same task that follows; None where the trace has none."""
    seqno: int
    sent_at: float | None
    """Seconds; None where the trace began after it was sent."""
    latency_us: float | None = None
    """From send to signal; None where it was not answered in time."""
    outcome: Outcome = "unanswered"
    line: int = 0


class FenceSummary(msgspec.Struct):
    """All fences of one device and GT."""

    device: str | None
    gt: int | None
    sent: int = 0
    answered: int = 0
    late: int = 0
    """Timed out, but later requests were answered: the firmware lives."""
    lost: int = 0
    """Timed out, and nothing was answered afterwards."""
    under_way: int = 0
    """Not answered when the trace ended, but not for long enough to count as unanswered."""
    unanswered: int = 0
    most_in_flight: int = 0
    latency: LatencySummary | None = None


class _Lane:
    def __init__(self, device: str | None, gt: int | None) -> None:
        self.summary = FenceSummary(device, gt)
        self.latencies = Latencies()
        self.in_flight = 0
        self.timed_out: list[Fence] = []

    def begin(self) -> None:
        self.summary.sent += 1
        self.in_flight += 1
        self.summary.most_in_flight = max(self.summary.most_in_flight, self.in_flight)


class FenceReader:
    """Follows every fence of a trace.

    Attributes:
        fences: the fences in the order of their end: at most 20 000 answered ones, and those that went wrong.
        left_out: how many answered fences were not kept.
    """

    def __init__(self) -> None:
        self.fences: list[Fence] = []
        self.left_out = 0
        self.began_before = 0
        self.events = 0
        self._pending: OrderedDict[_Key, tuple[Fence, _Lane]] = OrderedDict()
        self._lanes: dict[tuple[str | None, int | None], _Lane] = {}
        self._just_sent: dict[int, tuple[Fence, _Key]] = {}
        self._just_h2g: dict[int, tuple[str, int, float]] = {}

    def read(self, event: TraceLine) -> bool:
        """Take an event; return whether it was one of these."""
        step = _STEPS.get(event.name)
        if step is None:
            if event.name != "xe_guc_ctb_h2g":
                return False
            self._read_h2g(event)
            return True
        found = _FIELDS.search(event.fields)
        if found is None:
            return False
        self.events += 1
        device, fence, seqno = found.groups()
        key = (device, fence, int(seqno))
        if step == "send":
            self._send(key, event)
        elif step in ("signal", "timeout"):
            self._end_of(key, event, step)
        return True

    def _send(self, key: _Key, event: TraceLine) -> None:
        device, _, seqno = key
        time, pid = event.time, event.pid
        before = self._just_h2g.pop(pid, None)
        gt = before[1] if before is not None and before[0] == device and time - before[2] < 1e-4 else None
        fence, lane = Fence(device, gt, seqno, time, line=event.line), self._lane(device, gt)
        if gt is None:
            self._just_sent[pid] = (fence, key)
        self._pending[key] = (fence, lane)
        self._pending.move_to_end(key)
        if len(self._pending) > MOST_PENDING:
            self._finish(self._pending.popitem(last=False)[1][0], "unanswered")
        lane.begin()

    def _read_h2g(self, event: TraceLine) -> None:
        if _H2G_BEGINNING not in event.fields:
            return  # most messages to the firmware are about something else
        fields = _CTB.search(event.fields)
        if fields is None:
            return
        device, printed, action = fields.groups()
        if action not in _H2G_ACTIONS:
            return
        gt = int(printed)
        sent = self._just_sent.pop(event.pid, None)
        if sent is None:
            self._just_h2g[event.pid] = (device, gt, event.time)
            return
        fence, key = sent
        if fence.device != device or fence.sent_at is None or event.time - fence.sent_at > 1e-3:
            self._just_h2g[event.pid] = (device, gt, event.time)
            return
        old, lane = self._lane(device, fence.gt), self._lane(device, gt)
        old.summary.sent -= 1
        old.in_flight -= 1
        fence.gt = gt
        lane.begin()
        pending = self._pending.get(key)
        if pending is not None and pending[0] is fence:
            self._pending[key] = (fence, lane)

    def _end_of(self, key: _Key, event: TraceLine, step: str) -> None:
        pending = self._pending.pop(key, None)
        if pending is None:
            # After a timeout the driver signals the fence with an error: that is no answer.
            if step == "signal" and not any(fence.seqno == key[2] for fence in self._recent_timeouts(key[0])):
                self.began_before += 1
            return
        fence, lane = pending
        lane.in_flight -= 1
        if step == "timeout":
            lane.timed_out.append(fence)
            if len(lane.timed_out) > MOST_FENCES:
                self._finish(lane.timed_out.pop(0), "timed out, lost")
            return
        if fence.sent_at is not None:
            fence.latency_us = round((event.time - fence.sent_at) * 1e6, 3)
            lane.latencies.add(fence.latency_us)
        fence.outcome = "answered"
        lane.summary.answered += 1
        if len(self.fences) < MOST_FENCES:
            self.fences.append(fence)
        else:
            self.left_out += 1
        if lane.timed_out:
            for late in lane.timed_out:
                self._finish(late, "timed out, late")
            lane.timed_out.clear()

    def _recent_timeouts(self, device: str | None) -> list[Fence]:
        return [
            fence for lane in self._lanes.values() if lane.summary.device == device for fence in lane.timed_out[-50:]
        ]

    def _lane(self, device: str | None, gt: int | None) -> _Lane:
        key = (device, gt)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(*key)
        return lane

    def _finish(self, fence: Fence, outcome: Outcome) -> None:
        fence.outcome = outcome
        summary = self._lane(fence.device, fence.gt).summary
        if outcome == "timed out, late":
            summary.late += 1
        elif outcome == "timed out, lost":
            summary.lost += 1
        elif outcome == "under way":
            summary.under_way += 1
        else:
            summary.unanswered += 1
        if len(self.fences) < 2 * MOST_FENCES:
            self.fences.append(fence)

    def finish(self, end: float) -> list[FenceSummary]:
        """Judge what is still open at the end of the trace, and return a summary for each device and GT."""
        for fence, _ in self._pending.values():
            young = fence.sent_at is not None and end - fence.sent_at < TIMEOUT_S
            self._finish(fence, "under way" if young else "unanswered")
        self._pending.clear()
        for lane in self._lanes.values():
            for fence in lane.timed_out:
                self._finish(fence, "timed out, lost")
            lane.timed_out.clear()
            lane.summary.latency = lane.latencies.summary()
        return [
            lane.summary
            for key, lane in sorted(self._lanes.items(), key=lambda item: (item[0][0] or "", item[0][1] or -1))
            if lane.summary.sent
        ]
