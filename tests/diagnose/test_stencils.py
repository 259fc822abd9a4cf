"""Floods read by stencil give what the thorough way gives, line by line."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gputlb.diagnose._flood import Flood
from gputlb.diagnose._machine import MachineReader
from gputlb.diagnose._scan import LogScan
from gputlb.diagnose._sources import Source
from gputlb.diagnose._stencils import Stencils, skeleton
from gputlb.facts.messages import messages
from tests.diagnose.log_samples import diagnosed_text

START = datetime.datetime(2025, 11, 22, 11, 58, 0)
PREFIXES = {
    "boot": lambda at: f"[{at:12.6f}] ",
    "level": lambda at: f"<3>[{at:12.6f}] ",
    "dmesg -T": lambda at: f"[{START + datetime.timedelta(seconds=int(at)):%a %b %e %H:%M:%S %Y}] ",
    "journal": lambda at: f"{START + datetime.timedelta(seconds=int(at)):%b %d %H:%M:%S} box kernel: ",
    "journal in German": lambda at: f"Mär {START + datetime.timedelta(seconds=int(at)):%d %H:%M:%S} box kernel: ",
    "ISO": lambda at: f"{START + datetime.timedelta(seconds=at):%Y-%m-%dT%H:%M:%S.%f}+01:00 box kernel: ",
    "syslog": lambda at: f"{START + datetime.timedelta(seconds=int(at)):%b %e %H:%M:%S} box kernel: [{at:12.6f}] ",
}
BODIES = [
    lambda n: (
        f"i915 0000:0{n % 3}:00.0: [drm] *ERROR* GT{n % 2}: GUC: TLB invalidation response timed out for seqno {n}"
    ),
    lambda n: (
        f"xe 0000:4d:00.{n % 8}: [drm] *ERROR* Tile0: GT{n % 2}: TLB invalidation fence timeout, seqno={n} recv={n - 9}"
    ),
    lambda n: f"i915 0000:00:02.0: [drm] *ERROR* GT0: vcs{n % 4} TLB invalidation did not complete in 4ms!",
    lambda n: f"mmio_invalidate_full: {n % 40 + 1} callbacks suppressed",
    lambda n: f"i915 0000:00:02.0: [drm] GPU HANG: ecode 12:{n % 9}:85dcfdfb, in Xorg [{n}]",
    lambda n: "xe 0000:03:00.0: [drm] *ERROR* GT0: reset failed (-ETIMEDOUT)",
    lambda n: "xe 0000:03:00.0: [drm] GT0: reset done",
    lambda n: "amdgpu 0000:0a:00.0: amdgpu: Timeout waiting for VM flush ACK!",
    lambda n: f"xe 0000:03:00.0: [drm] *ERROR* GT0: Timed out wait for G{n % 4}H, fence {n}, action 0502, done no",
    lambda n: f"amdgpu 0000:0a:00.0: amdgpu: GPU reset end with ret = {n % 3}",
    lambda n: f"i91{n % 7} 0000:00:02.0: [drm] *ERROR* gt: timed out waiting for forcewake ack request.",
    lambda n: f"usb 1-{n % 9}: new high-speed USB device number {n % 127}",
    lambda n: "[drm:wait_for_ct_request_update [i915]] *ERROR* CT: fence 168 err -62",
]


@pytest.fixture(autouse=True, scope="module")
def _short_floods():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gputlb.diagnose._scan._FEWEST_FLOOD_LINES", 2)
        yield


def both_ways(lines):
    data = "".join(line + "\n" for line in lines).encode()
    slow = LogScan(Source("log", None), MachineReader())
    thorough = list(slow._thorough(data.decode()))
    fast = LogScan(Source("log", None), MachineReader())
    found = list(fast._large(iter([data[: len(data) // 2], data[len(data) // 2 :]])))
    floods = [each for each in found if isinstance(each, Flood)]
    quick = [event for each in found for event in (each.events() if isinstance(each, Flood) else [each])]
    assert slow.extent.lines == fast.extent.lines
    assert slow.extent.lines_with_stamp >= fast.extent.lines_with_stamp
    return thorough, quick, floods


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_mixture_of_lines_reads_alike(data):
    prefixes = data.draw(st.lists(st.sampled_from(sorted(PREFIXES)), min_size=1, max_size=2))
    bodies = data.draw(st.lists(st.integers(0, len(BODIES) - 1), min_size=1, max_size=5))
    step = data.draw(st.sampled_from([0.004, 1.024, 2.05, 61.0]))
    first = data.draw(st.integers(1, 2_000))
    lines = [
        PREFIXES[prefixes[n % len(prefixes)]](100 + n * step) + BODIES[bodies[n % len(bodies)]](first + n)
        for n in range(60)
    ]

    thorough, quick, _ = both_ways(lines)
    assert thorough == quick


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
@pytest.mark.parametrize("message", [each for each in messages() if each.tlb], ids=lambda each: each.kind)
def test_the_sample_of_every_message_becomes_a_flood(message, prefix):
    body = message.sample.split("] ", 1)[-1] if message.sample.startswith("[ ") else message.sample
    lines = [PREFIXES[prefix](100 + n * 2.05) + body for n in range(50)]

    thorough, quick, floods = both_ways(lines)
    assert thorough == quick
    assert not thorough or sum(len(flood.lines) for flood in floods) == 48


def test_a_wrapped_line_within_a_flood_is_read_whole():
    line = "[{:12.6f}] i915 0000:00:02.0: [drm] *ERROR* GT0: GUC: TLB invalidation response timed out for seqno {}"
    lines = [line.format(100 + n * 2.05, n) for n in range(100, 140)]
    broken = [*lines[:20], lines[20][:60], lines[20][60:], *lines[21:30], lines[30] + "\n(x3)", *lines[31:]]

    thorough, quick, _ = both_ways("\n".join(broken).split("\n"))
    assert thorough == quick
    assert [event.seqno for event in quick] == list(range(100, 140))


def test_another_number_in_a_name_is_another_line():
    assert skeleton(b"[ 1.5] i915 0000:00:02.0: x") != skeleton(b"[ 1.5] i810 0000:00:02.0: x")
    assert skeleton(b"[ 1.5] i915 0000:00:02.0: x") == skeleton(b"[ 8.2] i915 0000:03:07.1: x")


def test_the_number_of_stencils_is_bounded(monkeypatch):
    monkeypatch.setattr("gputlb.diagnose._stencils.MOST_STENCILS", 10)
    stencils = Stencils()
    for n in range(100):
        stencils.ignore(b"x" * n, b"kernel: quiet")
        stencils.learn(b"y" * n, b"y" * n, [])

    assert sum(stencils.get(b"x" * n) is False for n in range(100)) == 10


def test_a_cat_error_with_a_count_of_its_own_is_one(tmp_path):
    line = (
        "[  100.000000] xe 0000:03:00.0: [drm] GT0: Engine memory CAT error [4]: class=ccs, logical_mask: 0x1, guc_id=6"
    )
    timeout = "[  101.000000] xe 0000:03:00.0: [drm] *ERROR* TLB invalidation fence timeout, seqno=5 recv=4"

    assert [1, 1] == [event.repeated for event in diagnosed_text(tmp_path, f"{line}\n{timeout}\n").events]


@pytest.mark.parametrize("few", [1, 2, 20, 64])
def test_short_runs_are_read_alike(few, monkeypatch):
    monkeypatch.setattr("gputlb.diagnose._scan._FEWEST_FLOOD_LINES", few)
    lines = [PREFIXES["boot"](n) + BODIES[0 if n % 30 else 9](n) for n in range(100)]

    thorough, quick, _ = both_ways(lines)
    assert thorough == quick
