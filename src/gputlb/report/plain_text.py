"""Paragraphs, items and tables on a terminal or in a file: no blanks at line ends, commands never broken."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from gputlb.report.terminal import harmless, is_dumb

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDEST = 100


class Page:
    """Prints the parts of a report one after the other."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _console()
        self._width = min(self._console.width, WIDEST)

    def paragraph(self, text: str, *, style: str = "", indent: int = 0) -> None:
        """Print a paragraph, wrapped at words."""
        lead = " " * indent
        for line in self._wrapped(text, lead, lead):
            self._line(line, style)

    def title(self, text: str) -> None:
        """Print a heading, after an empty line."""
        self._line("", "")
        self._line(text, "bold underline")

    def gap(self) -> None:
        """Print an empty line."""
        self._line("", "")

    def item(self, text: str, *, style: str = "") -> None:
        """Print an indented point; its further lines stand deeper."""
        for line in self._wrapped(text, "  ", "    "):
            self._line(line, style)

    def command(self, text: str) -> None:
        """Print a command in one line, ready to be copied."""
        self._line(f"    $ {text}", "cyan")

    def remark(self, text: str) -> None:
        """Print a quiet closing line, after an empty line."""
        self.gap()
        self.paragraph(text, style="dim")

    def more(self, count: int, what: str) -> None:
        """Print how many further things there are, if any."""
        if count > 0:
            self.item(f"… and {count} further {what}", style="dim")

    def styled(self, *parts: tuple[str, str]) -> None:
        """Print a line of parts, each with its style."""
        self._console.print(Text.assemble(*((harmless(text), style) for text, style in parts)), soft_wrap=True)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print columns as wide as they need; the last one is wrapped."""
        widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings) - 1)]
        lead = " " * (2 + sum(widths) + 2 * len(widths))
        for number, row in enumerate((headings, *rows)):
            start = "  " + "".join(cell.ljust(width + 2) for cell, width in zip(row, widths, strict=False))
            if len(lead) > self._width // 2 + 10:
                lines = [start + row[-1]]
            else:
                lines = self._wrapped(row[-1], start, lead) or [start]
            for line in lines:
                self._line(line, "dim" if number == 0 else "")

    def _wrapped(self, text: str, first: str, rest: str) -> list[str]:
        return textwrap.wrap(
            text,
            self._width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _line(self, text: str, style: str) -> None:
        self._console.print(Text(harmless(text.rstrip()), style=style), soft_wrap=True)


def _console() -> Console:
    # Of a dumb terminal rich would believe that it has 80 columns, whatever COLUMNS and the window say.
    return Console(highlight=False, markup=False, emoji=False, force_terminal=False if is_dumb() else None)
