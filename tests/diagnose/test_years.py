"""Stamps with and without a year in one log stand on one time line."""

from __future__ import annotations

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
