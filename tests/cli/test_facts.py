"""`gputlb platforms` and `gputlb registers`: tables on stdout, mistakes in one line, status 2."""

from __future__ import annotations

import json

import pytest

# The application reads sys.argv here on purpose, as it does for a user.
pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens:UserWarning")


def test_the_overview_has_a_line_for_every_row(gputlb):
    status, out, err = gputlb("platforms")
    lines = out.splitlines()

    assert (status, err) == (0, "")
    assert " ".join(lines[0].split()) == "kernel name short graphics media engines flush path ids"
    assert " ".join(lines[16].split()) == "TIGERLAKE TGL 12.00 12.00 rcs0 bcs0 vcs0,2 vecs0 mmio_gen12 11"
    assert lines[-1] == "33 rows, 299 PCI ids; gputlb platforms NAME shows one in full"
    assert len(lines) == 1 + 33 + 2


def test_one_platform_is_shown_in_full(gputlb):
    status, out, err = gputlb("platforms", "8086:9A49")

    assert (status, err) == (0, "")
    assert out == (
        "TIGERLAKE (TGL): Tiger Lake, all\n"
        "graphics 12.00, media 12.00, integrated; driver i915, 2 MiB of registers\n"
        "flush path mmio_gen12\n"
        "the OA unit's TLB is dropped too (Wa_2207587034)\n"
        "\n"
        "GT0: primary, register table gen12\n"
        "engine  class              inst  id  register              offset  request  wait  write\n"
        "rcs0    render                0   0  GEN12_GFX_TLB_INV_CR  0xced8      0x1   0x1\n"
        "bcs0    copy                  0   1  GEN12_BLT_TLB_INV_CR  0xcee4      0x1   0x1\n"
        "vcs0    video_decode          0  10  GEN12_VD_TLB_INV_CR   0xcedc  0x10001   0x1  masked\n"
        "vcs2    video_decode          2  12  GEN12_VD_TLB_INV_CR   0xcedc  0x40004   0x4  masked\n"
        "vecs0   video_enhancement     0  18  GEN12_VE_TLB_INV_CR   0xcee0  0x10001   0x1  masked\n"
        "\n"
        "forcewake  request       ack\n"
        "render      0xa278     0xd84\n"
        "gt          0xa188  0x130044\n"
        "vdbox0      0xa540     0xd50\n"
        "vdbox2      0xa548     0xd58\n"
        "vebox0      0xa560     0xd70\n"
        "\n"
        "PCI ids (11): 9a60 9a68 9a70 9a40 9a49 9a59 9a78 9ac0 9ac9 9ad9 9af8\n"
        "source: Linux 6.12 i915/i915_pci.c, include/drm/intel/i915_pciids.h\n"
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("MTL", "the driver asks the GuC; the registers below are what it would write otherwise"),
        ("MTL", "GT1: media, offsets + 0x380000, register table xelpmp"),
        ("LNL", "forcewake domains: not recorded"),
        ("PVC", "engines in xe: bcs0-8 ccs0-3"),
        ("XEHPSDV", "PCI ids (0): none"),
        ("RPL-S", "ALDERLAKE_S (RPL-S): Raptor Lake-S, subplatform of Alder Lake-S"),
    ],
)
def test_the_full_view_says_what_is_special(gputlb, name, line):
    assert line in gputlb("platforms", name)[1].splitlines()


@pytest.mark.parametrize("words", [("platforms",), ("registers",), ("platforms", "DG2"), ("platforms", "LNL")])
def test_lines_fit_100_columns_without_colour_or_trailing_blanks(gputlb, words):
    lines = gputlb(*words)[1].splitlines()

    assert max(map(len, lines)) <= 100
    assert not any("\x1b" in line or "…" in line for line in lines)


def test_platforms_as_json_hold_the_same_facts(gputlb):
    status, out, err = gputlb("platforms", "mtl", "--json")
    rows = json.loads(out)["platforms"]

    assert (status, err) == (0, "")
    assert [row["short"] for row in rows] == ["MTL", "ARL"]
    assert rows[0]["pci_ids"] == ["0x7d40", "0x7d45", "0x7d55", "0x7d60", "0x7dd5"]
    assert rows[0]["gts"][1]["engines"][3] == {
        "name": "gsc0",
        "class": 4,
        "instance": 6,
        "id": 26,
        "invalidation": {
            "register": "XELPMP_GSC_TLB_INV_CR",
            "offset": "0xcf04",
            "request": "0x20002",
            "done_mask": "0x2",
            "masked": True,
            "mcr": False,
        },
    }


def test_all_platforms_as_json_are_one_document(gputlb):
    assert len(json.loads(gputlb("platforms", "--json")[1])["platforms"]) == 33


def test_registers_are_listed_with_whom_they_serve(gputlb):
    status, out, err = gputlb("registers")
    lines = out.splitlines()

    assert (status, err) == (0, "")
    assert lines[0].split() == ["register", "offset", "kind", "serves", "versions", "write"]
    assert ["GEN12_VD_TLB_INV_CR", "0xcedc", "tlb_inv", "vcs", "12.00..12.10", "masked"] in map(str.split, lines)
    assert lines[-1] == "109 registers; --json adds their bits, notes and sources"


def test_registers_of_one_platform_are_those_it_has(gputlb):
    names = [row["name"] for row in json.loads(gputlb("registers", "--platform", "tgl", "--json")[1])["registers"]]

    assert names[:6] == [
        "GEN12_GFX_TLB_INV_CR",
        "GEN12_VD_TLB_INV_CR",
        "GEN12_VE_TLB_INV_CR",
        "GEN12_BLT_TLB_INV_CR",
        "GEN12_GUC_TLB_INV_CR",
        "GEN12_OA_TLB_INV_CR",
    ]
    assert len(names) == 27


def test_registers_of_a_name_with_variants_are_those_that_any_of_them_has(gputlb):
    out = gputlb("registers", "--platform", "skylake")[1]

    assert "GEN8_M2TCR" in out
    assert "GEN8_M2TCR" not in gputlb("registers", "--platform", "1906")[1]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ("platforms", "tigerlak"),
            'gputlb: platform "tigerlak" is unknown; did you mean TIGERLAKE, Tiger Lake or ICELAKE?\n',
        ),
        (
            ("registers", "--platform", "9a4a"),
            "gputlb: PCI id 8086:9a4a is unknown; the nearest known are 9a49 (TGL) and 9a40 (TGL)\n",
        ),
    ],
)
def test_an_unknown_platform_is_a_bad_question(gputlb, words, text):
    assert gputlb(*words) == (2, "", text)
