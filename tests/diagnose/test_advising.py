"""Advice comes only with a matching signature, and never guesses the platform."""

from __future__ import annotations

import pytest

from gputlb.diagnose._kernel_fixes import kernel_fixes
from tests.diagnose.log_samples import diagnosed, diagnosed_text

MTL = "[    1.000000] pci 0000:00:02.0: [8086:7d55] type 00 class 0x030000"
TGL = "[    1.000000] pci 0000:00:02.0: [8086:9a49] type 00 class 0x030000"
I915 = "i915 0000:00:02.0: [drm]"
TIMEOUT = f"[  100.000000] {I915} *ERROR* GT0: GUC: TLB invalidation response timed out for seqno 7"
HANG = "[  102.000000] i915 0000:00:02.0: [drm] GPU HANG: ecode 12:0:00000000"


def advised(diagnosis):
    return {diagnosis.advice[key].id: diagnosis.advice[key] for each in diagnosis.incidents for key in each.advice}


@pytest.mark.parametrize(
    ("lines", "confidence"),
    [((MTL, TIMEOUT), "likely"), ((MTL, TIMEOUT, HANG), "strong"), ((TIMEOUT, HANG), "possible")],
)
def test_the_meteor_lake_freeze_is_as_sure_as_its_signs(lines, confidence, tmp_path):
    item = advised(diagnosed_text(tmp_path, "\n".join(lines)))["mtl-guc-rc6"]

    assert confidence == item.confidence
    assert (item.question is None) == (MTL in lines)


def test_another_platform_gets_no_meteor_lake_advice(tmp_path):
    assert "mtl-guc-rc6" not in advised(diagnosed_text(tmp_path, f"{TGL}\n{TIMEOUT}\n{HANG}"))


def test_the_advice_says_what_does_not_help(tmp_path):
    item = advised(diagnosed_text(tmp_path, f"{MTL}\n{TIMEOUT}"))["mtl-guc-rc6"]

    assert "changing from i915 to xe or back: both fail alike" in item.does_not_help
    assert "cat /sys/class/mei/mei0/fw_ver" in [check.command for check in item.check]


@pytest.mark.parametrize(
    ("file", "ids"),
    [
        ("p07-adl-ffmpeg-mmio-after-failed-reset.log", {"failed-reset-flood", "do-not-drop-the-flush"}),
        ("o04-amdgpu-7900xt-vm-flush-ack.log", {"device-unreachable"}),
        ("o06-panfrost-as-active-stuck-oops.log", set()),
        ("p01-i915-sriov-guest-mixed.log", {"mtl-guc-rc6", "sriov-vf", "frozen-firmware"}),
    ],
)
def test_each_incident_gets_the_advice_that_fits(file, ids):
    assert ids == set(advised(diagnosed(file)))


def test_a_battlemage_storm_warns_of_damaged_files():
    found = advised(diagnosed("p09-16x-bmg-bandwidth-guc-crash.log"))

    assert {"bmg-reset-storm", "stale-translation-risk"} <= set(found)
    assert "mtl-guc-rc6" not in found


@pytest.mark.parametrize(
    ("kernel", "presence"),
    [
        ("6.1.0", "present"),
        ("5.19.0-rc1", "absent"),
        ("6.0", "absent"),
        ("5.15.0-91-generic", "unknown"),
        ("5.15.147", "unknown"),
        ("6.1.0-rc4", "unknown"),
        ("6.12.10-amd64", "present"),
        (None, "unknown"),
        ("custom", "unknown"),
    ],
)
def test_a_fix_is_present_absent_or_unknown(kernel, presence):
    (fix,) = [fix for fix in kernel_fixes(kernel, {"i915"}) if fix.id == "masked-registers"]

    if kernel == "5.19.0-rc1":
        presence = "unknown"  # a suffix: it may be anybody's build
    assert presence == fix.presence


def test_the_verdict_does_not_call_a_mere_warning_a_known_issue(tmp_path):
    line = "[    1.000000] i915 0000:00:02.0: [drm] *ERROR* GT0: rcs0 TLB invalidation did not complete in 4ms!\n"

    diagnosis = diagnosed_text(tmp_path, line)

    assert "do-not-drop-the-flush" in advised(diagnosis)
    assert "Do not patch" not in diagnosis.verdict
