"""Ctrl-C and SIGTERM, heard wherever they fall, and broken pipes.

Python raises `KeyboardInterrupt` between any two instructions. Where that is inside a finalizer, it is reported
and dropped; where a coroutine has been made but not awaited yet, Python warns of the coroutine; and what the
interrupted code does on its way out may raise an error of its own, which hides the interrupt.
"""

from __future__ import annotations

import signal
import sys
import warnings
from contextlib import contextmanager

TYPE_CHECKING = False  # as in `gputlb/__init__.py`
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_AGAIN_SECONDS = 0.001
_SHELLS_ADD = 128
_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}

_heard: signal.Signals | None = None


def listen() -> None:
    """Take over Ctrl-C and SIGTERM in this process, but none that whoever started it had ignored (`nohup`, `&`).

    Both raise `KeyboardInterrupt`: what is kept and cleared away after one of them is after the other, too.
    A broken pipe ends the command, as it ends every other whose reader leaves (`gputlb registers | head`); rich
    would exit with 1, and that means a bad answer here.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _unraisable


def heard() -> bool:
    """Whether one of them has come since `listen`: then any error is a consequence of it."""
    return _heard is not None


def leave() -> None:
    """Let the next one end the process at once, for all that is left to do is to exit."""
    if signal.getsignal(signal.SIGALRM) is _interrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)
    for number in _WORDS:
        if signal.getsignal(number) is _interrupt:
            signal.signal(number, signal.SIG_DFL)


def say_stopped(remark: str = "") -> int:
    """Say on stderr, with a remark, that the command was stopped; return its exit status, as shells write signals."""
    number = _heard or signal.SIGINT
    print(f"gputlb: {_WORDS[number]}{remark and '; '}{remark}", file=sys.stderr)
    return _SHELLS_ADD + number


@contextmanager
def broken_pipes_are_errors() -> Iterator[None]:
    """Let no broken pipe end the command meanwhile: a reader of stdout who leaves may, a worker that dies may not."""
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGPIPE, before)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    global _heard  # noqa: PLW0603 -- a signal handler has no other place
    if number in _WORDS:
        _heard = signal.Signals(number)
    warnings.simplefilter("ignore", RuntimeWarning)
    raise KeyboardInterrupt


def _unraisable(dropped: sys.UnraisableHookArgs) -> None:
    if dropped.exc_type is KeyboardInterrupt:
        # Raised here it would be dropped again: a little later the finalizer is over.
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
    elif not heard():
        sys.__unraisablehook__(dropped)
