"""Platforms are found by any of their names and ids, and hold what the kernel's tables hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.facts import (
    UnknownPlatform,
    Version,
    mmio_bar_bytes,
    older_platforms,
    platform,
    platform_rows,
    platforms,
)

IDS = [(pci_id, row) for row in platforms() for pci_id in row.pci_ids]


def test_there_are_299_ids_and_none_twice():
    assert len(IDS) == len({pci_id for pci_id, _ in IDS}) == 299


@given(
    st.sampled_from(IDS),
    st.sampled_from(["", "0x", "0X", "8086:", "8086:0x", "0x8086:0x", " "]),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_an_id_in_any_case_and_with_any_prefix_finds_its_row(pair, prefix, upper):
    pci_id, row = pair
    digits = "".join(digit.upper() if up else digit for digit, up in zip(f"{pci_id:04x}", upper, strict=True))

    assert platform(prefix + digits) is row


@given(st.sampled_from([(name, row) for row in platforms() for name in row.names]), st.randoms())
def test_a_name_is_found_whatever_its_case_and_punctuation(pair, random):
    name, row = pair
    spelt = "".join(random.choice([letter.lower(), letter.upper()]) for letter in name)

    assert row in platform_rows(spelt)
    assert row in platform_rows(spelt.replace(" ", "").replace("-", "_"))


@pytest.mark.parametrize(
    "name", ["TIGERLAKE", "tigerlake", "TGL", "Tiger Lake", "tiger-lake", "9a49", "8086:9A49"]
)
def test_every_spelling_of_tiger_lake_is_tiger_lake(name):
    found = platform(name)

    assert (found.kernel, found.short, found.graphics) == ("TIGERLAKE", "TGL", (12, 0))


@pytest.mark.parametrize(
    ("name", "shorts"),
    [
        ("ALDERLAKE_S", ["ADL-S", "RPL-S"]),
        ("ADL-S", ["ADL-S", "RPL-S"]),
        ("RPL-S", ["RPL-S"]),
        ("ALDERLAKE_P", ["ADL-P", "ADL-N", "RPL-P"]),
        ("RPL-U", ["RPL-P"]),
        ("DG2", ["DG2", "ATS-M"]),
        ("METEORLAKE", ["MTL", "ARL"]),
        ("Arrow Lake", ["ARL"]),
        ("skylake", ["SKL", "SKL"]),
        ("PANTHERLAKE", ["PTL", "WCL"]),
        ("Wildcat Lake", ["WCL"]),
        ("Amber Lake", ["KBL", "KBL", "CFL", "CFL"]),
        ("Apollo Lake", ["BXT"]),
    ],
)
def test_a_base_name_stands_for_all_variants(name, shorts):
    assert shorts == [row.short for row in platform_rows(name)]
    assert platform(name) is platform_rows(name)[0]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("tigerlak", 'platform "tigerlak" is unknown; did you mean TIGERLAKE, Tiger Lake or ICELAKE?'),
        (
            "Meteor Lak",
            'platform "Meteor Lak" is unknown; did you mean Meteor Lake, METEORLAKE or Tiger Lake?',
        ),
        ("qqqq", 'platform "qqqq" is unknown'),
        ("", 'platform "" is unknown'),
        ("9a4a", "PCI id 8086:9a4a is unknown; the nearest known are 9a49 (TGL) and 9a40 (TGL)"),
        ("0x0001", "PCI id 8086:0001 is unknown"),
        ("1002:73bf", "PCI id 1002:73bf is of vendor 1002; only Intel's (8086) are known here"),
        (
            "haswell",
            "platform HASWELL has graphics version 7; "
            "TLB invalidation registers begin with version 8 (BROADWELL)",
        ),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(asked, text):
    with pytest.raises(UnknownPlatform) as caught:
        platform(asked)

    assert text == str(caught.value)
    assert asked == caught.value.asked


def test_the_kernels_names_are_complete():
    """All platforms that i915 of Linux 6.12 knows, two that it has dropped, and xe's."""
    assert " ".join(dict.fromkeys(row.kernel for row in platforms())) == (
        "BROADWELL CHERRYVIEW SKYLAKE BROXTON GEMINILAKE KABYLAKE COFFEELAKE COMETLAKE "
        "ICELAKE ELKHARTLAKE JASPERLAKE TIGERLAKE ROCKETLAKE DG1 ALDERLAKE_S ALDERLAKE_P "
        "DG2 METEORLAKE XEHPSDV PONTEVECCHIO LUNARLAKE BATTLEMAGE PANTHERLAKE"
    )
    assert " ".join(row.kernel for row in older_platforms()) == (
        "I830 I845G I85X I865G I915G I915GM I945G I945GM G33 PINEVIEW I965G I965GM G45 GM45 "
        "IRONLAKE SANDYBRIDGE IVYBRIDGE VALLEYVIEW HASWELL"
    )


@pytest.mark.parametrize(
    ("name", "graphics", "media", "engines", "path"),
    [
        ("1606", "8.00", "8.00", "rcs0 bcs0 vcs0 vecs0", "mmio_gen8"),
        ("1626", "8.00", "8.00", "rcs0 bcs0 vcs0 vcs1 vecs0", "mmio_gen8"),
        ("8a52", "11.00", "11.00", "rcs0 bcs0 vcs0 vcs2 vecs0", "mmio_gen8"),
        ("4e55", "11.00", "11.00", "rcs0 bcs0 vcs0 vecs0", "mmio_gen8"),
        ("4905", "12.10", "12.00", "rcs0 bcs0 vcs0 vcs2 vecs0", "mmio_gen12"),
        ("56a0", "12.55", "12.55", "rcs0 bcs0 vcs0 vcs2 vecs0 vecs1 ccs0 ccs1 ccs2 ccs3", "mmio_xehp_mcr"),
        ("7d55", "12.70", "13.00", "rcs0 bcs0 vcs0 vcs2 vecs0 ccs0 gsc0", "guc_ct"),
        ("0bd5", "12.60", "12.60", "bcs0 vcs0 ccs0 ccs1 ccs2 ccs3", "mmio_xehp_mcr"),
    ],
)
def test_a_part_has_these_versions_and_engines(name, graphics, media, engines, path):
    found = platform(name)

    assert (graphics, media) == (str(found.graphics), str(found.media))
    assert engines == " ".join(engine.name for engine in found.engines)
    assert path == found.tlb_path


def test_meteor_lake_has_a_media_gt_of_its_own():
    primary, media = platform("MTL").gts

    assert (primary.id, primary.type, primary.gsi_offset, primary.register_table) == (0, "primary", 0, "xehp")
    assert (media.id, media.type, media.gsi_offset, media.register_table) == (1, "media", 0x380000, "xelpmp")
    assert [engine.name for engine in media.engines] == ["vcs0", "vcs2", "vecs0", "gsc0"]
    assert media is platform("MTL").gt("media")
    assert platform("TGL").gt("media") is None


def test_the_oa_workaround_is_that_of_graphics_12_0_and_12_10():
    assert [row for row in platforms() if row.wa_2207587034] == [
        row for row in platforms() if row.graphics in {(12, 0), (12, 10)}
    ]


def test_the_discrete_cards_are_these():
    assert {row.short for row in platforms() if row.is_dgfx} == {
        "DG1",
        "DG2",
        "ATS-M",
        "XEHPSDV",
        "PVC",
        "BMG",
    }


def test_engines_of_a_gt_are_listed_by_id_and_none_twice():
    for row in platforms():
        for gt in row.gts:
            ids = [engine.id for engine in gt.engines]
            assert ids == sorted(set(ids)), row


@pytest.mark.parametrize(
    ("name", "mib"),
    [("BDW", 2), ("TGL", 2), ("ADL-P", 2), ("DG1", 4), ("DG2", 4), ("MTL", 4), ("PVC", 4), ("LNL", 4)],
)
def test_i915_maps_this_much_of_the_register_bar(name, mib):
    assert mmio_bar_bytes(platform(name)) == mib << 20


@pytest.mark.parametrize(
    ("version", "size_bytes"),
    [((2, 0), 512 << 10), ((4, 0), 512 << 10), ((5, 0), 2 << 20), ((12, 60), 2 << 20), ((12, 70), 4 << 20)],
)
def test_an_integrated_part_is_judged_by_its_version(version, size_bytes):
    assert mmio_bar_bytes(Version(*version)) == size_bytes


def test_a_discrete_card_of_an_impossible_version_is_refused():
    assert mmio_bar_bytes(Version(12, 10), is_dgfx=True) == 4 << 20
    with pytest.raises(UnknownPlatform, match=r"^no discrete card has graphics version 9\.00$"):
        mmio_bar_bytes(Version(9, 0), is_dgfx=True)
