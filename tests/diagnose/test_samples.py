"""Every sample log gives the events that were counted in it by hand, and the harmless ones give none."""

from __future__ import annotations

import pytest

from tests.diagnose.log_samples import NEGATIVE, WITH_EVENTS, counted, diagnosed, tlb_events


@pytest.fixture(params=WITH_EVENTS, ids=lambda row: row["file"])
def sample(request):
    return request.param["expected"], diagnosed(request.param["file"])


def test_the_events_are_as_many_as_counted_by_hand(sample):
    expected, diagnosis = sample

    assert expected["n_tlb_events"] == len(tlb_events(diagnosis)) == diagnosis.n_tlb_events
    assert sorted(expected["kinds"]) == sorted(counted(diagnosis))
    assert expected.get("n_by_kind", counted(diagnosis)) == counted(diagnosis)


def test_engines_and_gts_are_those_that_the_lines_name(sample):
    expected, diagnosis = sample

    assert sorted(expected["engines"]) == sorted({event.engine for event in tlb_events(diagnosis) if event.engine})
    assert expected["gts"] == sorted({event.gt for event in tlb_events(diagnosis) if event.gt is not None})


def test_the_devices_are_found(sample):
    expected, diagnosis = sample
    named = expected["pci"] if isinstance(expected["pci"], list) else [expected["pci"]]

    assert {device for device in named if device} == {event.device for event in tlb_events(diagnosis) if event.device}
    for device, count in expected.get("n_by_pci", {}).items():
        assert count == sum(event.device == device for event in tlb_events(diagnosis))


def test_the_first_and_last_seqno_are_read(sample):
    expected, diagnosis = sample
    seqnos = [event.seqno for event in tlb_events(diagnosis) if event.seqno is not None]

    assert (expected["seqnos"] or []) == ([seqnos[0], seqnos[-1]] if seqnos else [])
    assert expected.get("n_unique_seqnos", len(set(seqnos))) == len(set(seqnos))


def test_recv_is_read_where_the_driver_prints_it(sample):
    expected, diagnosis = sample
    recvs = [event.recv for event in tlb_events(diagnosis) if event.recv is not None]

    assert expected.get("recv", recvs[:1] + recvs[-1:]) == recvs[:1] + recvs[-1:]


def test_firmware_errors_and_suppressed_lines_are_counted(sample):
    expected, diagnosis = sample

    if "n_ct_errors" in expected:
        assert expected["n_ct_errors"] == sum(event.kind == "guc_ct_error" for event in diagnosis.events)
    assert expected.get("suppressed", 0) == diagnosis.suppressed
    if "true_count_with_suppressed" in expected:
        assert expected["true_count_with_suppressed"] == sum(incident.count for incident in diagnosis.incidents)


def test_the_first_abnormal_line_leads_the_incident(sample):
    expected, diagnosis = sample

    assert expected.get("first_error", "") in diagnosis.incidents[0].first_line


@pytest.mark.parametrize("row", NEGATIVE, ids=lambda row: row["file"])
def test_a_log_without_tlb_messages_gives_no_event(row):
    diagnosis = diagnosed(row["file"])

    assert [] == diagnosis.events
    assert [] == diagnosis.incidents


def test_a_boot_log_with_iommu_and_processor_tlb_lines_gives_no_event():
    diagnosis = diagnosed("negative-boot.log")

    assert [] == diagnosis.events
    assert {} == diagnosis.other_trouble
    assert diagnosis.machine.kernel == "6.12.10-amd64"
    assert diagnosis.machine.distribution == "Debian"
    assert diagnosis.machine.devices[0].platform == "Tiger Lake"
    assert diagnosis.machine.devices[0].firmware == {"DMC": "2.12", "GuC": "70.29.2"}


def test_other_trouble_is_named_though_it_is_no_event():
    diagnosis = diagnosed("n03-bluefin-forcewake-ack.log")

    assert {"ci_taint": 6, "forcewake_timeout": 5} == diagnosis.other_trouble
    assert "power domains that do not wake (5)" in diagnosis.verdict


def test_a_card_that_never_came_back_is_told_from_those_that_did():
    incidents = diagnosed("p09-16x-bmg-bandwidth-guc-crash.log").incidents
    recovered = {incident.device: incident.recovered for incident in incidents if "guc_crash" in incident.kinds}

    assert recovered == {
        "0000:12:00.0": True,
        "0000:5e:00.0": True,
        "0000:8a:00.0": True,
        "0000:c6:00.0": True,
        "0000:ae:00.0": True,
        "0000:b2:00.0": True,
        "0000:da:00.0": False,
    }


@pytest.mark.parametrize(
    ("file", "classes"),
    [
        ("p02-xe-guest-dmesgT.log", ["firmware_channel_dead_or_busy"]),
        ("p05-flex140-backports-syslog.log", ["firmware_channel_dead_or_busy"]),
        ("p07-adl-ffmpeg-mmio-after-failed-reset.log", ["engine_hang_then_failed_reset"]),
        ("p15-mmio-oneline-issue6424.log", ["invalidation_only"]),
        ("p18-mtl-doc-seqno-elided.log", ["firmware_channel_dead_or_busy"]),
        ("o02-nouveau-tu116-vmm-flush-timeout.log", ["device_unreachable"]),
        ("o04-amdgpu-7900xt-vm-flush-ack.log", ["device_unreachable", "device_unreachable"]),
    ],
)
def test_incidents_have_the_class_that_a_reader_would_give_them(file, classes):
    assert classes == [incident.class_ for incident in diagnosed(file).incidents]
