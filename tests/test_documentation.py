"""What the documentation shows is held to: exit statuses, outputs, and that the things it names are there."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import SkipTest

import pytest

from gputlb.cli._main import VERBS
from tests.documentation import DocumentationError, arguments_of, output_matches, parse, run_block


def test_a_block_is_read_as_commands_with_the_output_below_each():
    first, second = parse("$ gputlb --version\n0.1.0\n\n$ gputlb platforms nosuch  # exits with 2\n")

    assert (1, ["gputlb", "--version"], 0, ["0.1.0"]) == (
        first.line,
        first.words,
        first.exit_status,
        first.output,
    )
    assert (4, ["gputlb", "platforms", "nosuch"], 2, []) == (
        second.line,
        second.words,
        second.exit_status,
        second.output,
    )


def test_a_backslash_continues_a_command():
    (command,) = parse("$ gputlb run \\\n    --seed 7\n")

    assert ["gputlb", "run", "--seed", "7"] == command.words


def test_output_before_any_command_is_an_error():
    with pytest.raises(DocumentationError, match=r"^line 5: output comes before any `\$ command`$"):
        parse("0.1.0\n$ gputlb --version", first_line=5)


@pytest.mark.parametrize("text", ["gputlb platforms | head", "gputlb run > out.txt", "cd x && ls"])
def test_shell_syntax_is_refused(text: str):
    with pytest.raises(DocumentationError, match="needs a shell; show one plain command a line"):
        parse(f"$ {text}")


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (["one", "two"], "one\ntwo\n"),
        (["one", "..."], "one\n"),
        (["one", "...", "four"], "one\ntwo\nthree\nfour\n"),
        (["seed ... done"], "seed 12345 done\n"),
        (["trailing blanks"], "trailing blanks   \n\n"),
        (["a.b (c)"], "a.b (c)\n"),
    ],
)
def test_output_matches_where_only_what_is_left_out_differs(shown: list[str], printed: str):
    assert output_matches(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (["one"], "one\ntwo\n"),
        (["seed ... done"], "seed\ndone\n"),
        (["a.b"], "axb\n"),
        (["one"], ""),
    ],
)
def test_output_does_not_match_where_something_shown_differs(shown: list[str], printed: str):
    assert not output_matches(shown, printed)


def test_gputlb_is_the_code_under_test():
    (command,) = parse("$ .venv/bin/gputlb --version")

    assert [sys.executable, "-m", "gputlb", "--version"] == arguments_of(command)


def test_setting_up_and_testing_are_looked_at_and_not_run():
    assert [None, None, None] == [
        arguments_of(command) for command in parse("$ git clone somewhere\n$ ./test\n$ .ci/run")
    ]


def test_an_unknown_command_is_an_error():
    (command,) = parse("$ frobnicate --hard")

    with pytest.raises(DocumentationError) as caught:
        arguments_of(command)

    assert "line 1: `frobnicate --hard` is not a command that tests/documentation.py knows how to run" == str(
        caught.value
    )


def test_a_named_file_must_be_there_even_if_the_command_is_not_run():
    (command,) = parse("$ .venv/bin/python benchmarks/nosuch.py  # takes a minute")

    with pytest.raises(DocumentationError, match=r"names benchmarks/nosuch\.py, which is not there"):
        arguments_of(command)


def test_a_verb_that_is_not_written_yet_is_skipped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(VERBS, "ponder", ("gputlb.cli.ponder:ponder", "Ponder."))

    with pytest.raises(SkipTest, match=r"^gputlb ponder is not written yet$"):
        run_block("$ gputlb ponder", Path())


def test_a_block_that_tells_the_truth_passes(tmp_path: Path):
    run_block("$ gputlb --version\n0.1...\n$ gputlb pltforms  # exits with 2\n...did you mean platforms?", tmp_path)


def test_a_wrong_exit_status_is_told_with_what_was_printed(tmp_path: Path):
    with pytest.raises(DocumentationError) as caught:
        run_block("$ gputlb zzz", tmp_path)

    printed = 'gputlb: "zzz" is not a verb; gputlb --help lists the verbs\n'
    assert f"line 1: `gputlb zzz` exits with 2, not 0:\n{printed}" == str(caught.value)


def test_a_wrong_output_is_told_with_both_sides(tmp_path: Path):
    with pytest.raises(DocumentationError) as caught:
        run_block('$ python -c "print(2 + 2)"\n5', tmp_path)

    assert 'line 1: `python -c "print(2 + 2)"` does not print what is shown.\nShown:\n5\nPrinted:\n4\n' == str(
        caught.value
    )
