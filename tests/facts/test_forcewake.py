"""Forcewake domains are those that i915 of Linux 6.12 sets up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gputlb.facts import (
    ForcewakeDomain,
    NotRecorded,
    Version,
    domain_of,
    forcewake_domains,
    platform,
    platforms,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

GEN11_TGL = [
    ("render", 0xA278, 0xD84),
    ("gt", 0xA188, 0x130044),
    ("vdbox0", 0xA540, 0xD50),
    ("vdbox2", 0xA548, 0xD58),
    ("vebox0", 0xA560, 0xD70),
]


def triples(domains: Iterable[ForcewakeDomain]) -> list[tuple[str, int, int]]:
    return [(domain.name, domain.request_offset, domain.ack_offset) for domain in domains]


@pytest.mark.parametrize(
    ("name", "gt_type", "domains"),
    [
        ("BDW", "primary", [("render", 0xA188, 0x130044)]),
        ("CHV", "primary", [("render", 0x1300B0, 0x1300B4), ("media", 0x1300B8, 0x1300BC)]),
        (
            "SKL",
            "primary",
            [("render", 0xA278, 0xD84), ("gt", 0xA188, 0x130044), ("media", 0xA270, 0xD88)],
        ),
        ("ICL", "primary", GEN11_TGL),
        ("TGL", "primary", GEN11_TGL),
        ("DG2", "primary", [*GEN11_TGL, ("vebox1", 0xA564, 0xD74)]),
        ("MTL", "primary", [("render", 0xA278, 0xD84), ("gt", 0xA188, 0xDFC)]),
        (
            "MTL",
            "media",
            [
                ("gt", 0x38A188, 0x380DFC),
                ("vdbox0", 0x38A540, 0x380D50),
                ("vdbox2", 0x38A548, 0x380D58),
                ("vebox0", 0x38A560, 0x380D70),
                ("gsc", 0x38A618, 0x380DF8),
            ],
        ),
    ],
)
def test_a_gt_has_these_domains_in_the_kernels_order(name, gt_type, domains):
    assert domains == triples(forcewake_domains(platform(name), gt_type=gt_type))


def test_a_version_and_engines_do_as_well_as_a_platform():
    engines = [(0, 0), (3, 0), (1, 0), (1, 2), (2, 0)]

    assert forcewake_domains(Version(12, 0), engines) == forcewake_domains(platform("TGL"))
    assert forcewake_domains(Version(12, 70), [(1, 0), (1, 2), (2, 0), (4, 6)], "media") == forcewake_domains(
        platform("MTL"), gt_type="media"
    )
    assert forcewake_domains(Version(8, 0)) == forcewake_domains(platform("BDW"))
    assert forcewake_domains(Version(8, 0), kernel="CHERRYVIEW") == forcewake_domains(platform("CHV"))


@pytest.mark.parametrize(
    ("engines", "names"),
    [
        ([], ["gt"]),
        ([(5, 1)], ["render", "gt"]),
        ([(1, 7), (2, 3)], ["gt", "vdbox7", "vebox3"]),
        ([(3, 0)], ["gt"]),
    ],
)
def test_from_version_11_on_the_domains_follow_the_engines(engines, names):
    assert names == [domain.name for domain in forcewake_domains(Version(12, 55), engines)]


def test_each_domain_is_asked_and_answers_at_an_offset_of_its_own():
    for row in platforms():
        if row.driver == "i915":
            for gt in row.gts:
                offsets = [
                    o
                    for d in forcewake_domains(row, gt_type=gt.type)
                    for o in (d.request_offset, d.ack_offset)
                ]
                assert len(offsets) == len(set(offsets)), row


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (
            lambda: forcewake_domains(platform("LNL")),
            "forcewake domains of graphics version 20.04 are not recorded here, only 8.00 to 12.74",
        ),
        (lambda: forcewake_domains(platform("TGL"), gt_type="media"), "TIGERLAKE has no media GT"),
        (
            lambda: domain_of(0x1234, platform("TGL")),
            "which forcewake domain 0x1234 needs on the primary GT of graphics 12.00 is unrecorded",
        ),
    ],
)
def test_what_is_not_recorded_is_not_guessed(ask, text):
    with pytest.raises(NotRecorded) as caught:
        ask()

    assert text == str(caught.value)


@pytest.mark.parametrize(
    ("offset", "name", "gt_type", "domains"),
    [
        (0x4260, "BDW", "primary", ("render",)),
        (0x4274, "CHV", "primary", ("render", "media")),
        (0x426C, "SKL", "primary", ("gt",)),
        (0x4264, "ICL", "primary", ("gt",)),
        (0xCED8, "TGL", "primary", ("gt",)),
        (0xCEEC, "TGL", "primary", ("gt",)),
        (0xCF04, "DG2", "primary", ("gt",)),
        (0xCED8, "MTL", "primary", ("gt",)),
        (0xCEDC, "MTL", "media", ()),
        (0x38CEDC, "MTL", "media", ()),
        (0x22000, "CHV", "primary", ()),
        (0x12000, "SKL", "primary", ("media",)),
        (0x1C4000, "TGL", "primary", ()),
        (0x1C4000, "DG2", "primary", ("vdbox1",)),
        (0x1C4000, "MTL", "media", ("vdbox0",)),
        (0x941C, "BDW", "primary", ("render",)),
        (0x941C, "TGL", "primary", ("gt",)),
        (0x941C, "MTL", "media", ()),
    ],
)
def test_a_register_needs_these_domains_awake(offset, name, gt_type, domains):
    assert domains == domain_of(offset, platform(name), gt_type)


def test_the_domains_that_a_register_needs_are_domains_of_its_gt():
    for row in platforms():
        for gt in row.gts if row.driver == "i915" else ():
            have = {domain.name for domain in forcewake_domains(row, gt_type=gt.type)}
            assert set(domain_of(0x4260 if row.graphics.ver < 12 else 0xCEDC, row, gt.type)) <= have
