"""What a terminal obeys, and what it can do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

CLEAR_LINE = "\r\x1b[K"
"""What makes room for a line that is written again, where `rewrites_lines`."""


def harmless(text: str) -> str:
    """Return a line in which a terminal finds nothing to obey and no line break: it may quote a file or a name."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def is_dumb() -> bool:
    """Return whether a terminal, if there is one, knows no escape sequence (`TERM=dumb`, as in an editor's shell)."""
    return os.environ.get("TERM", "").lower() in {"dumb", "unknown"}


def rewrites_lines(stream: TextIO) -> bool:
    """Return whether a line on `stream` can be written again in its place: for progress that somebody looks at."""
    return stream.isatty() and not is_dumb()
