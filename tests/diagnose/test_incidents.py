"""Events become incidents: one device, one burst, what came first, how it ended."""

from __future__ import annotations

import pytest

from tests.diagnose.log_samples import diagnosed, diagnosed_text

XE = "xe 0000:03:00.0: [drm]"


def incidents(tmp_path, *lines):
    return diagnosed_text(tmp_path, "\n".join(lines) + "\n").incidents


def xe_timeout(time, seqno, recv):
    return f"[{time:12.6f}] {XE} *ERROR* TLB invalidation fence timeout, seqno={seqno} recv={recv}"


def test_a_minute_of_silence_ends_a_burst(tmp_path):
    first, second = incidents(tmp_path, xe_timeout(10, 5, 4), xe_timeout(12.25, 6, 4), xe_timeout(100, 50, 49))

    assert (first.count, second.count) == (2, 1)
    assert second.silent_gaps[0].seconds == 87.75


def test_suppressed_lines_are_added():
    (incident,) = diagnosed("p07-adl-ffmpeg-mmio-after-failed-reset.log").incidents

    assert (incident.count, incident.event_lines, incident.suppressed) == (40, 4, 36)


def test_the_same_line_twice_counts_once(tmp_path):
    (incident,) = incidents(tmp_path, xe_timeout(10, 5, 4), xe_timeout(10, 5, 4), xe_timeout(12.25, 6, 4))

    assert (incident.count, incident.event_lines, incident.duplicates) == (2, 3, 1)


def test_engine_timeouts_within_one_second_are_not_taken_for_duplicates(tmp_path):
    line = "[Sat Apr 26 22:37:36 2025] i915 0000:00:02.0: [drm] *ERROR* GT0: "
    line += "rcs0 TLB invalidation did not complete in 4ms!"

    (incident,) = incidents(tmp_path, line, line)
    assert (incident.count, incident.duplicates) == (2, 0)


@pytest.mark.parametrize(
    ("file", "start"),
    [
        ("p01-i915-sriov-guest-mixed.log", "1 s apart"),
        ("p02-xe-guest-dmesgT.log", "2.25 s apart"),
        ("p03-pve-i915-guc-apr26-dmesgT.log", "2 s apart"),
        ("p07-adl-ffmpeg-mmio-after-failed-reset.log", "4 ms apart"),
    ],
)
def test_the_spacing_tells_which_wait_ran_out(file, start):
    readings = [incident.spacing_reading for incident in diagnosed(file).incidents if incident.spacing_reading]

    assert readings[0].startswith(start)


def test_a_frozen_recv_is_told_from_single_lost_answers(tmp_path):
    (frozen,) = incidents(tmp_path, *(xe_timeout(10 + 2.25 * n, 32 + n, 31) for n in range(4)))
    (single,) = incidents(tmp_path, xe_timeout(10, 32, 31), xe_timeout(30, 90, 89))

    assert (frozen.recv_frozen, frozen.class_, frozen.recovered) == (
        True,
        "firmware_channel_dead_or_busy",
        False,
    )
    assert frozen.answer_reading == "recv stays at 31 while 4 requests time out: the firmware has stopped answering"
    assert (single.recv_frozen, single.recovered) == (False, None)


def test_a_later_answer_shows_that_the_firmware_lives(tmp_path):
    first, _ = incidents(tmp_path, xe_timeout(10, 5216, 5215), xe_timeout(110, 5425, 5424))

    assert (first.recovered, first.class_) == (True, "slow_invalidation")
    assert first.recovered_because == "line 2 shows that the firmware answered later requests"


def test_the_counter_may_wrap_between_two_timeouts(tmp_path):
    first, _ = incidents(tmp_path, xe_timeout(10, 0xFFFFF, 0xFFFFE), xe_timeout(110, 9, 8))

    assert first.recovered is True


def test_missing_lines_are_seen_from_the_pace_of_the_counter():
    _, _, last = diagnosed("p03-pve-i915-guc-apr26-dmesgT.log").incidents

    assert last.silent_gaps[0].reading == (
        "86 seqnos went by at the pace of the timeouts: lines are missing from this excerpt, it did not "
        "recover in between"
    )


def test_a_newer_xe_line_names_no_gt_and_none_is_invented():
    for incident in diagnosed("p02-xe-guest-dmesgT.log").incidents:
        assert incident.gts == []


def test_inferred_devices_are_marked():
    diagnosis = diagnosed("p05-flex140-backports-syslog.log")

    assert diagnosis.incidents[0].uncertain[0] == "line 1 names no device; 0000:30:00.0 was taken from its neighbours"
    assert [event.line for event in diagnosis.events if not event.device_certain] == [1, 13]


def test_trouble_of_the_bridge_just_before_belongs_to_the_incident():
    first, second = diagnosed("o04-amdgpu-7900xt-vm-flush-ack.log").incidents

    assert "pcieport 0000:08:00.0" in first.first_line
    assert "taken as the consequence of line 1" in second.uncertain[-1]


@pytest.mark.parametrize(
    ("end", "recovered", "because"),
    [
        ("Tile0: GT0: reset done", True, "the reset was reported as done"),
        ("*ERROR* GT0: reset failed (-ETIMEDOUT)", False, "a reset failed and none worked after it"),
        (
            "*ERROR* CRITICAL: Xe has declared device 0000:03:00.0 as wedged.",
            False,
            "the driver declared the device wedged",
        ),
        ("something else", None, "a reset began; the log does not tell how it ended"),
    ],
)
def test_how_it_ended_is_read(end, recovered, because, tmp_path):
    (incident,) = incidents(
        tmp_path,
        xe_timeout(10, 5, 4),
        f"[   10.100000] {XE} GT0: reset started",
        f"[   10.200000] {XE} {end}",
    )

    assert (recovered, because) == (incident.recovered, incident.recovered_because)


def test_a_reset_that_is_never_done_though_the_log_goes_on_has_failed(tmp_path):
    (incident,) = incidents(
        tmp_path,
        xe_timeout(10, 5, 4),
        f"[   10.100000] {XE} GT0: reset started",
        "[   30.000000] usb 1-1: new device",
    )

    assert incident.recovered is False


def test_a_late_ack_is_slow_not_dead(tmp_path):
    late = f"[   12.310000] {XE} TLB invalidation late ack: seqno=5 recv=5"
    late += ", request-to-ack=2310ms, timeout-to-ack=60ms"

    (incident,) = incidents(tmp_path, xe_timeout(12.25, 5, 4), late)
    assert (incident.class_, incident.recovered) == ("slow_invalidation", True)


def test_freebsd_names_a_unit_instead_of_an_address(tmp_path):
    line = "Nov 12 10:11:12 host kernel: drmn0: [drm] *ERROR* GT0: GUC: "
    line += "TLB invalidation response timed out for seqno 7"

    (incident,) = incidents(tmp_path, line)
    assert (incident.device, incident.driver, incident.gts) == ("drmn0", "i915", [0])
