"""The command line as a whole: help, version, verbs, exit statuses, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import gputlb
from gputlb.cli import main
from gputlb.cli._main import VERBS, app
from gputlb.errors import GputlbError


def exit_status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture
def verb_that_raises(monkeypatch: pytest.MonkeyPatch):
    """Replace the application by one that raises, as a verb would."""

    def replace(error: BaseException) -> None:
        def raise_it(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("gputlb.cli._main.app", raise_it)

    return replace


def test_an_error_that_quotes_a_file_gives_the_terminal_nothing_to_obey(
    verb_that_raises, capsys: pytest.CaptureFixture[str]
):
    verb_that_raises(GputlbError("x.csv, line 1: event '\x1b]0;owned\x07' is unknown"))

    assert 2 == exit_status_of("run")
    assert "gputlb: x.csv, line 1: event '\ufffd]0;owned\ufffd' is unknown\n" == capsys.readouterr().err


def test_help_names_every_verb_with_its_one_sentence(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("--help")

    printed = capsys.readouterr()
    words = " ".join(printed.out.replace("│", " ").split())
    assert "" == printed.err
    for verb, (_, sentence) in VERBS.items():
        assert f"{verb} {sentence}" in words


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_s_help_is_its_docstring_with_an_example_and_every_option(verb: str, capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of(verb, "--help")

    words = " ".join(capsys.readouterr().out.replace("│", " ").split())
    function = app[verb].default_command
    summary, _, rest = str(function.__doc__).partition("\n\n")
    assert " ".join(summary.split()) in words
    example = re.search(r"Example: (.*gputlb .*)", rest)
    assert example, f"the docstring of {verb} has no example"
    assert " ".join(example[0].split()) in words


def test_help_fits_a_screen(capsys: pytest.CaptureFixture[str]):
    exit_status_of("--help")

    assert len(capsys.readouterr().out.splitlines()) <= 24


def test_no_verb_at_all_prints_the_help(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of()
    assert capsys.readouterr().out.startswith("Usage: gputlb COMMAND\n")


def test_version_is_the_package_s(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("--version")
    assert f"{gputlb.__version__}\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("pltforms", 'gputlb: "pltforms" is not a verb; did you mean platforms?\n'),
        ("zzz", 'gputlb: "zzz" is not a verb; gputlb --help lists the verbs\n'),
        ("--verbose", 'gputlb: "--verbose" is not a verb; gputlb --help lists the verbs\n'),
        ("", 'gputlb: "" is not a verb; gputlb --help lists the verbs\n'),
    ],
)
def test_an_unknown_verb_is_a_bad_question_and_the_nearest_is_suggested(
    word: str, sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert 2 == exit_status_of(word)

    printed = capsys.readouterr()
    assert ("", sentence) == (printed.out, printed.err)


def test_an_error_of_ours_is_one_sentence_and_a_bad_question(verb_that_raises, capsys: pytest.CaptureFixture[str]):
    verb_that_raises(GputlbError('platform "tigerlke" is unknown; did you mean tigerlake?'))

    assert 2 == exit_status_of("platforms", "tigerlke")
    assert 'gputlb: platform "tigerlke" is unknown; did you mean tigerlake?\n' == capsys.readouterr().err


def test_an_interrupt_says_so_and_exits_as_shells_expect(verb_that_raises, capsys: pytest.CaptureFixture[str]):
    verb_that_raises(KeyboardInterrupt())

    assert 130 == exit_status_of("run")
    assert "gputlb: interrupted\n" == capsys.readouterr().err


INTERRUPTED_IN = """
import signal, gputlb.cli, gputlb.cli._main as main

class Finalized:
    def __del__(self):
        press()

def press():
    signal.raise_signal(signal.SIGINT)
    for _ in range(3):
        pass

def in_a_finalizer():
    finalized = Finalized()
    del finalized
    while True:
        pass

def under_an_error_of_its_own():
    try:
        press()
    finally:
        raise main.GputlbError("a lock was left held")

main.app = lambda *_, **__: {place}()
gputlb.cli.main()
"""


@pytest.mark.parametrize("place", ["in_a_finalizer", "under_an_error_of_its_own"])
def test_an_interrupt_is_heard_wherever_it_falls(place: str):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IN.replace("{place}", place)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (130, "", "gputlb: interrupted\n") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(("returned", "status"), [(0, 0), (1, 1), (None, 0)])
def test_a_verb_s_status_is_the_exit_status(returned: int | None, status: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gputlb.cli._main.app", lambda *_, **__: returned)

    assert status == exit_status_of("run")


def test_a_reader_who_goes_away_ends_it_without_a_word():
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "gputlb", "--help"],
            stdout=writing_end,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing_end)

    assert (-signal.SIGPIPE, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize("words", [["--help"], ["platforms"], ["registers", "--json"], ["scenarios"]])
def test_no_room_for_the_output_is_told(words: list[str]):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gputlb", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert (2, "gputlb: the output cannot be written (No space left on device); make room, or write elsewhere\n") == (
        done.returncode,
        done.stderr,
    )


def test_help_loads_no_room():
    """`gputlb --help` stays fast: neither rooms nor the libraries that only some verbs need are imported."""
    program = (
        "import json, sys; from gputlb.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print('\\n' + json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = json.loads(done.stdout.splitlines()[-1])
    ours = [name for name in loaded if name.startswith("gputlb.")]
    heavy = {"msgspec", "numpy", "numba", "perfetto", "google.protobuf", "asyncio", "z3"}
    assert ["gputlb.cli", "gputlb.cli._main", "gputlb.cli._signals", "gputlb.cli._streams", "gputlb.errors"] == ours
    assert not heavy.intersection(loaded)


def test_every_verb_is_registered_as_the_table_says():
    assert set(VERBS) == {name for name in app if not name.startswith("-")}
