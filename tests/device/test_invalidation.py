"""Invalidation units drop exactly their engine's translations, at exactly the requests that their register takes."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb import facts
from gputlb.device import Behaviour
from gputlb.runtime import SPINNING, Constant
from tests.device.rig import INVALIDATION_US, Rig

RTCR, M1TCR, M2TCR, BTCR, VTCR = 0x4260, 0x4264, 0x4268, 0x426C, 0x4270
GFX, VD, VE, BLT, OA, COMPCTX = 0xCED8, 0xCEDC, 0xCEE0, 0xCEE4, 0xCEEC, 0xCF04
MEDIA = 0x380000


def flushed_by(rig: Rig, offset: int, value: int) -> set[str]:
    """Return the engines that a write makes forget a page which each of them had kept."""
    rig.map(0)
    rig.run_context(*rig.gpu.engines)
    for gt in rig.platform.gts:
        rig.wake(gt.type)
    for name in rig.gpu.engines:
        rig.touch(0, name)
        assert rig.keeps(0, name)
    rig.write(offset, value)
    rig.wait(1000)
    return {name for name in rig.gpu.engines if not rig.keeps(0, name)}


@pytest.mark.parametrize(
    ("platform", "offset", "value", "engines"),
    [
        ("skylake", RTCR, 1, {"rcs0"}),
        ("skylake", M1TCR, 1, {"vcs0"}),
        ("skylake", BTCR, 1, {"bcs0"}),
        ("skylake", VTCR, 1, {"vecs0"}),
        ("skylake", M1TCR, 1 << 16 | 1, {"vcs0"}),  # gen8 to gen11 have no write-enable bits
        ("broadwell", M2TCR, 1, {"vcs1"}),
        ("icelake", M1TCR, 1, {"vcs0"}),
        ("icelake", M1TCR, 1 << 2, {"vcs1"}),  # hardware instance 2
        ("icelake", BTCR, 1, {"bcs0"}),  # where the July 2022 formula sends that instance
        ("icelake", M2TCR, 1, set()),
        ("tigerlake", GFX, 1, {"rcs0"}),
        ("tigerlake", BLT, 1, {"bcs0"}),
        ("tigerlake", VD, 1 << 16 | 1, {"vcs0"}),
        ("tigerlake", VD, 5 << 16 | 5, {"vcs0", "vcs1"}),
        ("tigerlake", VE, 1 << 16 | 1, {"vecs0"}),
        ("tigerlake", GFX, 0, set()),
        ("tigerlake", GFX, 2, set()),  # no such instance
        ("dg2", COMPCTX, 8 << 16 | 8, {"ccs3"}),
        ("meteorlake", COMPCTX, 1 << 16 | 1, {"ccs0"}),
        ("meteorlake", MEDIA + VD, 4 << 16 | 4, {"vcs1"}),
        ("meteorlake", MEDIA + COMPCTX, 2 << 16 | 2, {"other0"}),  # the GSC: bit 1, though its instance is 6
        ("meteorlake", MEDIA + COMPCTX, 1 << 16 | 1, set()),
    ],
)
def test_a_request_makes_its_engine_forget_and_no_other(platform: str, offset: int, value: int, engines: set[str]):
    # Several rows may bear a name: the one with the most engines is meant.
    rows = [row for row in facts.platforms() if row.kernel == facts.platform(platform).kernel]
    full = max(rows, key=lambda row: len(row.engines))

    assert engines == flushed_by(Rig(full), offset, value)


@pytest.mark.parametrize(
    ("platform", "offset", "engine"),
    [
        ("tigerlake", VD, "vcs0"),
        ("tigerlake", VE, "vecs0"),
        ("dg2", VD, "vcs0"),
        ("dg2", VE, "vecs0"),
        ("dg2", COMPCTX, "ccs0"),
        ("meteorlake", MEDIA + VD, "vcs0"),
    ],
)
def test_from_12_00_on_some_registers_ignore_a_write_without_write_enable_bits(platform: str, offset: int, engine: str):
    """CVE-2022-4139: the bit reads 0 at once, as if the unit had finished."""
    rig = Rig(platform)
    assert set() == flushed_by(rig, offset, 1)
    assert 0 == rig.read(offset)
    assert 1 == len(rig.events("request_ignored"))

    relaxed = Rig(platform, masked_registers=False)
    assert {engine} == flushed_by(relaxed, offset, 1)


def test_the_request_bit_reads_1_until_the_unit_has_finished():
    rig = Rig()
    rig.wake()

    async def steps() -> tuple[int, float, int]:
        await rig.registers.write(GFX, 1)
        pending = await rig.registers.read(GFX)
        begun_ns = rig.runtime.now_ns
        await rig.registers.until(GFX, 1, 0, 1000, SPINNING)
        return pending, (rig.runtime.now_ns - begun_ns) / 1000, await rig.registers.read(GFX)

    assert (1, INVALIDATION_US, 0) == rig.do(steps())


def test_a_unit_leaves_the_other_bits_of_its_register_alone():
    rig = Rig(invalidation_latency=Constant(40))
    rig.wake()

    async def steps() -> list[int]:
        await rig.registers.write(VD, 1 << 16 | 1)
        await rig.runtime.sleep(10)
        await rig.registers.write(VD, 4 << 16 | 4)
        seen = []
        for us in (0, 35, 15):
            await rig.runtime.sleep(us)
            seen.append(await rig.registers.read(VD))
        return seen

    assert [5, 4, 0] == rig.do(steps())


@given(st.integers(0, 2**32))
def test_an_invalidation_never_takes_longer_than_the_architects_cap(seed: int):
    latency = Behaviour().invalidation_latency
    random = Random(seed)

    assert all(0 < latency.draw_us(random) <= 1000 for _ in range(50))


def test_an_invalidation_takes_40_us_typically_and_100_at_worst():
    latency = Behaviour().invalidation_latency
    random = Random(1)
    drawn = sorted(latency.draw_us(random) for _ in range(10_000))

    assert 39 < drawn[5_000] < 41
    assert 5 <= sum(us > 100 for us in drawn) <= 20  # one in a thousand


def walk_overtaken_by_a_flush(**behaviour: Any) -> Rig:
    """Begin a walk, unmap and flush while it is under way, then let it end and the page go."""
    rig = Rig(walk_latency=Constant(100), **behaviour)
    page = rig.map(2)
    rig.run_context("rcs0")
    rig.wake()

    async def walk() -> None:
        await rig.engine().touch(2)

    async def steps() -> None:
        await rig.runtime.sleep(10)
        await rig.page_table[2].store(0)
        await rig.registers.write(GFX, 1)
        await rig.registers.until(GFX, 1, 0, 1000, SPINNING)
        await rig.memory.take_back([page])
        await rig.runtime.sleep(100)

    rig.runtime.agent("walk", walk)
    rig.do(steps())
    return rig


def test_a_walk_under_way_is_cancelled_by_an_invalidation():
    rig = walk_overtaken_by_a_flush()

    assert (0, False) == (rig.runtime.violations, rig.keeps(2))


def test_a_walk_that_is_not_cancelled_fills_a_stale_entry():
    rig = walk_overtaken_by_a_flush(invalidation_cancels_walks=False)

    assert (1, True) == (rig.runtime.violations, rig.keeps(2))
    assert 1 == rig.touch(2)


@pytest.mark.parametrize(("offset", "value", "stale"), [(GFX, 1, 1), (BLT, 1, 1), (OA, 1, 0)])
def test_only_its_own_register_drops_the_observation_unit_s_tlb(offset: int, value: int, stale: int):
    """Wa_2207587034, Tiger Lake and its kin."""
    rig = Rig()
    oa = rig.gpu.oa
    assert oa is not None
    page = rig.map(2)
    rig.do(oa.start_context())
    rig.wake()
    rig.do(oa.touch(2))
    rig.unmap(2, page)

    assert rig.flush(offset, value, 1)
    rig.do(oa.touch(2))

    assert stale == rig.runtime.violations


@pytest.mark.parametrize("platform", ["skylake", "icelake", "dg2", "meteorlake"])
def test_other_platforms_have_no_observation_unit_of_that_kind(platform: str):
    assert Rig(platform).gpu.oa is None
