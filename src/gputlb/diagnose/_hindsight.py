"""Incidents judged in the light of what came later on the same device."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from gputlb.diagnose._incident import Incident, SilentGap
from gputlb.diagnose._incidents import passed

if TYPE_CHECKING:
    from gputlb.diagnose._incidents import Burst, IncidentBuilder


def finished(builder: IncidentBuilder, end_time: dict[str, float]) -> tuple[list[Incident], list[Burst]]:
    """Return the incidents of a builder, judged in the light of what came later."""
    bursts = builder.bursts()
    closed = [burst.close(end_time) for burst in bursts]
    by_device: dict[str | None, list[int]] = {}
    for index, incident in enumerate(closed):
        by_device.setdefault(incident.device, []).append(index)
    for indexes in by_device.values():
        for earlier, later in pairwise(indexes):
            _read_together(bursts[earlier], bursts[later])
    return closed, bursts


def _read_together(before: Burst, after: Burst) -> None:
    earlier, later = before.incident, after.incident
    answered = min((recv for _, recv in after.pairs), default=None)
    if (
        earlier.recovered is None
        and answered is not None
        and earlier.seqno_last is not None
        and passed(answered, earlier.seqno_last)
    ):
        earlier.recovered = True
        earlier.recovered_because = f"line {later.first_line_number} shows that the firmware answered later requests"
        if earlier.class_ == "invalidation_only":
            earlier.class_ = "slow_invalidation"
    if earlier.class_ == "device_unreachable" and earlier.recovered is not True and later.event_lines:
        later.class_ = "device_unreachable"
        later.uncertain.append(
            f"taken as the consequence of line {earlier.first_line_number}, after which nothing worked"
        )
    if before.last_time and after.first_time and before.last_time[1] == after.first_time[1]:
        gap_s = after.first_time[0] - before.last_time[0]
        if gap_s <= 0:
            return
        reading = "no line about the device"
        if earlier.seqno_last is not None and later.seqno_first is not None and earlier.spacing_s:
            step = later.seqno_first - earlier.seqno_last
            if step > 1 and 0.85 <= gap_s / (step * earlier.spacing_s) <= 1.15:
                reading = (
                    f"{step - 1} seqnos went by at the pace of the timeouts: "
                    "lines are missing from this excerpt, it did not recover in between"
                )
                earlier.recovered, earlier.recovered_because = False, "the timeouts went on at the same pace"
        gap = SilentGap(earlier.last_line_number, later.first_line_number, round(gap_s, 3), reading)
        later.silent_gaps.insert(0, gap)
