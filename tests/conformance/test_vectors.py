"""Vector files are foreign files: read line by line, and refused in one sentence with file and line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gputlb.conformance import FileComparison, VectorError, read_vectors
from tests.conformance.test_replay import PLAIN


def line(**changes: Any) -> str:
    return json.dumps({"scenario": PLAIN | {"calls": []} | changes, "events": []}) + "\n"


def refusal(tmp_path: Path, content: str | bytes, name: str = "v.jsonl") -> str:
    """Write a file, replay it, and return what is said, with the directory cut off."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    comparison = FileComparison([path])
    list(comparison)
    (error,) = comparison.unreadable
    return str(error).replace(f"{tmp_path}/", "")


def test_blank_lines_are_passed_over(tmp_path: Path):
    path = tmp_path / "v.jsonl"
    path.write_text(f"\n{line()}\n  \n{line()}")

    assert [2, 5] == [number for number, _ in read_vectors(path)]


def test_a_packed_file_is_known_by_its_content(tmp_path: Path):
    path = tmp_path / "vectors"
    path.write_bytes(gzip.compress(line().encode()))

    assert 1 == len(list(read_vectors(path)))


VCS = {"name": "vcs0", "class": 1, "instance": 0, "awake": True}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "v.jsonl: holds no vectors; a vector file has one JSON object a line"),
        ("\n\n", "v.jsonl: holds no vectors; a vector file has one JSON object a line"),
        (line() + line()[:50], "v.jsonl:2: not JSON: Input data was truncated; the file may be cut off"),
        ("hello\n", "v.jsonl:1: not JSON: JSON is malformed: invalid character (byte 0)"),
        ("[1, 2]\n", 'v.jsonl:1: not a vector: a vector is {"scenario": {...}, "events": [[...], ...]}'),
        ('{"a": 1}\n', 'v.jsonl:1: not a vector: a vector is {"scenario": {...}, "events": [[...], ...]}'),
        (
            '{"scenario": {}, "events": []}\n',
            "v.jsonl:1: Object missing required field `id` - at `$.scenario`",
        ),
        (
            line(revision="linux-6.13"),
            "v.jsonl:1: revision 'linux-6.13' is unknown; did you mean linux-6.12?; "
            "there are 2022-07-patch and linux-6.12",
        ),
        (
            line() + line(seqno_start=2**32),
            "v.jsonl:2: scenario.seqno_start is 4294967296; expected `int` <= 4294967295",
        ),
        (
            line(calls=[{"op": "invalidate_full", "seqno": 2**32}]),
            "v.jsonl:1: scenario.calls[0].seqno is 4294967296; expected `int` <= 4294967295",
        ),
        (
            line(calls=[{"op": "invalidate_full", "seqno": -1}]),
            "v.jsonl:1: scenario.calls[0].seqno is -1; expected `int` >= 0",
        ),
        (
            line(calls=[{"op": "seqno"}, {"op": "invalidate_full"}]),
            "v.jsonl:1: calls[1] invalidates without a seqno; add the stamp it is asked for by",
        ),
        (
            line(wait_results={"0x1000000": "ok"}),
            "v.jsonl:1: register 0x1000000 in wait_results lies outside the BAR; offsets are below 0x1000000",
        ),
        (
            line(wait_results={"-0x4": "ok"}),
            "v.jsonl:1: wait_results key '-0x4' is not a register offset; write it like \"0xcedc\"",
        ),
        (
            line(wait_results={"0x" + "f" * 17: "ok"}),
            "v.jsonl:1: wait_results key '0xfffffffffffffffff' is not a register offset; write it like \"0xcedc\"",
        ),
        (
            line(wait_results={"0xcedc": "ok", "CEDC": "ok"}),
            "v.jsonl:1: register 0xcedc stands twice in wait_results; keep one of them",
        ),
        (line(wait_results={"0xcedc": -1}), "v.jsonl:1: Expected `int` >= 0 - at `$.scenario.wait_results[...]`"),
        (
            line(engines=[VCS, VCS]),
            "v.jsonl:1: two engines are class 1 instance 0; 'vcs0' is one of them",
        ),
        (
            line(engines=[VCS, VCS | {"instance": 8}]),
            "v.jsonl:1: engines[1]: video_decode engine 8 does not exist: its instances are 0 to 7",
        ),
        (
            json.dumps({"scenario": PLAIN})[:-1] + ', "events": ' + "[" * 50_000,
            "v.jsonl:1: not a vector: brackets are nested too deep",
        ),
        (
            json.dumps({"scenario": PLAIN, "events": [[]]}),
            "v.jsonl:1: Expected `array` of length >= 1 - at `$.events[0]`",
        ),
        (b'{"scenario": "\xff"}\n', None),
        (line().encode().replace(b"METEORLAKE", b"\xff\xfe"), None),
    ],
)
def test_what_is_no_vector_is_refused_in_one_sentence(tmp_path: Path, content: str | bytes, text: str | None):
    said = refusal(tmp_path, content)

    if text is None:
        assert said.startswith("v.jsonl:1: "), said
        assert "\n" not in said
    else:
        assert text == said


def test_a_truncated_packed_file_is_refused_where_it_ends(tmp_path: Path):
    packed = gzip.compress((line() * 3).encode())

    assert "v.jsonl.gz:4: the gzip'd file is cut off here; fetch it again" == refusal(
        tmp_path, packed[:-4], "v.jsonl.gz"
    )


def test_a_damaged_packed_file_is_refused(tmp_path: Path):
    packed = bytearray(gzip.compress(line().encode()))
    packed[-6] ^= 0xFF

    assert "v.jsonl.gz:2: the gzip'd file is damaged here (CRC check failed" in refusal(
        tmp_path, bytes(packed), "v.jsonl.gz"
    )


def test_a_line_without_end_is_refused_before_it_fills_memory(tmp_path: Path):
    bomb = gzip.compress(b'{"scenario": "' + b"x" * (64 << 20))

    assert "bomb.gz:1: the line is longer than 1 MiB: not a vector file" == refusal(tmp_path, bomb, "bomb.gz")


def test_what_cannot_be_opened_is_said_with_the_reason(tmp_path: Path):
    long = tmp_path / ("n" * 256)
    for path, reason in (
        (tmp_path / "missing", ": there is no such file; name a file of vectors, .jsonl or .jsonl.gz"),
        (tmp_path, " is a directory; name a file of vectors in it"),
        (long, ": cannot be read: File name too long"),
    ):
        with pytest.raises(VectorError) as caught:
            list(read_vectors(path))

        assert f"{path}{reason}" == str(caught.value)


def test_vectors_are_read_one_at_a_time(tmp_path: Path):
    """What stands before the damage is replayed."""
    path = tmp_path / "v.jsonl"
    path.write_text(line() + "{")
    vectors = read_vectors(path)

    assert 1 == next(vectors)[0]
    with pytest.raises(VectorError):
        next(vectors)


def test_several_files_are_all_read_and_each_bad_one_is_named(tmp_path: Path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text(line())
    bad.write_text("{")
    comparison = FileComparison([bad, good, tmp_path / "missing", good])

    assert [None, None] == list(comparison)
    assert 2 == comparison.vectors
    assert [
        f"{bad}:1: not JSON: Input data was truncated; the file may be cut off",
        f"{tmp_path}/missing: there is no such file; name a file of vectors, .jsonl or .jsonl.gz",
    ] == [str(error) for error in comparison.unreadable]
