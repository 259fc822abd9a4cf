"""Ctrl-C, heard wherever it falls.

Python raises `KeyboardInterrupt` between any two instructions. Where that is inside a finalizer, it is reported
and dropped; where a coroutine has been made but not awaited yet, Python warns of the coroutine; and what the
interrupted code does on its way out may raise an error of its own, which hides the interrupt.
"""

from __future__ import annotations

import signal
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_AGAIN_SECONDS = 0.001

_heard = False


def listen() -> None:
    """Take over Ctrl-C in this process, unless whoever started it had it ignored (`nohup`, a shell's `&`)."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _unraisable


def heard() -> bool:
    """Whether Ctrl-C has been pressed since `listen`: then any error is a consequence of it."""
    return _heard


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    global _heard  # noqa: PLW0603 -- a signal handler has no other place
    _heard = True
    warnings.simplefilter("ignore", RuntimeWarning)
    raise KeyboardInterrupt


def _unraisable(dropped: sys.UnraisableHookArgs) -> None:
    if dropped.exc_type is KeyboardInterrupt:
        # Raised here it would be dropped again: a little later the finalizer is over.
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
    elif not _heard:
        sys.__unraisablehook__(dropped)
