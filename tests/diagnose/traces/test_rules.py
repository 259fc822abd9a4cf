"""Traces that contain MMIO invalidations are held to the rules."""

from __future__ import annotations

from tests.diagnose.traces.test_trace_samples import explained

GT_FORCEWAKE = (0xA188, 0x10001)
RCS, VCS = 0xCED8, 0xCEDC


def lines(*accesses):
    for number, (way, offset, value) in enumerate(accesses):
        access = f"{way} reg=0x{offset:x}, len=4, val=(0x{value:x}, 0x0)"
        yield f"  gputlb-1  [000] .....  {10 + number * 1e-5:.6f}: i915_reg_rw: {access}"


def broken(tmp_path, *accesses, **options):
    explanation = explained(tmp_path, *lines(*accesses), platform="TGL", **options)
    return [(violation.rule, violation.line) for violation in explanation.violations]


WAKE = ("write", *GT_FORCEWAKE)


def test_a_flush_that_keeps_the_rules_breaks_none(tmp_path):
    accesses = (
        WAKE,
        ("write", RCS, 1),
        ("write", VCS, 0x10001),
        ("read", RCS, 1),
        ("read", RCS, 0),
        ("read", VCS, 0),
    )

    explanation = explained(tmp_path, *lines(*accesses), platform="TGL", awake=["rcs0", "vcs0"])
    assert (explanation.violations, explanation.flushes_checked, explanation.tlb_register_writes) == (
        [],
        1,
        2,
    )
    assert {} == explanation.not_checked


def test_a_request_without_mask_bits_is_found(tmp_path):
    """CVE-2022-4139: the hardware ignores the write, and the poll is content."""
    accesses = (WAKE, ("write", VCS, 1), ("read", VCS, 0))

    (violation,) = explained(tmp_path, *lines(*accesses), platform="TGL").violations
    assert violation.rule == "request without mask bits"
    assert violation.text == (
        "0x1 leaves the upper half without bit 0: the hardware ignores the write, and the poll reads 0 "
        "at once; write 0x10001"
    )


def test_a_render_request_needs_no_mask_bits(tmp_path):
    assert [] == broken(tmp_path, WAKE, ("write", RCS, 1), ("read", RCS, 0))


def test_an_awake_engine_that_is_not_asked_is_found(tmp_path):
    found = broken(tmp_path, WAKE, ("write", RCS, 1), ("read", RCS, 0), awake=["rcs0", "bcs0"])

    assert [("awake engine not requested", 2)] == found


def test_the_drivers_own_word_must_match_its_writes(tmp_path):
    said = "  gputlb-1  [000] .....  10.000100: mmio_invalidate_full: 0000:00:02.0 invalidated engines 00000003"
    explanation = explained(tmp_path, *lines(WAKE, ("write", RCS, 1), ("read", RCS, 0)), said, platform="TGL")

    assert ["bcs0: the driver says it was flushed"] == [
        violation.text.split(", yet")[0] for violation in explanation.violations
    ]


def test_a_request_that_is_never_read_back_is_found(tmp_path):
    assert [("no wait", 3)] == broken(tmp_path, WAKE, ("write", RCS, 1), ("write", VCS, 0x10001), ("read", RCS, 0))


def test_a_wait_that_was_given_up_is_told_from_none(tmp_path):
    assert [("gave up waiting", 2)] == broken(tmp_path, WAKE, ("write", RCS, 1), ("read", RCS, 1), ("read", RCS, 1))


def test_a_write_while_the_domain_sleeps_is_found(tmp_path):
    asleep = ("write", 0xA188, 0x10000)

    assert [("write outside forcewake", 3)] == broken(tmp_path, WAKE, asleep, ("write", RCS, 1), ("read", RCS, 0))


def test_forcewake_is_not_judged_where_the_trace_has_none(tmp_path):
    explanation = explained(tmp_path, *lines(("write", RCS, 1), ("read", RCS, 0)), platform="TGL")

    assert [] == explanation.violations
    assert {"write outside forcewake": "no forcewake request is in the trace"} == explanation.not_checked


def test_registers_get_names_and_engines(tmp_path):
    explanation = explained(tmp_path, *lines(WAKE, ("write", 0x2030, 5), ("write", 0x941C, 1)), platform="TGL")

    names = {register.name: register.purpose for register in explanation.registers}
    assert names["rcs0+0x30"] == "engine"
    assert any(purpose == "reset" for purpose in names.values())
    assert explanation.forcewake == {"gt": {"requests": 1, "releases": 0}}
    assert len(explanation.resets) == 1
