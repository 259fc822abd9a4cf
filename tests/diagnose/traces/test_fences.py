"""Fences are followed from send to signal: answered, late, lost, under way."""

from __future__ import annotations

import pytest

from tests.diagnose.traces.test_trace_samples import explained

NEW, OLD = "xe_tlb_inval_fence", "xe_gt_tlb_invalidation_fence"


def line(time, event, *, pid=7):
    return f"  kworker-{pid}  [001] ..... {time:13.6f}: {event}"


def fence(time, step, seqno, *, name=NEW, device="0000:03:00.0", pid=7):
    return line(time, f"{name}_{step}: dev={device}, fence=00000000{seqno:08x}, seqno={seqno}", pid=pid)


def h2g(time, gt, *, action="0x7000", pid=7):
    return line(
        time,
        f"xe_guc_ctb_h2g: H2G CTB: dev=0000:03:00.0, gt{gt}: action={action}, len=3, tail=1, head=1",
        pid=pid,
    )


@pytest.mark.parametrize("name", [NEW, OLD])
def test_latency_runs_from_send_to_signal(name, tmp_path):
    explanation = explained(
        tmp_path,
        fence(1.0, "send", 1, name=name),
        fence(1.0001, "recv", 1, name=name),
        fence(1.00025, "signal", 1, name=name),
    )

    (lane,) = explanation.fences
    assert (lane.device, lane.gt, lane.sent, lane.answered) == ("0000:03:00.0", None, 1, 1)
    assert lane.latency.max_us == pytest.approx(250, abs=1)
    assert not explanation.bad


def test_early_kernels_name_no_device(tmp_path):
    early = "xe_gt_tlb_invalidation_fence"
    explanation = explained(
        tmp_path,
        line(1.0, f"{early}_send: fence=00000000deadbeef, seqno=4"),
        line(1.5, f"{early}_signal: fence=00000000deadbeef, seqno=4"),
    )

    assert [(None, 1)] == [(lane.device, lane.answered) for lane in explanation.fences]


def test_the_gt_comes_from_the_message_that_carries_the_request(tmp_path):
    explanation = explained(
        tmp_path,
        fence(1.0, "send", 1),
        h2g(1.000002, 0),
        fence(1.1, "send", 1, pid=8),
        h2g(1.100002, 1, pid=8),
        fence(1.2, "signal", 1),
    )

    assert [(0, 1), (1, 1)] == [(lane.gt, lane.sent) for lane in explanation.fences]


def test_other_messages_to_the_firmware_name_no_gt(tmp_path):
    (lane,) = explained(
        tmp_path, fence(1.0, "send", 1), h2g(1.000002, 0, action="0x1000"), fence(1.1, "signal", 1)
    ).fences

    assert lane.gt is None


def test_a_timeout_before_later_answers_is_late(tmp_path):
    explanation = explained(
        tmp_path,
        fence(1.0, "send", 1),
        fence(1.1, "send", 2),
        fence(3.3, "timeout", 1),
        fence(3.3, "signal", 1),
        fence(3.4, "signal", 2),
    )

    (lane,) = explanation.fences
    assert (lane.late, lane.lost, lane.answered) == (1, 0, 1)
    assert explanation.bad


def test_a_timeout_with_nothing_afterwards_is_lost(tmp_path):
    (lane,) = explained(tmp_path, fence(1.0, "send", 1), fence(3.3, "timeout", 1), fence(3.3, "signal", 1)).fences

    assert (lane.late, lane.lost, lane.answered) == (0, 1, 0)


def test_the_error_signal_after_a_timeout_is_no_answer(tmp_path):
    explanation = explained(tmp_path, fence(1.0, "send", 1), fence(3.3, "timeout", 1), fence(3.3, "signal", 1))

    assert explanation.began_before == 0
    assert explanation.fences[0].latency is None


def test_a_young_request_at_the_end_is_under_way_and_an_old_one_unanswered(tmp_path):
    (lane,) = explained(tmp_path, fence(1.0, "send", 1), fence(9.0, "send", 2)).fences

    assert (lane.unanswered, lane.under_way) == (1, 1)


def test_the_depth_of_the_queue_is_counted(tmp_path):
    (lane,) = explained(
        tmp_path,
        *(fence(1 + n / 10, "send", n) for n in range(1, 5)),
        *(fence(2 + n / 10, "signal", n) for n in range(1, 5)),
    ).fences

    assert lane.most_in_flight == 4


def test_signals_of_earlier_requests_are_counted_apart(tmp_path):
    explanation = explained(tmp_path, fence(1.0, "signal", 1), fence(1.1, "send", 2), fence(1.2, "signal", 2))

    assert explanation.began_before == 1
    assert "1 fences were signalled whose request lies before the trace." in explanation.notes


def test_two_devices_are_kept_apart(tmp_path):
    explanation = explained(
        tmp_path, fence(1.0, "send", 1), fence(1.0, "send", 1, device="0000:04:00.0"), fence(1.1, "signal", 1)
    )

    assert [("0000:03:00.0", 1), ("0000:04:00.0", 0)] == [(lane.device, lane.answered) for lane in explanation.fences]
