"""Standard streams that all code below may rely on: there, and with a way to write every letter."""

from __future__ import annotations

import codecs
import io
import os
import sys

TYPE_CHECKING = False  # as in `gputlb/__init__.py`
if TYPE_CHECKING:
    from collections.abc import Sequence

_READABLE, _JSON = "gputlb.readable", "gputlb.json"
_ASCII = {
    "\N{MICRO SIGN}": "u",
    "\N{GREEK SMALL LETTER MU}": "u",
    "\N{GREEK SMALL LETTER LAMDA}": "lambda",
    "\N{PLUS-MINUS SIGN}": "+/-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{SUPERSCRIPT TWO}": "^2",
    "\N{LEFTWARDS ARROW}": "<-",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{BULLET}": "*",
    "\N{TRIANGULAR BULLET}": "*",
    "\N{FULL BLOCK}": "#",
}


def mend(words: Sequence[str]) -> None:
    """Put /dev/null where a standard stream is closed, and let no letter be one that output fails on.

    A letter that the stream's encoding lacks is written in ASCII, in a JSON document (`--json` among the words)
    as JSON escapes it, so that the document stays the same. Standard input stays None where it is closed: who
    wants to read it has to say so; its descriptor is taken all the same, lest some other file get it.
    """
    # In this order, since each takes the lowest descriptor that is free: its own.
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    codecs.register_error(_READABLE, _readable)
    codecs.register_error(_JSON, _json_escaped)
    json = any(word.partition("=")[0] == "--json" for word in words)
    for stream, errors in ((sys.stdout, _JSON if json else _READABLE), (sys.stderr, _READABLE)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def _nowhere() -> io.TextIOWrapper:
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.set_inheritable(descriptor, True)
    return io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), encoding="utf-8")  # open as long as the process


def _readable(error: UnicodeError) -> tuple[str, int]:
    lacking, end = _lacking(error)
    return "".join(_ASCII.get(letter, "?") for letter in lacking), end


def _json_escaped(error: UnicodeError) -> tuple[str, int]:
    import json

    lacking, end = _lacking(error)
    return json.dumps(lacking)[1:-1], end


def _lacking(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return error.object[error.start : error.end], error.end
