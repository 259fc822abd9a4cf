"""No verb destroys what it reads, replaces what is no file, or works for nothing: outputs are looked at first."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gputlb.cli import main
from tests.report import sweep_results

SAMPLES = Path(__file__).parent.parent / "diagnose" / "samples"
LOG = SAMPLES / "p02-xe-guest-dmesgT.log"
FENCES = (
    "  a-7  [001] .....      1.000000: xe_tlb_inval_fence_send: dev=0000:03:00.0, fence=00000000aa, seqno=1\n"
    "  a-7  [001] .....      1.000250: xe_tlb_inval_fence_signal: dev=0000:03:00.0, fence=00000000aa, seqno=1\n"
)
SMALL = ("check", "--clients", "1", "--rounds", "1", "--engines", "1", "--engine", "plain")
READERS = {
    "diagnose --html": ("diagnose", "in"),
    "trace --html": ("trace", "in"),
    "trace --recording": ("trace", "in"),
    "report --html": ("report", "in"),
    "replay --html": ("replay", "in"),
    "replay --trace": ("replay", "in"),
}
WRITERS = READERS | {
    "check --html": SMALL,
    "check --trace": SMALL,
    "check --save": SMALL,
    "check --export promela": SMALL,
    "run --trace": ("run", "--duration-ms", "1"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(words)
    printed = capsys.readouterr()
    assert (2, "", 1) == (left.value.code, printed.out, printed.err.count("\n"))
    return printed.err.removeprefix("gputlb: ").removesuffix("\n")


@pytest.mark.parametrize("option", READERS)
def test_what_is_read_is_never_written_over(option: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "in").write_text("what somebody needs")
    (folder / "link").symlink_to("in")

    for name in ("in", "link"):
        sentence = f"{option.split()[1]} {name} would destroy what is read from that file; name another"
        assert sentence == refused(capsys, *READERS[option], option.split()[1], name)
    assert "what somebody needs" == (folder / "in").read_text()


@pytest.mark.parametrize("read", [("--workload", "replay", "--set", "file=in"), ("--latency", "measured in")])
def test_what_a_run_reads_is_never_written_over(
    read: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
):
    times = "at_us,object,operation,pages\n0,1,map,1\n9,1,unmap,1\n" if read[0] == "--workload" else "latency_us\n3\n"
    (folder / "in").write_text(times)

    assert "--trace in would destroy what is read from that file; name another" == refused(
        capsys, "run", *read, "--duration-ms", "1", "--trace", "in"
    )
    assert times == (folder / "in").read_text()


@pytest.mark.parametrize(
    "words",
    [
        (*SMALL, "--html", "z", "--trace", "z"),
        (*SMALL, "--trace", "z", "--save", "./z"),
        (*SMALL, "--save", "z", "--export", "promela", "z"),
        ("replay", "missing", "--html", "z", "--trace", "z"),
        ("trace", "missing", "--html", "z", "--recording", "z"),
    ],
)
def test_two_outputs_are_two_files(words: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]):
    assert refused(capsys, *words).endswith("both name z; name a file for each")
    assert [] == list(folder.iterdir())


@pytest.mark.parametrize("option", WRITERS)
def test_a_pipe_stays_a_pipe_and_a_name_that_cannot_be_is_refused_before_any_work(
    option: str, folder: Path, capsys: pytest.CaptureFixture[str]
):
    os.mkfifo(folder / "pipe")
    for name, sentence in (
        ("pipe", "pipe is not a regular file, so no file can take its place; name another"),
        ("", "an empty name (or .) is a directory; name a file in it"),
        ("n" * 256, "n" * 256 + " could not be written: File name too long"),
        ("no/x", f"no/x: the directory {folder}/no does not exist; make it first"),
    ):
        # There is no input at all, and that is not what is said: nothing was read yet.
        assert sentence == refused(capsys, *WRITERS[option], *option.split()[1:], name)
    assert (folder / "pipe").is_fifo()


@pytest.mark.parametrize("words", [("diagnose", str(LOG), "--html"), ("trace", "in", "--html")])
def test_the_target_of_a_link_is_replaced_and_the_link_stays(words: tuple[str, ...], folder: Path):
    (folder / "in").write_text(FENCES)
    (folder / "page").write_text("old")
    (folder / "link").symlink_to("page")

    with pytest.raises(SystemExit):
        main([*words, "link"])

    assert (folder / "link").is_symlink()
    assert (folder / "page").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    "words", [("report",), ("compare", "--by", "scheme"), ("trace",), ("diagnose",), ("diagnose", "--follow")]
)
def test_an_input_s_name_that_cannot_be_is_one_sentence(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]):
    name = "n" * 256

    assert f"{name}: cannot be read: file name too long" == refused(capsys, words[0], name, *words[1:])


def test_a_sweep_s_output_that_cannot_be_is_refused_before_any_run(folder: Path, capsys: pytest.CaptureFixture[str]):
    file = folder / "sweep.toml"
    file.write_text('duration = "1 ms"\n')
    long, longer = "n" * 250, "n" * 256

    assert f"{longer} could not be written: File name too long" == refused(
        capsys, "sweep", str(file), "--output", longer
    )
    # The results have room in the name, and the runs until then have not.
    assert f"{long}.partial.jsonl cannot be written: file name too long" == refused(
        capsys, "sweep", str(file), "--output", long
    )
    assert [file] == list(folder.iterdir())


def test_a_working_directory_that_is_gone_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "sweep.toml"
    file.write_text('duration = "1 ms"\n')
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert "y.parquet: the working directory is no longer there; change to one that is, or write a full name" == (
        refused(capsys, "sweep", str(file), "--output", "y.parquet")
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("conformance", "missing"), "missing: there is no such file; name a file of vectors, .jsonl or .jsonl.gz"),
        (("conformance", "."), "an empty name (or .) is a directory; name a file of vectors in it"),
        (("replay", "missing"), "missing is not there; write a witness file with gputlb check --save"),
        (("replay", ""), "an empty name (or .) is a directory; name a witness file in it"),
        (("report", ""), "an empty name (or .) is a directory; name a results file, as gputlb sweep writes it"),
        (("compare", "/", "/"), "/ is a directory; name a results file, as gputlb sweep writes it"),
    ],
)
def test_an_input_that_is_not_there_is_told_with_the_mend(
    words: tuple[str, ...], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert sentence == refused(capsys, *words)


@pytest.mark.parametrize("twin", ["in", "./in", "soft", "hard"])
def test_a_log_is_not_read_twice(twin: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copy(LOG, folder / "in")
    (folder / "soft").symlink_to("in")
    (folder / "hard").hardlink_to(folder / "in")
    said = "in is named twice" if twin == "in" else f"in and {twin} are one file"

    assert f"{said}, and its incidents would count double; name it once" == refused(capsys, "diagnose", "in", twin)


@pytest.fixture
def strange(folder: Path) -> str:
    """A name that is no UTF-8, as Linux allows, on a machine whose terminal is strict about it."""
    return os.fsdecode(os.fsencode(folder / "x") + b"\xff")


@pytest.mark.parametrize("options", [(), ("--json",), ("--upstream",), ("--html", "page")])
def test_a_log_s_name_may_be_no_utf_8(
    options: tuple[str, ...], strange: str, folder: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copy(LOG, strange)
    with pytest.raises(SystemExit) as left:
        main(["diagnose", strange, *options])

    assert 1 == left.value.code
    capsys.readouterr().out.encode()  # which a surrogate would not let happen
    if "--html" in options:
        assert "x\ufffd (" in (folder / "page").read_text()


@pytest.mark.parametrize("options", [(), ("--json",), ("--html", "page")])
def test_a_trace_s_name_may_be_no_utf_8(options: tuple[str, ...], strange: str, capsys: pytest.CaptureFixture[str]):
    Path(strange).write_text(FENCES)
    with pytest.raises(SystemExit) as left:
        main(["trace", strange, *options])

    assert 0 == left.value.code
    assert "x\ufffd" in capsys.readouterr().out


def test_results_names_may_be_no_utf_8(strange: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    runs = sweep_results.rows(clients=(1, 2), schemes=("mmio", "guc"))
    sweep_results.write(folder / "made.parquet", runs)
    shutil.copy(folder / "made.parquet", strange)
    for words in (
        ("report", strange),
        ("report", strange, "--html", "page"),
        ("compare", strange, "made.parquet"),
        ("compare", strange, "made.parquet", "--json"),
    ):
        with pytest.raises(SystemExit) as left:
            main(words)
        assert 0 == left.value.code
        capsys.readouterr().out.encode()


def test_a_sweep_s_names_may_be_no_utf_8(strange: str, capsys: pytest.CaptureFixture[str]):
    Path(f"{strange}.toml").write_text('replications = 1\nduration = "1 ms"\n')
    for option in ("--dry-run", "--workers=1"):
        with pytest.raises(SystemExit) as left:
            main(["sweep", f"{strange}.toml", option])
        assert 0 == left.value.code
        assert "x\ufffd.parquet" in capsys.readouterr().out
