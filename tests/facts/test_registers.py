"""Registers lie where the kernel's headers say, and each platform has its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.facts import (
    UnknownRegister,
    Version,
    engine_base,
    engine_class,
    invalidation_register,
    invalidation_registers,
    invalidation_rows,
    platform,
    platforms,
    register_at,
    register_named,
    registers,
    registers_for,
)

RENDER, VIDEO_DECODE, VIDEO_ENHANCEMENT, COPY, OTHER, COMPUTE = range(6)


def test_the_class_numbers_of_this_file_are_right():
    names = ["render", "video_decode", "video_enhancement", "copy", "other", "compute"]

    assert [engine_class(name).number for name in names] == list(range(6))


@pytest.mark.parametrize(
    ("table", "offsets"),
    [
        ("gen8", {RENDER: 0x4260, VIDEO_DECODE: 0x4264, COPY: 0x426C, VIDEO_ENHANCEMENT: 0x4270}),
        (
            "gen12",
            {RENDER: 0xCED8, VIDEO_DECODE: 0xCEDC, VIDEO_ENHANCEMENT: 0xCEE0, COPY: 0xCEE4, COMPUTE: 0xCF04},
        ),
        (
            "xehp",
            {RENDER: 0xCED8, VIDEO_DECODE: 0xCEDC, VIDEO_ENHANCEMENT: 0xCEE0, COPY: 0xCEE4, COMPUTE: 0xCF04},
        ),
        ("xelpmp", {VIDEO_DECODE: 0xCEDC, VIDEO_ENHANCEMENT: 0xCEE0, OTHER: 0xCF04}),
    ],
)
def test_a_table_gives_each_class_its_register(table, offsets):
    assert offsets == invalidation_registers(table)


def test_the_classes_that_became_masked_with_graphics_12_are_video_and_compute():
    masked = {
        table: {n for n, row in invalidation_rows(table).items() if row.masked} for table in ("gen8", "gen12")
    }

    assert masked == {"gen8": set(), "gen12": {VIDEO_DECODE, VIDEO_ENHANCEMENT, COMPUTE}}


def test_only_the_xehp_table_is_replicated():
    assert {row.table for row in registers() if row.kind == "tlb_inv" and row.mcr} == {"xehp"}
    assert all(row.mcr for row in invalidation_rows("xehp").values())


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("GEN8_M1TCR", 0x4264),
        ("GEN8_M2TCR", 0x4268),
        ("GEN8_GTCR", 0x4274),
        ("GEN12_GUC_TLB_INV_CR", 0xCEE8),
        ("GEN12_OA_TLB_INV_CR", 0xCEEC),
        ("MTL_STEER_SEMAPHORE", 0xFD0),
        ("MTL_MCR_SELECTOR", 0xFD4),
        ("GEN8_MCR_SELECTOR", 0xFDC),
        ("GEN6_GDRST", 0x941C),
        ("GEN8_RING_FAULT_REG", 0x4094),
        ("GEN12_FAULT_TLB_DATA1", 0xCEBC),
        ("GFX_FLSH_CNTL_GEN6", 0x101008),
        ("PVC_GUC_TLB_INV_DESC1", 0xCF80),
    ],
)
def test_a_register_is_at_this_offset(name, offset):
    assert register_named(name).offset == offset
    assert register_named(name.lower()) is register_named(name)


@pytest.mark.parametrize(
    ("name", "field", "mask"),
    [
        ("MTL_MCR_SELECTOR", "MULTICAST", 0x80000000),
        ("GEN11_GT_VEBOX_VDBOX_DISABLE", "VEBOX_DISABLE", 0x000F0000),
        ("XEHPSDV_TLB_INV_DESC0", "ADDR_MASK", 0x000001F8),
        ("PVC_GUC_TLB_INV_DESC1", "INVALIDATE", 0x00000040),
    ],
)
def test_a_field_has_this_mask(name, field, mask):
    assert register_named(name).field(field).mask == mask


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (
            lambda: register_named("GEN12_VD_TLB_INV"),
            'register "GEN12_VD_TLB_INV" is unknown; did you mean GEN12_VD_TLB_INV_CR, '
            "GEN12_VE_TLB_INV_CR or GEN12_OA_TLB_INV_CR?",
        ),
        (
            lambda: register_named("MTL_MCR_SELECTOR").field("MULTICASTS"),
            "register MTL_MCR_SELECTOR has no field MULTICASTS; did you mean MULTICAST?",
        ),
        (
            lambda: invalidation_registers("gen9"),
            'invalidation register table "gen9" is unknown; did you mean gen8 or gen12?; '
            "the tables are gen12, gen8, xehp, xelpmp",
        ),
    ],
)
def test_what_does_not_exist_is_said_in_one_sentence(ask, text):
    with pytest.raises(UnknownRegister) as caught:
        ask()

    assert text == str(caught.value)


@pytest.mark.parametrize(
    ("table", "engine", "offset", "value", "done_mask"),
    [
        ("gen8", (RENDER, 0), 0x4260, 0x1, 0x1),
        ("gen8", (VIDEO_DECODE, 0), 0x4264, 0x1, 0x1),
        ("gen8", (VIDEO_DECODE, 1), 0x4268, 0x1, 0x1),
        ("gen8", (VIDEO_DECODE, 2), 0x4264, 0x4, 0x4),
        ("gen12", (RENDER, 0), 0xCED8, 0x1, 0x1),
        ("gen12", (VIDEO_DECODE, 2), 0xCEDC, 0x40004, 0x4),
        ("xehp", (COMPUTE, 3), 0xCF04, 0x80008, 0x8),
        ("xelpmp", (OTHER, 6), 0xCF04, 0x20002, 0x2),
    ],
)
def test_mainline_asks_an_engine_to_flush_with_this_write(table, engine, offset, value, done_mask):
    number, instance = engine
    row = invalidation_register(table, number, instance)

    assert row is not None
    assert (offset, value, done_mask) == (row.offset, row.request(instance), row.done_mask(instance))


def test_a_class_that_a_table_lacks_has_no_register():
    assert invalidation_register("gen12", OTHER, 6) is None


@pytest.mark.parametrize("row", platforms(), ids=lambda row: f"{row.short}-{row.variant}")
def test_every_engine_of_a_platform_with_registers_has_one_of_its_own(row):
    for gt in row.gts:
        if gt.register_table is None:
            assert row.driver == "xe"
            continue
        asked = [
            (invalidation_register(gt.register_table, e.engine_class, e.instance), e) for e in gt.engines
        ]
        bits = [(register.offset, register.done_mask(e.instance)) for register, e in asked if register]
        assert len(bits) == len(set(bits)) == len(gt.engines)
        assert {register for register, _ in asked} <= set(registers_for(row, gt))


@pytest.mark.parametrize(
    ("name", "has", "lacks"),
    [
        (
            "1606",
            "FORCEWAKE_MT GEN8_RTCR",
            "GEN8_M2TCR GEN8_BSD2_RING_BASE FORCEWAKE_VLV GEN12_OA_TLB_INV_CR",
        ),
        ("1626", "GEN8_M2TCR GEN8_BSD2_RING_BASE", "FORCEWAKE_RENDER_GEN9"),
        ("CHV", "FORCEWAKE_VLV FORCEWAKE_ACK_MEDIA_VLV", "FORCEWAKE_MT"),
        (
            "TGL",
            "GEN12_OA_TLB_INV_CR GEN12_VD_TLB_INV_CR FORCEWAKE_MEDIA_VDBOX_GEN11(2) GEN11_BSD3_RING_BASE",
            "GEN12_COMPCTX_TLB_INV_CR FORCEWAKE_MEDIA_VDBOX_GEN11(1) MTL_MCR_SELECTOR PVC_GUC_TLB_INV_DESC0",
        ),
        (
            "MTL",
            "XEHP_COMPCTX_TLB_INV_CR XELPMP_GSC_TLB_INV_CR FORCEWAKE_ACK_GT_MTL MTL_GSC_RING_BASE",
            "XEHP_VD_TLB_INV_CR GEN12_GFX_TLB_INV_CR FORCEWAKE_ACK_GT_GEN9 PVC_GUC_TLB_INV_DESC0",
        ),
        ("PVC", "PVC_GUC_TLB_INV_DESC0 XEHP_COMPCTX_TLB_INV_CR", "XEHP_GFX_TLB_INV_CR RENDER_RING_BASE"),
        ("LNL", "PVC_GUC_TLB_INV_DESC1 XEHPC_BCS8_RING_BASE", "XEHP_GFX_TLB_INV_CR FORCEWAKE_RENDER_GEN9"),
    ],
)
def test_a_platform_has_the_registers_of_its_version_and_engines_alone(name, has, lacks):
    names = {row.name for row in registers_for(platform(name))}

    assert set(has.split()) <= names
    assert not set(lacks.split()) & names


def test_an_offset_is_named_after_what_the_platform_has_there():
    assert str(register_at(0xCEDC)) == "GEN12_VD_TLB_INV_CR[0xcedc]"
    assert str(register_at(0xCEDC, platform("DG2"))) == "XEHP_VD_TLB_INV_CR[0xcedc]"
    assert str(register_at(0x38CEDC, platform("MTL"))) == "XELPMP_VD_TLB_INV_CR[0xcedc]"
    assert register_at(0xCEDC, platform("MTL")) is None
    assert register_at(0x4268, platform("ICL")) is None


@given(st.sampled_from([row for row in registers() if row.kind != "gt_offset"]))
def test_every_register_is_found_where_the_bar_has_it(row):
    on_media_gt = row.gt == "media" and row.offset < 0x40000
    found = register_at(row.offset + (0x380000 if on_media_gt else 0))

    assert found is not None
    assert row.offset == found.offset


@pytest.mark.parametrize(
    ("number", "instance", "graphics", "base"),
    [
        (VIDEO_DECODE, 0, (9, 0), 0x12000),
        (VIDEO_DECODE, 0, (12, 0), 0x1C0000),
        (VIDEO_ENHANCEMENT, 0, (9, 0), 0x1A000),
        (VIDEO_ENHANCEMENT, 0, (11, 0), 0x1C8000),
        (COMPUTE, 0, (12, 55), 0x1A000),
        (OTHER, 6, (12, 70), 0x11A000),
        (COPY, 8, (12, 0), None),
    ],
)
def test_an_engines_registers_start_here(number, instance, graphics, base):
    assert engine_base(number, instance, Version(*graphics)) == base


def test_every_engine_of_every_platform_has_a_base_but_the_gsc_of_xe():
    lacking = {
        (row.short, engine.name)
        for row in platforms()
        for engine in row.engines
        if engine_base(engine.engine_class, engine.instance, row.graphics) is None
    }

    assert lacking == {(short, "gsc0") for short in ("LNL", "BMG", "PTL", "WCL")}
