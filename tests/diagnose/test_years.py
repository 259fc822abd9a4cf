"""Stamps with and without a year in one log stand on one time line."""

from __future__ import annotations

import datetime

from gputlb.diagnose import diagnose, open_source
from tests.diagnose.log_samples import diagnosed_text

TEXT = "xe 0000:03:00.0: [drm] *ERROR* TLB invalidation fence timeout, seqno={0} recv=1"


def test_stamps_with_and_without_a_year_make_one_incident(tmp_path):
    lines = [
        f"Dec 31 23:59:50 box kernel: {TEXT.format(5)}",
        f"[Wed Dec 31 23:59:55 2025] {TEXT.format(6)}",
        f"Jan  1 00:00:05 box kernel: {TEXT.format(7)}",
        f"Jan  1 00:00:10 box kernel: {TEXT.format(8)}",
    ]

    diagnosis = diagnosed_text(tmp_path, "\n".join(lines) + "\n")
    (incident,) = diagnosis.incidents
    assert incident.duration_s == 20.0
    times = [event.time for event in diagnosis.events if event.time is not None]
    assert [time - times[0] for time in times] == [0.0, 5.0, 15.0, 20.0]


def test_a_log_without_any_year_keeps_its_times(tmp_path):
    diagnosis = diagnosed_text(tmp_path, f"Jan  1 00:00:05 box kernel: {TEXT.format(7)}\n")

    assert [event.time for event in diagnosis.events] == [63072005.0]


def test_years_are_given_to_the_last_line_of_a_flood(tmp_path):
    path = tmp_path / "log"
    start = datetime.datetime(2025, 12, 31, 12, 0, 0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(60_000):
            at = start + datetime.timedelta(seconds=number)
            stamp = f"[{at:%a %b %e %H:%M:%S %Y}]" if number % 2 else f"{at:%b %d %H:%M:%S} box kernel:"
            file.write(f"{stamp} {TEXT.format(number)}\n")

    (incident,) = diagnose([open_source(str(path))]).incidents
    assert (incident.event_lines, incident.duration_s) == (60_000, 59_999.0)
