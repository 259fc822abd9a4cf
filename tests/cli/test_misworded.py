"""What is wrong with the words of a command line: one sentence each, with the mend."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.cli import main


@pytest.mark.parametrize("number", ["1.5", "2.0", "2.", "0x2", "1e3", "1_0", " 2", "\N{ARABIC-INDIC DIGIT THREE}", ""])
@pytest.mark.parametrize("words", [["run", "--clients"], ["check", "--depth"], ["sweep", "x.toml", "--workers"]])
def test_a_whole_number_is_never_rounded_and_written_in_one_way(gputlb, words: list[str], number: str):
    assert (2, "", f"gputlb: {words[-1]} must be a whole number, not {number!r}\n") == gputlb(*words, number)


@given(st.text(alphabet=string.printable + "\N{SUPERSCRIPT TWO}\N{ARABIC-INDIC DIGIT THREE}").filter(bool))
def test_only_digits_with_a_sign_are_a_whole_number(number: str):
    from gputlb.cli._main import _WRITTEN

    digits = number[1:] if number[0] in "+-" else number
    assert bool(_WRITTEN[int].fullmatch(number)) == (bool(digits) and set(digits) <= set(string.digits))


def test_a_number_that_is_too_large_is_quoted_as_it_was_written(gputlb):
    for number in ("1" + 30 * "0", "1" + 400 * "0"):
        assert (2, "", f"gputlb: --clients must be 1 to 64, not {number}\n") == gputlb("run", "--clients", number)
    assert (2, "", "gputlb: --seed must be a whole number of at most 4300 digits\n") == gputlb(
        "run", "--seed", 5000 * "9"
    )


@pytest.mark.parametrize("number", ["x", "1_0", "\N{ARABIC-INDIC DIGIT THREE}"])
def test_a_number_is_written_in_ascii(gputlb, number: str):
    assert (2, "", f"gputlb: --duration-ms must be a number, not {number!r}\n") == gputlb(
        "run", "--duration-ms", number
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "run extra",
            "run takes options only, and 'extra' is one word too many; gputlb run --help shows what it takes",
        ),
        (
            "trace a b",
            "trace takes FILE and options, and 'b' is one word too many; gputlb trace --help shows what it takes",
        ),
        (
            "check --with reset park",
            "check takes options only, and 'park' is one word too many; write --with reset --with park",
        ),
        (
            "run --latency constant 40 us --json",
            "run takes options only, and '40' is one word too many; "
            "if it belongs to --latency, write --latency 'constant 40 us'",
        ),
        (
            "run --seed 1 x",
            "run takes options only, and 'x' is one word too many; gputlb run --help shows what it takes",
        ),
        ("run --json false", "--json takes no value; leave 'false' out"),
        ("run --json=3", "--json takes no value; leave '=3' out"),
        ("run --seed 1 --seed 2", "--seed is given more than once; give it once"),
        (
            "run --precision -2%",
            '--precision needs a value; one that begins with "-" is written --precision=-2%',
        ),
        (
            "check --max-memory -1G",
            '--max-memory needs a value; one that begins with "-" is written --max-memory=-1G',
        ),
        ("run --seed", "--seed needs a value; gputlb run --help says which"),
        ("run --seed --json", "--seed needs a value; gputlb run --help says which"),
        ("check --export promela", "--export needs 2 values; gputlb check --help says which"),
        ("report", "report needs RESULTS; gputlb report --help says what that is"),
        ("run --pltform x", "run has no option --pltform; did you mean --platform?"),
        ("run --foo x", "run has no option --foo; gputlb run --help lists the options"),
        ("check --engine plai", "--engine must be auto, plain or compiled, not 'plai'; did you mean plain?"),
    ],
)
def test_each_mistake_has_its_sentence(gputlb, words: str, sentence: str):
    assert (2, "", f"gputlb: {sentence}\n") == gputlb(*words.split())


def test_a_name_with_a_line_break_makes_no_second_line(gputlb):
    status, out, err = gputlb("replay", "a\nb\N{RIGHT-TO-LEFT OVERRIDE}c")

    assert (2, "", 1) == (status, out, err.count("\n"))
    assert "a\ufffdb\ufffdc" in err


@pytest.mark.parametrize("words", [["--help", "run"], ["run", "--help"], ["-h", "run"]])
def test_help_before_the_verb_is_help_after_it(words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(words)

    assert "Example: gputlb run " in capsys.readouterr().out
