"""Logs too large to be read line by line give the same answer, in bounded memory."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest

from gputlb.diagnose import diagnose, open_source
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
