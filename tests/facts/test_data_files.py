"""Every data file reads into its records, row by row, and says where each row comes from."""

from __future__ import annotations

import re
from importlib.resources import files

import msgspec
import pytest

from gputlb import facts
from gputlb.facts._forcewake import ForcewakeNeed
from gputlb.facts._platforms import MmioBar
from gputlb.facts._read import read_records, read_rows

FILES = sorted(entry.name for entry in files("gputlb.facts").iterdir() if entry.name.endswith(".json"))


def test_all_files_are_known_here():
    assert FILES == [
        "bugs.json",
        "engine_classes.json",
        "forcewake_needs.json",
        "mmio_bars.json",
        "older_platforms.json",
        "platforms.json",
        "registers.json",
        "timing.json",
    ]


@pytest.mark.parametrize("file", FILES)
def test_every_row_has_a_source(file):
    assert [row for row in read_rows(file) if not row.get("source", "").strip()] == []


@pytest.mark.parametrize("file", FILES)
def test_no_two_rows_are_equal(file):
    rows = [msgspec.json.encode(row, order="sorted") for row in read_rows(file)]

    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("file", FILES)
def test_hexadecimal_numbers_are_spelt_one_way(file):
    text = files("gputlb.facts").joinpath(file).read_text()

    assert [
        number for number in re.findall(r'"0[xX][^"]*"', text) if not re.fullmatch(r'"0x[0-9A-F]+"', number)
    ] == []


@pytest.mark.parametrize(
    ("file", "record", "rows"),
    [
        ("engine_classes.json", facts.EngineClass, 6),
        ("forcewake_needs.json", ForcewakeNeed, 29),
        ("mmio_bars.json", MmioBar, 4),
        ("older_platforms.json", facts.OlderPlatform, 19),
        ("timing.json", facts.TimingRow, 27),
    ],
)
def test_every_row_becomes_a_record(file, record, rows):
    assert len(read_records(file, record)) == rows


def test_platforms_registers_and_bugs_are_all_there():
    assert (len(facts.platforms()), len(facts.registers()), len(facts.bugs())) == (33, 109, 48)


def test_an_unknown_field_is_an_error():
    row = {"kernel": "I830", "graphics": facts.Version(2, 0), "source": "here", "colour": "red"}

    with pytest.raises(msgspec.ValidationError, match="unknown field `colour`"):
        msgspec.convert(row, facts.OlderPlatform)


def test_records_are_values():
    first, again = facts.platform("TGL"), facts.platform("9a49")

    assert first == again
    assert len({first, again}) == 1
    with pytest.raises(AttributeError):
        first.short = "LGT"  # type: ignore[misc]


def test_versions_compare_as_versions_and_not_as_decimals():
    assert facts.Version(12, 10) < facts.Version(12, 55) < facts.Version(12, 70) < facts.Version(20, 4)
    assert str(facts.Version(20, 4)) == "20.04"


def test_a_range_includes_both_ends_and_may_have_none():
    gen12 = facts.VersionRange(facts.Version(12, 0), facts.Version(12, 10))
    onwards = facts.VersionRange(facts.Version(35, 11), None)

    assert [version in gen12 for version in [(11, 0), (12, 0), (12, 10), (12, 50)]] == [
        False,
        True,
        True,
        False,
    ]
    assert (99, 0) in onwards
    assert (str(gen12), str(onwards)) == ("12.00..12.10", "35.11..")
