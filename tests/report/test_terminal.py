"""What a terminal would obey is taken out of a line; what it can do is asked before."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.report.terminal import harmless, rewrites_lines


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_a_harmless_line_is_as_long_and_can_be_printed(text: str):
    assert len(text) == len(harmless(text))
    assert harmless(text).isprintable()
    assert [letter for letter in text if letter.isprintable()] == [
        shown for letter, shown in zip(text, harmless(text), strict=True) if letter.isprintable()
    ]


@pytest.mark.parametrize(
    ("term", "stream", "can"),
    [("xterm", Terminal(), True), ("", Terminal(), True), ("dumb", Terminal(), False), ("xterm", io.StringIO(), False)],
)
def test_lines_are_rewritten_on_a_terminal_that_is_not_dumb(
    term: str, stream: io.StringIO, can: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TERM", term)

    assert can == rewrites_lines(stream)
