"""A growing log gives each incident when it begins and when it is over, and nothing else."""

from __future__ import annotations

from gputlb.diagnose import follow
from tests.diagnose.log_samples import NEGATIVE, SAMPLES


def news(lines):
    return [(item.state, item.incident.device, item.incident.count) for item in follow(lines)]


def lines_of(file):
    return (SAMPLES / file).read_text(encoding="utf-8").splitlines()


def test_each_burst_is_announced_and_closed():
    assert [
        ("began", "0000:00:02.0", 1),
        ("over", "0000:00:02.0", 10),
        ("began", "0000:00:02.0", 1),
        ("over", "0000:00:02.0", 10),
    ] == news(lines_of("p03-pve-i915-guc-apr26-dmesgT.log"))


def test_cards_are_kept_apart():
    states = news(lines_of("p09-16x-bmg-bandwidth-guc-crash.log"))

    assert sorted(state[1] for state in states if state[0] == "began") == sorted(
        ["0000:0e:00.0"] * 4 + ["0000:ae:00.0", "0000:5e:00.0"]
    )
    assert sum(state[0] == "over" for state in states) == 6


def test_a_minute_without_any_line_ends_an_incident():
    line = "[   10.000000] xe 0000:03:00.0: [drm] *ERROR* TLB invalidation fence timeout, seqno=5 recv=4"

    states = []
    for item in follow([line, *[None] * 61, "[  500.000000] usb 1-1: new device"]):
        states.append(item.state)
    assert states == ["began", "over"]


def test_neighbours_alone_are_no_news():
    for row in NEGATIVE:
        assert [] == news(lines_of(row["file"]))


def test_a_long_quiet_log_gives_nothing():
    assert [] == news(f"[{second:12.6f}] usb 1-1: new device number {second}" for second in range(5_000))
