"""A virtual GPU has what its platform's facts say, on every platform that has invalidation registers."""

from __future__ import annotations

import pytest

from gputlb import facts
from gputlb.device import Behaviour
from tests.device.rig import Rig

PLATFORMS = [row for row in facts.platforms() if all(gt.register_table for gt in row.gts)]


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda row: row.kernel)
def test_a_gpu_has_the_engines_and_domains_of_its_platform_and_a_unit_for_each_engine(platform: facts.Platform):
    gpu = Rig(platform).gpu

    assert {name for gt in platform.gts for name in facts.shown_names(gt.engines)} == set(gpu.engines)
    assert sorted([*gpu.engines, *(["oa"] if gpu.oa else [])]) == sorted(unit.name for unit in gpu.units)
    assert sum(len(facts.forcewake_domains(platform, gt_type=gt.type)) for gt in platform.gts) == len(gpu.domains)


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda row: row.kernel)
def test_mainline_s_request_for_each_engine_drops_that_engine_s_tlb(platform: facts.Platform):
    """The facts say what to write; the device, what comes of it. Both agree for every engine there is."""
    rig = Rig(platform)
    rig.map(2)
    for gt in platform.gts:
        rig.wake(gt.type)
        for name, engine in zip(facts.shown_names(gt.engines), gt.engines, strict=True):
            row = facts.invalidation_register(gt.register_table or "", engine.engine_class, engine.instance)
            if row is None:
                continue
            rig.run_context(name)
            rig.touch(2, name)
            assert rig.keeps(2, name)

            offset = row.offset + gt.gsi_offset
            assert rig.flush(offset, row.request(engine.instance), row.done_mask(engine.instance)), name
            assert not rig.keeps(2, name), name


def test_names_of_domains_bear_their_gt_where_there_are_two():
    assert {"gt0.render", "gt0.gt", "gt1.gt", "gt1.vdbox0", "gt1.vdbox2", "gt1.vebox0", "gt1.gsc"} == set(
        Rig("meteorlake").gpu.domains
    )


def test_the_defaults_are_what_is_documented_of_real_ones():
    behaviour = Behaviour()

    switches = {name: getattr(behaviour, name) for name in Behaviour.__slots__ if not name.endswith(("latency", "us"))}
    assert {
        "masked_registers": True,
        "tlb_lost_on_power_down": True,
        "tlb_lost_on_reset": True,
        "requests_disturb_reset": True,
        "requests_begin_with_invalidate": True,
        "invalidation_cancels_walks": True,
        "multicast_at_start": True,
        "strict_power": False,
    } == switches
