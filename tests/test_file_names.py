"""Which file a name stands for, whether one can be written there, and how it is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gputlb.file_names import directory_name, identity, shown_name, why_not_writable


def test_two_names_of_one_file_are_known_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "soft").symlink_to(file)
    (tmp_path / "hard").hardlink_to(file)
    (tmp_path / "other").touch()

    for name in ("file", "./file", file, "soft", "hard"):
        assert identity(file) == identity(name)
    assert identity(file) != identity("other")


def test_two_names_of_a_file_that_is_not_there_yet_are_known_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("made-later")

    for name in ("made-later", tmp_path / "made-later", "link"):
        assert identity("made-later") == identity(name)
    assert identity("made-later") != identity("another")


@pytest.mark.parametrize("name", ["n" * 256, "a\0b", "loop"])
def test_a_name_that_leads_nowhere_is_its_own(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")

    assert identity(name) == identity(name)
    assert identity(name) != identity("other")


def test_a_lone_dash_is_the_file_on_standard_input(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("text")
    program = (
        "import sys; from pathlib import Path; from gputlb.file_names import identity\n"
        "print(identity('-') == identity(sys.argv[1]), identity(Path('-')) == identity(sys.argv[1]))"
    )
    with file.open() as stdin:
        done = subprocess.run(
            [sys.executable, "-c", program, str(file)], stdin=stdin, capture_output=True, text=True, check=True
        )

    assert "True False\n" == done.stdout


def test_a_name_is_shown_with_what_is_no_utf_8_replaced():
    assert "Grüße/\ufffdx.log" == shown_name(os.fsdecode("Grüße/".encode() + b"\xffx.log"))
    assert "plain" == shown_name(Path("plain"))


def test_an_empty_name_is_not_shown_as_a_dot_alone():
    assert ("an empty name (or .)", "folder") == (directory_name(Path()), directory_name(Path("folder")))


def test_what_can_be_written_is_said_to_be(tmp_path: Path):
    (tmp_path / "old").touch()

    assert why_not_writable(tmp_path / "new") is None
    assert why_not_writable(tmp_path / "old") is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "an empty name (or .) is a directory; name a file in it"),
        ("pipe", "pipe is not a regular file, so no file can take its place; name another"),
        ("file/x", "file/x: {cwd}/file is not a directory; name another"),
        ("no/x", "no/x: the directory {cwd}/no does not exist; make it first"),
        ("astray", "astray: the directory {cwd}/no does not exist; make it first"),
        ("n" * 256, "n" * 256 + " could not be written: File name too long"),
        ("loop", "loop could not be written: Too many levels of symbolic links"),
    ],
)
def test_why_no_file_can_be_written_is_one_sentence(
    name: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("file").touch()
    Path("loop").symlink_to("loop")
    Path("astray").symlink_to("no/x")

    assert sentence.format(cwd=tmp_path) == why_not_writable(Path(name))


def test_a_directory_that_may_not_be_searched_is_one_sentence_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The refusal is made up, since the tests may run as root, whom nothing is forbidden."""

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", forbidden)

    assert f"{tmp_path}/out could not be written: Permission denied" == why_not_writable(tmp_path / "out")


def test_a_working_directory_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert "out" == identity("out")
    assert "out: the working directory is no longer there; change to one that is, or write a full name" == (
        why_not_writable(Path("out"))
    )
