"""Logs too large to be read line by line give the same answer, in bounded memory."""

from __future__ import annotations

import errno
import itertools
import tracemalloc

import pytest

from gputlb.diagnose import diagnose, open_source
from gputlb.diagnose._errors import UnreadableInput
from tests.diagnose.log_samples import SAMPLES, WITH_EVENTS, counted, diagnosed, tlb_events

QUIET = "".join(
    f"Nov 22 12:{number // 60 % 60:02}:{number % 60:02} host systemd[1]: Started session {number}; flushed and done\n"
    for number in range(60_000)
)


@pytest.mark.parametrize("row", WITH_EVENTS, ids=lambda row: row["file"])
@pytest.mark.parametrize("before", [True, False], ids=["at its end", "at its beginning"])
def test_events_of_a_large_log_are_those_of_the_small_one(row, before, tmp_path):
    sample = (SAMPLES / row["file"]).read_text(encoding="utf-8")
    path = tmp_path / "log"
    path.write_text(QUIET + sample if before else sample + "\n" + QUIET, encoding="utf-8")

    large = diagnose([open_source(str(path))])
    small = diagnosed(row["file"])
    offset = QUIET.count("\n") if before else 0
    assert counted(small) == counted(large)
    assert [(e.line + offset, e.kind, e.seqno, e.device) for e in tlb_events(small) if e.device] == [
        (e.line, e.kind, e.seqno, e.device) for e in tlb_events(large) if e.device
    ]


def test_a_large_quiet_log_is_only_searched(tmp_path):
    path = tmp_path / "log"
    path.write_text(QUIET, encoding="utf-8")

    diagnosis = diagnose([open_source(str(path))])
    assert diagnosis.logs[0].quick
    assert [] == diagnosis.events
    assert diagnosis.logs[0].bytes_read == len(QUIET)


def flood(lines):
    stamps = itertools.count(100.0, 2.05)
    for seqno, stamp in zip(range(1, lines + 1), stamps, strict=False):
        before = f"[{stamp:12.6f}] i915 0000:00:02.0: [drm] *ERROR* GT0: GUC: "
        yield f"{before}TLB invalidation response timed out for seqno {seqno}\n"


def test_a_flood_is_counted_to_the_last_line_in_bounded_memory(tmp_path):
    path = tmp_path / "log"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(flood(80_000))
    tracemalloc.start()

    diagnosis = diagnose([open_source(str(path))])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    (incident,) = diagnosis.incidents
    assert (diagnosis.n_tlb_events, incident.count, incident.event_lines) == (80_000, 80_000, 80_000)
    assert len(diagnosis.events) + diagnosis.events_left_out == 80_000
    assert (incident.seqno_first, incident.seqno_last, incident.gts) == (1, 80_000, [0])
    assert incident.spacing_s == 2.05
    assert peak < 100 << 20


def test_a_flood_that_stands_newest_first_is_one_incident_to_its_oldest_line(tmp_path):
    path = tmp_path / "log"
    path.write_text("".join(reversed(list(flood(60_000)))), encoding="utf-8")

    diagnosis = diagnose([open_source(str(path))])
    (incident,) = diagnosis.incidents
    assert (incident.seqno_first, incident.seqno_last) == (1, 60_000)
    assert (incident.count, incident.event_lines, incident.spacing_s) == (60_000, 60_000, 2.05)
    assert diagnosis.n_tlb_events == 60_000
    assert len(diagnosis.events) + diagnosis.events_left_out == 60_000


def told(incident):
    return (incident.device, incident.class_, incident.count, incident.kinds, incident.first_stamp, incident.last_stamp,
            incident.recovered, incident.seqno_first, incident.seqno_last, incident.duration_s)  # fmt: skip


def test_a_log_newest_first_has_the_incidents_that_it_has_oldest_first(tmp_path):
    lines = []
    for number in range(50_000):
        at = 100 + number * 0.05 + 100 * (number // 10_000)  # five bursts
        card = number % 3
        lines.append(
            f"[{at:14.6f}] xe 0000:0{card}:00.0: [drm] *ERROR* TLB invalidation fence timeout, seqno={number + 1} "
            f"recv={number // 10_000}\n"
        )
        if number % 10_000 == 9_000:
            lines.append(f"[{at + 0.01:14.6f}] xe 0000:01:00.0: [drm] *ERROR* GT0: reset failed (-ETIMEDOUT)\n")
    ways = []
    for order in (lines, lines[::-1]):
        path = tmp_path / "log"
        path.write_text("".join(order), encoding="utf-8")
        ways.append(sorted(map(told, diagnose([open_source(str(path))]).incidents), key=repr))

    assert len(ways[0]) == 15
    assert ways[0] == ways[1]


def test_older_events_of_a_log_newest_first_are_set_aside_in_bounded_memory(tmp_path):
    path = tmp_path / "log"
    path.write_text("".join(reversed(list(flood(120_000)))), encoding="utf-8")
    tracemalloc.start()

    diagnose([open_source(str(path))])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100 << 20


def test_a_full_disk_is_named_where_older_events_do_not_fit(tmp_path, monkeypatch):
    class Full:
        def write(self, _data):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr("gputlb.diagnose._newest_first.tempfile.TemporaryFile", lambda **_: Full())
    monkeypatch.setattr("gputlb.diagnose._newest_first.tempfile.gettempdir", lambda: "/tmp")
    path = tmp_path / "log"
    path.write_text("".join(reversed(list(flood(60_000)))), encoding="utf-8")

    with pytest.raises(UnreadableInput) as refused:
        diagnose([open_source(str(path))])
    assert str(refused.value).replace(str(path), "LOG") == (
        "LOG: stands newest first, and its older events do not fit into /tmp (no space left on device); "
        "set TMPDIR to a place with room, or sort the log oldest first"
    )


def test_a_flood_of_many_cards_keeps_them_apart(tmp_path):
    path = tmp_path / "log"
    with path.open("w", encoding="utf-8") as file:
        for number in range(60_000):
            card = number % 7
            file.write(
                f"Nov 15 18:{number // 3600 % 60:02}:{number // 60 % 60:02} host kernel: xe "
                f"0000:0{card}:00.0: [drm] *ERROR* "
                f"TLB invalidation fence timeout, seqno={number // 7 + 1} recv={number // 7}\n"
            )

    diagnosis = diagnose([open_source(str(path))])
    by_device: dict[str | None, int] = {}
    for incident in diagnosis.incidents:
        by_device[incident.device] = by_device.get(incident.device, 0) + incident.event_lines
    assert by_device == {f"0000:0{card}:00.0": len(range(card, 60_000, 7)) for card in range(7)}


def test_events_between_floods_are_not_lost(tmp_path):
    path = tmp_path / "log"
    other = "[ 1000.000000] i915 0000:00:02.0: [drm] GPU HANG: ecode 12:0:00000000\n"
    with path.open("w", encoding="utf-8") as file:
        for number, line in enumerate(flood(50_000)):
            file.write(line)
            if number % 1000 == 999:
                file.write(other)

    diagnosis = diagnose([open_source(str(path))])
    assert diagnosis.n_by_kind == {"engine_hang": 50, "guc_timeout": 50_000}


def test_incidents_without_end_are_counted_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("gputlb.diagnose._incidents.MOST_INCIDENTS", 100)
    path = tmp_path / "log"
    line = "[{:14.6f}] xe 0000:03:00.0: [drm] *ERROR* TLB invalidation fence timeout, seqno={} recv={}\n"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(line.format(100 + 90.0 * number, number + 1, number) for number in range(50_000))

    diagnosis = diagnose([open_source(str(path))])
    assert (len(diagnosis.incidents), diagnosis.incidents_left_out) == (101, 49_899)
    assert diagnosis.n_tlb_events == 50_000


def test_a_message_broken_within_its_commonest_word_is_found_in_a_large_log(tmp_path):
    path = tmp_path / "log"
    line = (
        "Nov 22 12:00:00 a-host-with-a-long-name kernel: i915 0000:00:02.0: [drm] *ERROR* GT0: GUC: TLB invalidation "
    )
    line += "response timed out for seqno 7"
    wrapped = "".join(f"{line[at : at + width]}\n" for width in [52] for at in range(0, len(line), width))
    quiet = "".join(f"{text[:52]}\n{text[52:]}\n" for text in QUIET.splitlines())
    path.write_text(quiet + wrapped + quiet, encoding="utf-8")

    (event,) = diagnose([open_source(str(path))]).events
    assert (event.seqno, event.device, event.gt) == (7, "0000:00:02.0", 0)
    assert event.stamp is not None


@pytest.mark.parametrize("width", range(40, 130, 3))
def test_a_large_log_wrapped_at_any_width_hides_nothing(width, tmp_path, monkeypatch):
    monkeypatch.setattr("gputlb.diagnose._scan.THOROUGH_BYTES", 1 << 16)
    monkeypatch.setattr("gputlb.diagnose._scan.BOOT_BYTES", 1 << 15)
    line = "[  100.000000] i915 0000:00:02.0: [drm] *ERROR* GT0: GUC: TLB invalidation response timed out for seqno 7"
    path = tmp_path / "log"
    quiet = [f"{each} {'long ' * (number % 12)}" for number, each in enumerate(QUIET.splitlines()[:1500])]
    text = "".join(f"{each}\n" for each in [*quiet, line, *quiet])
    path.write_text(
        "".join(f"{each[at : at + width]}\n" for each in text.splitlines() for at in range(0, len(each), width)),
        encoding="utf-8",
    )

    (event,) = diagnose([open_source(str(path))]).events
    assert (event.seqno, event.stamp) == (7, "100.000000")
