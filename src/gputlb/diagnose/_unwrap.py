"""Lines that a mail program or a terminal broke in two, put together again."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from gputlb.diagnose._lines import cleaned, continues, starts_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SOFT_BREAK_COLUMN = 60
LONGEST_ENTRY_LINES = 8
LONGEST_PROSE_LINES = 40


class Entry:
    """One log entry, or one run of lines without any stamp, as a single text.

    Attributes:
        text: the physical lines, cleaned and joined.
        first_line: number of the first physical line.
        cut: whether the last line seems to end too early (a pager's mark, or the end of the file).
    """

    __slots__ = ("_starts", "cut", "first_line", "text")

    def __init__(
        self, text: str, first_line: int, starts: list[int] | None = None, *, cut: bool = False
    ) -> None:
        self.text = text
        self.first_line = first_line
        self._starts = starts
        self.cut = cut

    def line_at(self, offset: int) -> int:
        """Return the number of the physical line that holds a position of the text."""
        if self._starts is None:
            return self.first_line
        return self.first_line + bisect_right(self._starts, offset) - 1


def entries(
    raw_lines: Sequence[str], first_line: int, weigh: Callable[[str], int], *, ends_here: bool = True
) -> Iterator[Entry]:
    """Yield the entries of a text.

    Where a break may have split a word, both ways of joining are weighed and the heavier wins: `weigh` returns how
    much of known messages it finds in a text.
    """
    lines = [cleaned(raw) for raw in raw_lines]
    widest = max((len(raw.rstrip()) for raw in raw_lines), default=0)
    count = len(lines)
    at = 0
    while at < count:
        if not lines[at]:
            at += 1
            continue
        limit = LONGEST_ENTRY_LINES if starts_entry(lines[at]) else LONGEST_PROSE_LINES
        end = at + 1
        while end < count and end - at < limit and continues(lines[end], lines[end - 1]):
            end += 1
        is_last = ends_here and end == count
        cut = lines[end - 1].endswith((">", "…", "...")) or is_last
        if end == at + 1:
            yield Entry(lines[at], first_line + at, cut=cut)
        else:
            full = [len(raw_lines[i].rstrip()) == widest for i in range(at, end)]
            text, starts = _joined(lines[at:end], full, weigh)
            yield Entry(text, first_line + at, starts, cut=cut)
        at = end


def _is_soft_break(line: str) -> bool:
    """Return whether a line ends as quoted-printable mail breaks lines: an equals sign about column 76."""
    return len(line) >= _SOFT_BREAK_COLUMN and line.endswith("=")


def _joined(lines: list[str], full: list[bool], weigh: Callable[[str], int]) -> tuple[str, list[int]]:
    text, starts = lines[0], [0]
    for i in range(1, len(lines)):
        before, after = lines[i - 1].lstrip(), lines[i].lstrip()
        if text.endswith("=") and _is_soft_break(before):
            text = text[:-1]
            starts.append(len(text))
            text += after
            continue
        glue = " "
        if before and after and not (before[-1].isspace() or after[0].isspace()):
            spaced, tight = weigh(f"{before} {after}"), weigh(before + after)
            if tight > spaced and (full[i - 1] or not (before[-1].isdigit() and after[0].isdigit())):
                glue = ""
        starts.append(len(text) + len(glue))
        text = text + glue + after
    return text, starts
