"""A report that takes seconds says what it is at, to somebody who looks."""

from __future__ import annotations

import io

import pytest

from gputlb.report.drawing_progress import DrawingProgress

CLEAR = "\r\x1b[K"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO) -> str:
    with DrawingProgress(stream) as progress:
        progress.show("drawing the page")
        progress.clear()
        stream.write("page written\n")
        progress.show("drawing picture 1 of 2")
        progress.show("drawing picture 2 of 2")
    return stream.getvalue()


def test_each_step_is_named_in_one_line_that_goes_away():
    assert (
        f"{CLEAR}drawing the page …{CLEAR}page written\n"
        f"{CLEAR}drawing picture 1 of 2 …{CLEAR}drawing picture 2 of 2 …{CLEAR}"
    ) == shown(Terminal())


def test_off_a_terminal_there_are_only_the_results():
    assert "page written\n" == shown(io.StringIO())


def test_a_terminal_that_cannot_rewrite_a_line_gets_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "dumb")

    assert "page written\n" == shown(Terminal())
