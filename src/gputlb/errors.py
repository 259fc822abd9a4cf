"""The root of every exception that `gputlb` raises on purpose."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class GputlbError(Exception):
    """Something that the reader can mend; the text is one sentence that says where, what and how.

    The command line prints the text and exits with status 2, never with a traceback.
    """


def did_you_mean(word: str, known: Iterable[str], *, at_most: int = 3) -> str:
    """Return `"; did you mean a, b or c?"` for the known words nearest to `word`, or `""`.

    Case is ignored in the comparison; the known words are shown as they are spelt.
    """
    spelt = {name.lower(): name for name in known}
    near = [spelt[name] for name in get_close_matches(word.lower(), spelt, n=at_most, cutoff=0.5)]
    if not near:
        return ""
    listed = near[0] if len(near) == 1 else f"{', '.join(near[:-1])} or {near[-1]}"
    return f"; did you mean {listed}?"
