"""Traces are read in every text form, and say plainly what they cannot show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gputlb.diagnose import UnreadableInput
from gputlb.diagnose.traces import explain_trace, open_trace

SAMPLES = Path(__file__).parent.parent / "samples" / "traces"
INDEX = json.loads((SAMPLES / "INDEX.json").read_text(encoding="utf-8"))


def explained(tmp_path, *lines, **options):
    path = tmp_path / "trace.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return explain_trace(open_trace(str(path)), **options)


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_events_and_markers_are_as_many_as_counted_by_hand(row):
    explanation = explain_trace(open_trace(str(SAMPLES / row["file"])))

    assert row["expected"]["n_events"] == explanation.n_events
    assert row["expected"]["n_i915_reg_rw"] == explanation.n_i915_reg_rw
    assert row["expected"].get("markers", 0) == explanation.markers


@pytest.mark.parametrize(
    ("file", "shape"),
    [
        ("t02-ftrace-text-kernel-6.18-with-flags.txt", "tracefs text"),
        ("t03-trace-cmd-report-default.txt", "trace-cmd report"),
        ("t04-trace-cmd-report-latency-format.txt", "trace-cmd report -l"),
        ("t07-perf-script.txt", "perf script"),
    ],
)
def test_the_form_is_recognised(file, shape):
    assert shape == explain_trace(open_trace(str(SAMPLES / file))).format


EVENT = "i915_reg_rw: write reg=0xa188, len=4, val=(0x10001, 0x0)"


@pytest.mark.parametrize(
    "line",
    [
        f"  kworker/0:1-12  [000] .....  10.000001: {EVENT}",
        f"  kworker/0:1-12  (     12) [000] d..1.  10.000001: {EVENT}",
        f"  kworker/0:1-12  (-------) [000] d..1  10.000001: {EVENT}",
        f"  my <odd> comm-12  [000]  10.000001: {EVENT.replace(': ', ':        ', 1)}",
        f"  kworker/0:1-12  [000]  10.000001123: {EVENT}",
        f"  kworker/0:1-12  [000]  10.000001: (+557) {EVENT}",
        f"  kworker-12  0d..1.  10.000001: {EVENT}",
        f"  my comm 12 [000]  10.000001: i915:{EVENT}",
        f"  my comm 12/13 [000]  10.000001123: i915:{EVENT}",
    ],
)
def test_an_event_is_read_whatever_stands_around_it(line, tmp_path):
    explanation = explained(tmp_path, line)

    assert (1, 1) == (explanation.n_events, explanation.n_i915_reg_rw)
    assert explanation.registers[0].purpose == "forcewake request"


def test_lost_events_are_accounted_for(tmp_path):
    explanation = explained(
        tmp_path,
        "# entries-in-buffer/entries-written: 100/350   #P:2",
        "CPU:1 [LOST 12 EVENTS]",
        f"  a-1  [000] .....  10.000001: {EVENT}",
    )

    assert 262 == explanation.lost_events
    assert (
        "262 events were lost: a fence without an answer may have had one that was not recorded." in explanation.notes
    )


def test_a_stock_capture_says_that_it_cannot_show_the_flushes(tmp_path):
    explanation = explained(tmp_path, f"  a-1  [000] .....  10.000001: {EVENT}")

    assert explanation.notes[0].startswith(
        "The register accesses of this trace hold no TLB invalidation. That proves nothing"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "",
            "TRACE: is empty; expected the text of tracefs, `trace-cmd report` or `perf script`, or a trace.dat",
        ),
        (
            "hello\nworld\n",
            "TRACE: none of its 2 lines is a trace event; "
            "expected the text of tracefs, `trace-cmd report` or `perf script`, or a trace.dat",
        ),
    ],
)
def test_what_is_no_trace_is_refused(text, sentence, tmp_path):
    path = tmp_path / "trace"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UnreadableInput) as caught:
        explain_trace(open_trace(str(path)))
    assert sentence == str(caught.value).replace(str(path), "TRACE")


def test_a_trace_dat_without_trace_cmd_is_refused_with_the_way_out(tmp_path, monkeypatch):
    path = tmp_path / "trace.dat"
    path.write_bytes(b"\x17\x08\x44tracing6\0")
    monkeypatch.setattr("shutil.which", lambda name: None)

    with pytest.raises(UnreadableInput) as caught:
        explain_trace(open_trace(str(path)))
    assert str(caught.value).replace(str(path), "TRACE") == (
        "TRACE: is a trace.dat, which only trace-cmd can read, and that is not installed; "
        "install it, or give the text of `trace-cmd report -i TRACE`"
    )


def test_the_drivers_own_word_on_a_flush_is_decoded(tmp_path):
    (flush,) = explained(
        tmp_path,
        "  a-1  [000] .....  10.000001: mmio_invalidate_full: 0000:00:02.0 invalidated engines 00000003",
    ).gt_traces

    assert (flush.device, flush.mask, flush.engines) == ("0000:00:02.0", 3, ["rcs0", "bcs0"])
