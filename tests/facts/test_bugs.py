"""The bug corpus is found by number and by CVE."""

from __future__ import annotations

import pytest

from gputlb.facts import UnknownBug, bug, bugs


def test_numbers_are_unique():
    assert len({row.id for row in bugs()}) == len(bugs()) == 48


@pytest.mark.parametrize(
    ("cve", "number", "commit"),
    [("CVE-2022-0330", "I915-01", "7938d61591d3"), ("cve-2022-4139", "i915-02", "04aa64375f48")],
)
def test_a_cve_finds_the_bug_and_its_fix(cve, number, commit):
    assert bug(cve) is bug(number)
    assert (bug(cve).commit or "").startswith(commit)


def test_an_unknown_bug_is_answered_with_the_nearest():
    with pytest.raises(UnknownBug) as caught:
        bug("I915-99")

    assert str(caught.value) == 'bug "I915-99" is unknown; did you mean I915-19, I915-09 or I915-25?'
