"""The text for a bug report has what maintainers ask for, and no names."""

from __future__ import annotations

import pytest

from gputlb.diagnose import upstream_report
from gputlb.diagnose._redaction import redacted
from tests.diagnose.log_samples import diagnosed, diagnosed_text


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        (
            "May 02 12:14:37 anna-laptop kernel: xe 0000:03:00.0: x",
            "May 02 12:14:37 HOST kernel: xe 0000:03:00.0: x",
        ),
        ("2026-09-13T22:23:00+03:00 box7 kernel: x", "2026-09-13T22:23:00+03:00 HOST kernel: x"),
        ("[   12.5] box7 kernel: x", "[   12.5] HOST kernel: x"),
        ("Jul 16 07:59:02 kernel: x", "Jul 16 07:59:02 kernel: x"),
        ("box7 kernel: [   12.5] x", "HOST kernel: [   12.5] x"),
        ("Sat 2025-11-15 18:08:09 CET box7 kernel: x", "Sat 2025-11-15 18:08:09 CET HOST kernel: x"),
        ("Nov 15 18:07:59 box7 user@1000.service[99]: x", "Nov 15 18:07:59 HOST user@1000.service[99]: x"),
        ('{"host":"box7","log":"x"}', '{"host":"REMOVED","log":"x"}'),
        ("root@prox:~# dmesg", "USER@HOST:~# dmesg"),
        ("open /home/anna/x.log", "open /home/USER/x.log"),
        ("usb 1-1: SerialNumber: 4C530001230", "usb 1-1: SerialNumber: REMOVED"),
        ("Serial: PF3ABC12, asset", "Serial: REMOVED, asset"),
        ("root=UUID=0a1b2c3d-1111-2222-3333-444455556666 ro", "root=UUID=REMOVED ro"),
        ("eth0: 00:1a:2b:3c:4d:5e", "eth0: MAC"),
        ("ip=192.168.1.17:x", "ip=ADDRESS:x"),
        (
            "i915 0000:00:02.0: [drm] GuC firmware version 70.29.2",
            "i915 0000:00:02.0: [drm] GuC firmware version 70.29.2",
        ),
        ("fw_ver 0:18.1.18.2644", "fw_ver 0:18.1.18.2644"),
    ],
)
def test_names_and_numbers_are_removed_and_facts_stay(line, clean):
    assert clean == redacted(line)


def test_the_report_lists_what_is_missing_with_the_commands():
    text = upstream_report(diagnosed("p05-flex140-backports-syslog.log"))

    assert text.startswith("# [i915] firmware channel dead or busy on unknown platform, kernel unknown\n")
    assert "First abnormal line: `May 02 12:14:37 HOST kernel: [drm:wait_for_ct_request_update [i915]]" in text
    assert "  $ grep . -r /sys/class/drm/card0/iov" in text
    assert "- i915: https://gitlab.freedesktop.org/drm/i915/kernel/-/issues" in text


def test_what_the_log_tells_is_not_asked_for(tmp_path):
    text = upstream_report(
        diagnosed_text(
            tmp_path,
            "[    0.000000] Linux version 6.12.10-amd64 (b@h) (gcc)\n"
            "[    0.000000] Command line: root=/dev/sda1 i915.enable_guc=3\n"
            "[    1.000000] pci 0000:00:02.0: [8086:7d55] type 00 class 0x030000\n"
            "[    2.000000] i915 0000:00:02.0: [drm] GT0: GuC firmware i915/mtl_guc_70.bin version 70.20.0\n"
            "[  100.000000] i915 0000:00:02.0: [drm] *ERROR* GT0: GUC: TLB invalidation response timed "
            "out for seqno 7\n",
        )
    )
    missing = text.split("## Still missing")[1]

    assert "kernel version" not in missing
    assert "which device" not in missing
    assert "GuC firmware version" not in missing
    assert "/sys/class/mei/mei0/fw_ver" in missing
    assert "Meteor Lake, 8086:7d55, GuC 70.20.0" in text


def test_a_log_without_incident_makes_no_report():
    assert upstream_report(diagnosed("n03-bluefin-forcewake-ack.log")).startswith(
        "Nothing to report: No TLB invalidation"
    )


def test_a_host_named_once_is_removed_everywhere(tmp_path):
    timeout = "xe 0000:03:00.0: [drm] *ERROR* TLB invalidation fence timeout, seqno={} recv=4"
    text = upstream_report(
        diagnosed_text(
            tmp_path,
            f"Nov 15 18:07:53 annas-box kernel: {timeout.format(5)}\n(on annas-box) {timeout.format(6)}\n",
        )
    )

    assert "annas-box" not in text
    assert "(on HOST) xe 0000:03:00.0" in text
