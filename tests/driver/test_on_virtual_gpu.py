"""Driver and virtual GPU together: what the hardware makes of the driver's requests."""

from __future__ import annotations

from typing import Any

import pytest

from gputlb import facts
from gputlb.device import SystemMemory, VirtualGpu
from gputlb.driver import Gt, GtDescription, PageTable, Tlb, scheme
from gputlb.runtime import Recorder, SimulatedRuntime


def flushed(platform_name: str, scheme_name: str) -> list[tuple[Any, ...]]:
    """Flush a virtual GPU all of whose engines are awake; return its own and the driver's events."""
    runtime = SimulatedRuntime(seed=3)
    recorder = Recorder(runtime.events)
    platform = facts.platform(platform_name)
    table = PageTable(runtime, "ppgtt", 4)
    gpu = VirtualGpu(runtime, platform, table.entries, SystemMemory(runtime, 8))
    description = GtDescription.of(platform)
    gt = Gt(runtime, gpu.registers, description, awake=[engine.name for engine in description.engines])
    tlb = Tlb(gt, scheme(scheme_name)(gt))

    async def client() -> None:
        async with tlb:
            await tlb.invalidate_full(await tlb.next_invalidate_full())

    gpu.start()
    gt.uncore.start_delayed_release()
    runtime.agent("client", client)
    runtime.run(until_us=20_000)
    return [(event.kind, *event.values) for event in recorder]


@pytest.mark.parametrize("platform", ["SKL", "ICL", "TGL", "DG2", "MTL"])
def test_mainline_s_requests_all_arrive_and_end_in_time(platform: str):
    events = flushed(platform, "mmio")

    assert [] == [event for event in events if event[0] in ("request_ignored", "err", "warn")]
    assert ("seqno", 2) in events


def test_on_tiger_lake_the_patch_s_requests_to_masked_registers_are_ignored_and_nobody_notices():
    events = flushed("TGL", "mmio-2022")

    assert [
        ("request_ignored", "GEN12_VD_TLB_INV_CR", 1),
        ("request_ignored", "GEN12_VD_TLB_INV_CR", 4),
        ("request_ignored", "GEN12_VE_TLB_INV_CR", 1),
    ] == [event for event in events if event[0] == "request_ignored"]
    assert {"ok"} == {event[-1] for event in events if event[0] == "wait"}
    assert [] == [event for event in events if event[0] == "err"]


def test_every_domain_is_woken_for_a_flush_and_sleeps_a_while_after_it():
    events = [event for event in flushed("TGL", "mmio") if event[0] in ("fw_awake", "fw_asleep")]
    domains = ["render", "gt", "vdbox0", "vdbox2", "vebox0"]

    assert [("fw_awake", name) for name in domains] == events[:5]
    assert {("fw_asleep", name) for name in domains} == set(events[5:])
