"""A trace.dat is read through the real trace-cmd, and tells the latencies that were recorded."""

from __future__ import annotations

import shutil

import pytest

from gputlb.diagnose import UnreadableInput
from gputlb.diagnose.traces import explain_trace, open_trace
from tests.diagnose.traces.trace_dat import Recorded, write_trace_dat

needs_trace_cmd = pytest.mark.skipif(shutil.which("trace-cmd") is None, reason="trace-cmd is not installed")

CARD, OTHER = "0000:03:00.0", "0000:4d:00.0"
TASKS = {77: "kworker/1:2", 912: "a task <with> 7-8"}


def fence(time_us, step, seqno, *, device=CARD, cpu=0, pid=77, front="xe_tlb_inval"):
    return Recorded(cpu, pid, time_us * 1000, f"{front}_fence_{step}", device, (0xFFFF888100000000 + seqno, seqno))


def slowest_us(lane):
    return lane.latency.max_us


@needs_trace_cmd
@pytest.mark.parametrize("front", ["xe_tlb_inval", "xe_gt_tlb_invalidation"])
def test_latencies_and_gts_come_out_as_they_went_in(front, tmp_path):
    events = [
        fence(1_000_000, "send", 1, front=front),
        Recorded(0, 77, 1_000_002_000, "xe_guc_ctb_h2g", CARD, (1, 0x7000, 3, 8, 4)),
        fence(1_000_250, "signal", 1, cpu=1, front=front),
        fence(2_000_000, "send", 2, device=OTHER, pid=912, front=front),
        fence(2_003_000, "signal", 2, device=OTHER, cpu=1, front=front),
        fence(3_000_000, "send", 3, pid=912, front=front),
        fence(5_250_000, "timeout", 3, cpu=1, front=front),
        fence(5_250_010, "signal", 3, cpu=1, front=front),
    ]
    path = tmp_path / "trace.dat"
    write_trace_dat(path, events, tasks=TASKS)

    explanation = explain_trace(open_trace(str(path)))
    assert explanation.format == "trace-cmd report"
    assert explanation.n_events == len(events)
    lanes = {(lane.device, lane.gt): lane for lane in explanation.fences}
    assert slowest_us(lanes[CARD, 1]) == pytest.approx(250, abs=1)
    assert slowest_us(lanes[OTHER, None]) == pytest.approx(3000, abs=1)
    assert (lanes[CARD, None].sent, lanes[CARD, None].lost) == (1, 1)


@needs_trace_cmd
def test_many_pages_lose_nothing(tmp_path):
    path = tmp_path / "trace.dat"
    events = []
    for number in range(1, 3_001):
        events.append(fence(1_000 * number, "send", number))
        events.append(fence(1_000 * number + 200, "signal", number, cpu=1))
    write_trace_dat(path, events, tasks=TASKS)

    (lane,) = explain_trace(open_trace(str(path))).fences
    assert (lane.sent, lane.answered) == (3_000, 3_000)
    assert slowest_us(lane) == pytest.approx(200, abs=1)


@needs_trace_cmd
def test_a_damaged_trace_dat_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "trace.dat"
    write_trace_dat(path, [fence(1_000, "send", 1)], tasks=TASKS)
    path.write_bytes(path.read_bytes()[:40])

    with pytest.raises(UnreadableInput, match=r"trace\.dat: trace-cmd cannot read it"):
        explain_trace(open_trace(str(path)))


def test_without_trace_cmd_it_is_asked_for(tmp_path, monkeypatch):
    path = tmp_path / "trace.dat"
    write_trace_dat(path, [fence(1_000, "send", 1)], tasks=TASKS)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UnreadableInput, match="which only trace-cmd can read, and that is not installed"):
        explain_trace(open_trace(str(path)))
