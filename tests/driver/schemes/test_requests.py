"""Which register and which bits, by both formulas, against numbers stated by hand."""

from __future__ import annotations

import pytest

from gputlb import facts
from gputlb.driver import EngineDescription, GtDescription, ProbeFailed
from gputlb.driver.description import GtType
from gputlb.facts import Version
from tests.driver.parts import Bench


def requests(platform: str, scheme: str, gt_type: GtType = "primary") -> list[tuple[int, int]]:
    """Flush with every engine awake; return what was written where, in order, the steering left out."""
    bench = Bench(platform, scheme, gt_type).set_up()
    bench.bar.words[0xFD0] = bench.bar.words[0x380FD0] = 1
    bench.run(bench.tlb.invalidate_full(0))
    return [
        (offset, value) for kind, offset, value in bench.events("write", "mcr_write") if offset not in (0xFD0, 0xFD4)
    ]


def test_skylake_gt3_is_the_same_in_both():
    expected = [(0x4260, 1), (0x426C, 1), (0x4264, 1), (0x4268, 1), (0x4270, 1)]

    assert expected == requests("1926", "mmio") == requests("1926", "mmio-2022")


def test_ice_lake_s_third_decoder_went_to_the_copy_engine_s_register_in_2022():
    assert [(0x4260, 1), (0x426C, 1), (0x4264, 1), (0x4264, 4), (0x4270, 1)] == requests("ICL", "mmio")
    assert [(0x4260, 1), (0x426C, 1), (0x4264, 1), (0x426C, 1), (0x4270, 1)] == requests("ICL", "mmio-2022")


def test_tiger_lake_s_masked_registers_got_no_mask_in_2022():
    assert [(0xCED8, 1), (0xCEE4, 1), (0xCEDC, 0x10001), (0xCEDC, 0x40004), (0xCEE0, 0x10001), (0xCEEC, 1)] == (
        requests("TGL", "mmio")
    )
    assert [(0xCED8, 1), (0xCEE4, 1), (0xCEDC, 1), (0xCEDC, 4), (0xCEE0, 1), (0xCEEC, 1)] == (
        requests("TGL", "mmio-2022")
    )


def test_dg2_has_compute_engines_and_no_oa_workaround():
    assert [
        (0xCED8, 1),
        (0xCEE4, 1),
        (0xCEDC, 0x10001),
        (0xCEDC, 0x40004),
        (0xCEE0, 0x10001),
        (0xCEE0, 0x20002),
        (0xCF04, 0x10001),
        (0xCF04, 0x20002),
        (0xCF04, 0x40004),
        (0xCF04, 0x80008),
    ] == requests("DG2", "mmio")


def test_meteor_lake_s_media_gt_has_a_gsc_whose_bit_is_1():
    assert [(0xCEDC, 0x10001), (0xCEDC, 0x40004), (0xCEE0, 0x10001), (0xCF04, 0x20002)] == (
        requests("MTL", "mmio", "media")
    )


def test_a_version_that_nobody_has_looked_at_fails_the_load_in_6_12_and_warns_once_in_2022():
    bench = Bench("XEHPSDV", "mmio")
    with pytest.raises(ProbeFailed) as caught:
        bench.run(bench.tlb.scheme.set_up())

    assert -19 == caught.value.errno
    assert (
        "scheme 'mmio' does not load on XEHPSDV GT0 (graphics 12.50): "
        "this version's TLB is not invalidated by registers in Linux 6.12"
    ) == str(caught.value)
    assert [
        ("warn", "GT0: Platform does not implement TLB invalidation!"),
        ("engine_init", "rcs0", -19),
        ("probe_failed", -19),
    ] == bench.events()

    newer = GtDescription("LUNARLAKE", Version(20, 4), (EngineDescription("rcs0", 0, 0),))
    old = Bench(newer, "mmio-2022").set_up()
    for seqno in (0, 2):
        old.run(old.tlb.invalidate_full(seqno))
    assert [("warn", "Platform does not implement TLB invalidation!")] == old.events("warn", "write")


def test_a_class_that_the_table_lacks_fails_the_load_with_erange():
    bench = Bench(GtDescription("TIGERLAKE", Version(12, 0), (EngineDescription("other0", 4, 6),)))
    with pytest.raises(ProbeFailed) as caught:
        bench.run(bench.tlb.scheme.set_up())

    assert -34 == caught.value.errno
    assert (
        "scheme 'mmio' does not load on TIGERLAKE GT0 (graphics 12.00): "
        "engine other0 has no TLB invalidation register there"
    ) == str(caught.value)


def test_below_version_8_there_is_nothing_to_do_and_the_flush_counts():
    haswell = GtDescription("HASWELL", Version(7, 50), (EngineDescription("rcs0", 0, 0),))
    for name in ("mmio", "mmio-2022"):
        bench = Bench(haswell, name).set_up()
        bench.run(bench.tlb.invalidate_full(0))

        assert [("seqno", 2)] == bench.events("seqno", "warn", "fw_get")
        assert [] == bench.bar.writes


@pytest.mark.parametrize("name", ["ALDERLAKE_S", "ALDERLAKE_P", "TIGERLAKE", "ROCKETLAKE", "DG1"])
def test_the_oa_workaround_is_for_five_platforms(name: str):
    assert all(row.wa_2207587034 for row in facts.platforms() if row.kernel == name)
    assert 5 == len({row.kernel for row in facts.platforms() if row.wa_2207587034})


def test_the_oa_unit_is_left_alone_if_every_engine_sleeps():
    bench = Bench("TGL", awake=[], pm_references=1).set_up()
    bench.run(bench.tlb.invalidate_full(0))

    assert [] == bench.events("write")
    assert [("trace", "invalidated engines 00000000")] == bench.events("trace")
