"""Recordings of binds, unbinds and releases, whole and with holes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gputlb.simulate import DamagedColumns
from gputlb.simulate.recording import Place, recording


def written(directory: Path, text: str) -> str:
    path = directory / "recording.csv"
    path.write_text(text)
    return str(path)


def test_a_place_is_used_again_by_the_next_object_of_its_size(tmp_path: Path):
    read = recording(
        written(
            tmp_path,
            "time_us,event,object,pages\n"
            "100,bind,a,2\n110,bind,b,1\n120,unbind,a\n130,release,a\n140,bind,c,2\n150,unbind,c\n160,release,c\n",
        )
    )

    first = Place(0, 2, ((0, "bind"), (20, "unbind"), (30, "release"), (40, "bind"), (50, "unbind"), (60, "release")))
    assert ((first, Place(2, 1, ((10, "bind"),))), 3, 2) == (read.places, read.pages, read.releases)


@pytest.mark.parametrize(
    "heading", ["time_us,event,object", "Time_us, Event, Object, Pages", '"time_us","event","object"']
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_heading_may_say_what_is_there(tmp_path: Path, mark: str, heading: str):
    rows = "100,bind,a\n110,unbind,a\n120,release,a\n"
    without = recording(written(tmp_path, f"{mark}{rows}"))
    (tmp_path / "headed").mkdir()

    assert without.places == recording(written(tmp_path / "headed", f"{mark}{heading}\n{rows}")).places


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "time_us,pid,event\n0,10,bind\n",
            ", line 1: 'time_us,pid,event' is no heading of such a file; write time_us,event,object,pages, "
            "or leave the heading out",
        ),
        (
            "1O0,bind,a\n",
            ", line 1: '1O0,bind,a' is no heading of such a file; write time_us,event,object,pages, "
            "or leave the heading out",
        ),
        ("1,bind,a,1\n\n", ", line 2: empty; write time_us,event,object,pages, or take the line out"),
        ("1,bind\n", ", line 1: 2 columns; write time_us,event,object,pages"),
        (",bind,a\n", ", line 1: time_us is missing; write it, or take the line out"),
        ("1,bind,\n", ", line 1: object is missing; write which object it is"),
        (
            "1,bnid,a\n",
            ", line 1: event 'bnid' is unknown; did you mean bind or unbind?; there are bind, unbind, release",
        ),
        ("2,bind,a\n1,unbind,a\n", ", line 2: 1 comes after 2; sort the lines by time"),
        ("1,bind,a,1.5\n", ", line 1: pages must be a whole number up to 4096, not 1.5"),
        ("1,bind,a,0\n", ", line 1: pages must be 1 or more, not 0"),
        ("1,bind,a,5000\n", ", line 1: pages must be a whole number up to 4096, not 5000"),
        ("1,unbind,a\n", ", line 1: unbind of 'a', which was not bound before; write its bind first"),
        ("1,bind,a\n2,release,a\n", ", line 2: release of 'a', which is still bound; write its unbind first"),
        ("1,bind,a\n2,unbind,a\n3,unbind,a\n", ", line 3: unbind of 'a', which is not bound; leave one out"),
        ("1,bind,a\n2,bind,a\n", ", line 2: 'a' is bound although it was not released; release it first"),
        ("1,bind,a\n", ": nothing is released; write time_us,event,object,pages, a line each"),
        (
            "".join(f"1,bind,{name},4096\n" for name in "abcde"),
            ", line 5: more than 16384 pages are bound at once; leave objects out, or write fewer pages",
        ),
    ],
)
def test_a_hole_is_named_with_file_line_and_mend(tmp_path: Path, text: str, sentence: str):
    path = written(tmp_path, text)

    with pytest.raises(DamagedColumns) as caught:
        recording(path)
    assert f"{path}{sentence}" == str(caught.value)
