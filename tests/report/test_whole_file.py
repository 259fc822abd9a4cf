"""A file appears whole or not at all, and what was there before is untouched until then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gputlb.report.whole_file import CannotWrite, check_outputs, check_writable, whole_file


def test_the_file_is_there_when_the_block_ends_and_not_before(tmp_path: Path):
    path = tmp_path / "out"
    with whole_file(path) as file:
        file.write(b"whole")
        file.flush()
        assert not path.exists()

    assert b"whole" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_an_error_in_the_middle_leaves_nothing_new_and_the_old_as_it_was(tmp_path: Path, error: BaseException):
    path = tmp_path / "out"
    path.write_text("old")

    with pytest.raises(type(error)), whole_file(path) as file:
        file.write(b"half")
        raise error

    assert "old" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


def test_a_file_has_the_rights_that_others_made_in_the_usual_way_have(tmp_path: Path):
    (tmp_path / "usual").touch()
    with whole_file(tmp_path / "ours"):
        pass

    assert (tmp_path / "usual").stat().st_mode == (tmp_path / "ours").stat().st_mode


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)

    with whole_file(link) as file:
        file.write(b"new")

    assert link.is_symlink()
    assert "new" == target.read_text()


def test_a_name_as_long_as_the_file_system_allows_is_fine(tmp_path: Path):
    path = tmp_path / ("n" * 255)
    with whole_file(path):
        pass

    assert path.is_file()


def refused(path: Path) -> str:
    with pytest.raises(CannotWrite) as caught, whole_file(path):
        pytest.fail("the block must not be entered")
    return str(caught.value)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path):
    path = tmp_path / "missing" / "out"

    assert f"{path}: the directory {path.parent} does not exist; make it first" == refused(path)


def test_a_directory_is_no_file(tmp_path: Path):
    assert f"{tmp_path} is a directory; name a file in it" == refused(tmp_path)


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path):
    path = tmp_path / "pipe"
    os.mkfifo(path)

    assert f"{path} is not a regular file, so no file can take its place; name another" == refused(path)


def test_a_directory_that_one_may_not_write_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The answer to "may I write there" is made up, since the tests may run as root, who always may."""
    monkeypatch.setattr(os, "access", lambda path, _mode: path != tmp_path)

    assert f"{tmp_path / 'out'}: the directory {tmp_path} is not writable" == refused(tmp_path / "out")


def test_a_name_too_long_is_refused_in_a_sentence(tmp_path: Path):
    path = tmp_path / ("n" * 256)

    assert f"{path} could not be written: File name too long" == refused(path)


def test_checking_leaves_nothing_behind(tmp_path: Path):
    check_writable(tmp_path / "out")

    assert [] == list(tmp_path.iterdir())


def test_a_full_disk_is_reported_at_once_and_leaves_nothing(tmp_path: Path):
    """A limit on file size stands for the disk: what is written above it fails in the same place."""
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from gputlb.report.whole_file import CannotWrite, whole_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    with whole_file(Path(sys.argv[1])) as file:\n"
        "        file.write(bytes(100_000)); print('not reached')\n"
        "except CannotWrite as error: print(error)\n"
    )
    path = tmp_path / "out"
    path.write_text("old")

    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)

    assert (f"{path} could not be written: File too large\n", "") == (done.stdout, done.stderr)
    assert "old" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


def outputs_refused(outputs: dict[str, Path | None], inputs: list[str | Path] | None = None) -> str:
    with pytest.raises(CannotWrite) as caught:
        check_outputs(outputs, inputs or [])
    return str(caught.value)


def test_outputs_that_are_files_of_their_own_are_fine(tmp_path: Path):
    (tmp_path / "in").touch()
    check_outputs({"--html": tmp_path / "page", "--trace": None, "--save": tmp_path / "out"}, [tmp_path / "in", "-"])

    assert [tmp_path / "in"] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["in", "soft", "hard"])
def test_no_output_takes_the_place_of_an_input_by_whatever_name(tmp_path: Path, name: str):
    file = tmp_path / "in"
    file.touch()
    (tmp_path / "soft").symlink_to("in")
    (tmp_path / "hard").hardlink_to(file)

    path = tmp_path / name
    sentence = f"--html {path} would destroy what is read from that file; name another"
    assert sentence == outputs_refused({"--html": path}, ["other", str(file)])
    assert f"--html {file} would destroy what is read from that file; name another" == (
        outputs_refused({"--html": file}, [path])
    )


def test_one_file_is_not_named_for_two_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to("out")

    for other in ("out", "./out", "link"):
        assert f"--html and --save both name {Path(other)}; name a file for each" == (
            outputs_refused({"--html": Path("out"), "--trace": Path("else"), "--save": Path(other)})
        )


def test_an_output_that_cannot_be_written_is_refused_with_the_rest(tmp_path: Path):
    assert f"{tmp_path} is a directory; name a file in it" == outputs_refused({"--html": tmp_path})
