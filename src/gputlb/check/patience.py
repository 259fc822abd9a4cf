"""Patience with code that never awaits: nothing else could stop it."""

from __future__ import annotations

import contextlib
import inspect
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import gputlb.explore
from gputlb.errors import GputlbError
from gputlb.explore import StoppedFromOutside

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from types import FrameType

_OURS = tuple(f"{Path(module).parent}/" for module in (__file__, gputlb.explore.__file__))


class NeverAwaits(GputlbError):
    """A scheme computes on and on, and nobody else can act."""


class _Endless(StoppedFromOutside):
    """Goes through whatever the endless code would catch."""


@contextlib.contextmanager
def patience(scheme: str, files: Container[str], seconds: float) -> Iterator[None]:
    """Raise `NeverAwaits` from the block when code of `files` is called and has not come back after `seconds`.

    A signal looks at the stack now and then: the call from our rooms into theirs that was there the last time, too,
    has taken too long. A search that takes hours is not concerned, since it makes short calls. Works in the main
    thread, and does nothing in others.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    call: FrameType | None = None

    def look(_signal: int, frame: FrameType | None) -> None:
        nonlocal call
        before, call = call, _call_into(files, frame)
        if call is not None and call is before:
            raise _Endless(_where(files, frame))

    usual = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    except _Endless as endless:
        where = str(endless)
        if where.endswith("in <module>"):
            raise NeverAwaits(
                f"{where}: scheme {scheme!r} is still being imported after {seconds:g} s; let its module come to an end"
            ) from None
        raise NeverAwaits(
            f"{where}: scheme {scheme!r} has computed for {seconds:g} s without an await, and nobody else can act; "
            "let its loops wait for a register or a cell, or come to an end"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)
        StoppedFromOutside.over()
        call = None


def _call_into(files: Container[str], leaf: FrameType | None) -> FrameType | None:
    """Return the innermost plain call in our rooms, if theirs is further in: it lives until theirs comes back."""
    theirs = False
    frame = leaf
    while frame is not None:
        theirs = theirs or frame.f_code.co_filename in files
        suspends = frame.f_code.co_flags & (inspect.CO_COROUTINE | inspect.CO_GENERATOR)
        if frame.f_code.co_filename.startswith(_OURS) and not suspends:
            return frame if theirs else None
        frame = frame.f_back
    return _module_being_imported(leaf) if theirs else None


def _module_being_imported(frame: FrameType | None) -> FrameType | None:
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return frame


def _where(files: Container[str], frame: FrameType | None) -> str:
    while frame is not None and frame.f_code.co_filename not in files:
        frame = frame.f_back
    assert frame is not None, "a call into theirs was found"
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_qualname}"
