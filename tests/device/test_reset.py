"""A reset drops the TLBs and the requests under way of its GT, and of no other."""

from __future__ import annotations

from typing import Any

import pytest

from gputlb.runtime import Constant
from tests.device.rig import RESET_US, Rig

GDRST, FULL = 0x941C, 1
GFX, MEDIA, VD = 0xCED8, 0x380000, 0xCEDC


def primed(platform: str = "tigerlake", **behaviour: Any) -> Rig:
    rig = Rig(platform, **behaviour)
    rig.map(2)
    for gt in rig.platform.gts:
        rig.wake(gt.type)
    rig.run_context(*rig.gpu.engines)
    for name in rig.gpu.engines:
        rig.touch(2, name)
    return rig


def test_the_reset_bit_reads_1_until_it_is_done():
    rig = primed()

    rig.write(GDRST, FULL)

    assert (FULL, False, True) == (
        rig.read(GDRST),
        rig.until(GDRST, FULL, 0, RESET_US - 10),
        rig.until(GDRST, FULL, 0, 20),
    )


@pytest.mark.parametrize(("forgets", "kept"), [(True, 0), (False, 5)])
def test_a_reset_takes_every_engine_s_translations_along(forgets: bool, kept: int):
    rig = primed(tlb_lost_on_reset=forgets)

    rig.write(GDRST, FULL)
    rig.wait(2 * RESET_US)

    assert kept == sum(rig.keeps(2, name) for name in rig.gpu.engines)


def test_a_reset_ends_requests_under_way_without_their_unit():
    rig = primed(invalidation_latency=Constant(900))
    rig.write(GFX, 1)

    rig.write(GDRST, FULL)

    assert rig.until(GFX, 1, 0, RESET_US + 100)
    assert [("unit", "rcs0", "begin")] == rig.events("unit")


def test_a_unit_serves_anew_after_a_reset_has_cut_it_short():
    rig = primed(invalidation_latency=Constant(900), tlb_lost_on_reset=False)
    rig.write(GFX, 1)
    rig.write(GDRST, FULL)
    rig.wait(1500)
    assert rig.keeps(2)

    assert rig.flush(GFX, 1, 1)

    assert not rig.keeps(2)


def test_the_observation_unit_is_reset_too():
    rig = primed()
    oa = rig.gpu.oa
    assert oa is not None
    rig.do(oa.start_context())
    rig.do(oa.touch(2))

    rig.write(GDRST, FULL)
    rig.wait(2 * RESET_US)

    assert 0 == rig.do(oa.tlb.look_up(2))


@pytest.mark.parametrize(
    ("offset", "forgetful"),
    [(GDRST, {"rcs0", "bcs0", "ccs0"}), (MEDIA + GDRST, {"vcs0", "vcs1", "vecs0", "other0"})],
)
def test_a_reset_stays_on_its_gt(offset: int, forgetful: set[str]):
    rig = primed("meteorlake")

    rig.write(offset, FULL)
    rig.wait(2 * RESET_US)

    assert forgetful == {name for name in rig.gpu.engines if not rig.keeps(2, name)}


def test_single_engine_resets_are_not_modelled():
    rig = primed()

    rig.write(GDRST, 1 << 1)
    rig.wait(2 * RESET_US)

    assert rig.keeps(2)
