"""Lines that a mail program or a terminal broke in two, put together again."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING

from gputlb.diagnose._lines import cleaned, continues, starts_entry
from gputlb.facts.messages import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_TELLING_CHARACTERS = 200
LONGEST_ENTRY_LINES = 8
LONGEST_PROSE_LINES = 40
_FARTHEST_REST_LINES = 3
"""A broken message's rest is looked for in so many lines; blank ones may stand between."""


class Entry:
    """One log entry, or one run of lines without any stamp, as a single text.

    Attributes:
        text: the physical lines, cleaned and joined.
        first_line: number of the first physical line.
        cut: whether the last line seems to end too early (a pager's mark, or the end of the file).
    """

    __slots__ = ("_starts", "cut", "first_line", "text")

    def __init__(
        self, text: str, first_line: int, starts: list[tuple[int, int]] | None = None, *, cut: bool = False
    ) -> None:
        self.text = text
        self.first_line = first_line
        self._starts = starts
        self.cut = cut

    def line_at(self, offset: int) -> int:
        """Return the number of the physical line that holds a position of the text."""
        if self._starts is None:
            return self.first_line
        return self._starts[bisect_right(self._starts, (offset, 1 << 60)) - 1][1]


def entries(
    raw_lines: Sequence[str], first_line: int, weigh: Callable[[str], int], *, ends_here: bool = True
) -> Iterator[Entry]:
    """Yield the entries of a text.

    Where a break may have split a word, every way of joining is weighed and the heaviest wins: `weigh`
    returns how much of known messages it finds in a text.
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
        text, starts = lines[at], [(0, first_line + at)]
        end = at + 1
        while end < count and len(starts) < limit:
            far = _rest_of_message(text, lines, end)
            if far is not None:
                end, after = far
            elif continues(lines[end], lines[end - 1]):
                after = lines[end].lstrip()
            else:
                break
            full = len(raw_lines[end - 1].rstrip()) == widest
            text, glue = _best_glue(text, after, weigh, full=full)
            starts.append((len(text) + len(glue), first_line + end))
            text = text + glue + after
            end += 1
        cut = lines[end - 1].endswith((">", "…", "...")) or (ends_here and end == count)
        yield Entry(text, first_line + at, starts if len(starts) > 1 else None, cut=cut)
        at = end


def _best_glue(text: str, after: str, weigh: Callable[[str], int], *, full: bool) -> tuple[str, str]:
    """Return the text so far and what to put behind it: a blank, or nothing where a word was broken."""
    before = text[-_TELLING_CHARACTERS:]

    def found_in(joined: str) -> int:
        return 2 * weigh(joined) + (_broken_message().search(joined) is not None)

    best = (found_in(f"{before} {after}"), text, " ")
    ways = [(before, text)]
    if before.endswith("="):
        ways.append((before[:-1], text[:-1]))  # the soft line break of quoted-printable mail
        found = found_in(f"{before[:-1]} {after}")
        if found > best[0]:
            best = (found, text[:-1], " ")
    for ending, kept in ways:
        found = found_in(ending + after)
        broken_number = ending[-1:].isdigit() and after[:1].isdigit()
        if found > best[0] and (full or not broken_number):
            best = (found, kept, "")
    return best[1], best[2]


def may_be_broken(text: str) -> bool:
    """Return whether a text may break off within a known message."""
    return _begun(text.rstrip()) is not None


def _begun(text: str) -> re.Match[str] | None:
    if text[text.rfind(" ") + 1 :] not in _last_words():
        return None  # the common case, decided without a search
    return _broken_message().search(text, max(0, len(text) - _TELLING_CHARACTERS))


def _rest_of_message(text: str, lines: list[str], at: int) -> tuple[int, str] | None:
    """Return the line, from `at` on, that goes on with the message which `text` breaks off.

    Blank lines are passed over, as are stamps and numbers that somebody put before every line of an already
    broken text.
    """
    broken = _begun(text)
    if broken is None:
        return None
    begun = " ".join(broken[0].split())
    rests = [phrase[len(begun) :].strip() for phrase in _phrases() if phrase.startswith(begun + " ")]
    for near in range(at, min(at + _FARTHEST_REST_LINES, len(lines))):
        if not lines[near]:
            continue
        places = [lines[near].find(" ".join(rest.split()[:2])) for rest in rests]
        found = [place for place in places if place >= 0]
        return (near, lines[near][min(found) :]) if found else None
    return None


@cache
def _phrases() -> tuple[str, ...]:
    """The fixed words of every TLB message, without what varies before and after."""
    phrases = []
    for message in messages():
        if message.tlb and "callbacks" not in message.text and not message.text.startswith("WARNING"):
            phrases.append(max(re.split(r"%\w+", message.text), key=len).strip(" :!,("))
    return tuple(phrases)


@cache
def _last_words() -> frozenset[str]:
    return frozenset(word for phrase in _phrases() for word in phrase.split()[:-1])


@cache
def _broken_message() -> re.Pattern[str]:
    begun = {
        " +".join(re.escape(word) for word in words[:kept])
        for words in (phrase.split() for phrase in _phrases())
        for kept in range(1, len(words))
    }
    return re.compile(rf"(?<!\S)(?:{'|'.join(sorted(begun, key=len, reverse=True))})$")
