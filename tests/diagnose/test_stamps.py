"""Time stamps are read in every form that kernel logs print."""

from __future__ import annotations

from calendar import timegm

import pytest

from gputlb.diagnose._stamps import stamp_in


def at(year, month, day, hour=0, minute=0, second=0):
    return timegm((year, month, day, hour, minute, second, 0, 0, 0))


@pytest.mark.parametrize(
    ("before", "time", "clock"),
    [
        ("[ 1234.567890] i915 ", 1234.567890, "boot"),
        ("[424.370996] ", 424.370996, "boot"),
        ("<4>[    3.469478] ", 3.469478, "boot"),
        ("<6> [490.872058] ", 490.872058, "boot"),
        ("kernel [ 2252.208134] ", 2252.208134, "boot"),
        ("[1171.829] ", 1171.829, "boot"),
        ("Aug 17 13:34:47 host kernel: [  175.956695] ", 175.956695, "boot"),
        ("[Sat Apr 26 22:37:36 2025] ", at(2025, 4, 26, 22, 37, 36), "wall"),
        ("May 02 12:14:37 host kernel: ", at(1972, 5, 2, 12, 14, 37), "wall"),
        ("Jul 16 07:59:02 kernel: ", at(1972, 7, 16, 7, 59, 2), "wall"),
        ("Mai 02 12:14:37 rechner kernel: ", at(1972, 5, 2, 12, 14, 37), "wall"),
        ("kvě 02 12:14:37 host kernel: ", at(1972, 5, 2, 12, 14, 37), "wall"),
        ("dic 31 23:59:59 host kernel: ", at(1972, 12, 31, 23, 59, 59), "wall"),
        ("5月 02 12:14:37 host kernel: ", at(1972, 5, 2, 12, 14, 37), "wall"),
        (" 5월 02 12:14:37 host kernel: ", at(1972, 5, 2, 12, 14, 37), "wall"),
        ("12月 31 23:59:59 host kernel: ", at(1972, 12, 31, 23, 59, 59), "wall"),
        ("[六  5月  2 12:14:37 2026] ", at(2026, 5, 2, 12, 14, 37), "wall"),
        ("3,1234,1234567890,-;i915 ", 1234.567890, "boot"),
        ("2. nov 12:14:37 host kernel: ", at(1972, 11, 2, 12, 14, 37), "wall"),
        ("Nov 1000:27:47 host kernel: ", at(1972, 11, 10, 0, 27, 47), "wall"),
        ("2026-09-13T22:23:00 host kernel: ", at(2026, 9, 13, 22, 23), "wall"),
        ("2026-09-13T22:23:00+03:00 host kernel: ", at(2026, 9, 13, 19, 23), "wall"),
        ("2026-09-13T22:23:00.250000+0300 host kernel: ", at(2026, 9, 13, 19, 23) + 0.25, "wall"),
        (
            "10.0.0.2: kern: info: [2024-09-05T12:53:26.421836567Z]: ",
            at(2024, 9, 5, 12, 53, 26) + 0.421836567,
            "wall",
        ),
        ("Sat 2025-11-15 18:07:53 CET host kernel: ", at(2025, 11, 15, 18, 7, 53), "wall"),
        ("1731000000.123456 host kernel: ", 1731000000.123456, "wall"),
        ("22:39:31 kernel: ", 22 * 3600 + 39 * 60 + 31, "day"),
    ],
)
def test_a_stamp_is_read(before, time, clock):
    stamp = stamp_in(before)

    assert stamp is not None
    assert (time, clock) == (pytest.approx(stamp.time), stamp.clock)


@pytest.mark.parametrize("before", ["", "i915 0000:00:02.0: [drm] ", "thunderbolt 0000:00:0d.2: ", "seqno 12 "])
def test_what_is_no_stamp_is_not_read_as_one(before):
    assert stamp_in(before) is None
