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


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or its class where it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def why_not_imported(module_name: str, error: BaseException) -> str:
    """Return why a module of the reader's own can't be imported, with the line in it that raised, and the mend."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno} is not Python ({error.msg}); mend that line"
    if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
        return f"module {module_name!r} can't be imported ({error!r}); is its folder on PYTHONPATH?"
    where = line_in_module(error)
    at = f" at {where}" if where is not None else ""
    return f"module {module_name!r} can't be imported, for {error!r} is raised{at}; mend that line"


def line_in_module(error: BaseException) -> str | None:
    """Return `file:line` of the statement of a module's own that raised while it was imported; None where none did."""
    trace, where = error.__traceback__, None
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_name == "<module>" and not code.co_filename.startswith("<"):
            where = f"{code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return where


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
