"""Where in the user's code an agent stands."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from types import CoroutineType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType

_ROOM = str(Path(__file__).parent) + os.sep


def place() -> str:
    """Return `file:line in function` of the innermost running frame outside the runtime room."""
    frame = sys._getframe(1)  # the stack is the subject here
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_ROOM):
        frame = frame.f_back
    return _text(frame.f_code, frame.f_lineno)


def place_of(coroutine: object) -> str:
    """Return the place of the await at which `coroutine` stands; its first line if it does not stand anywhere."""
    text = "?"
    while isinstance(coroutine, CoroutineType) and not coroutine.cr_code.co_filename.startswith(_ROOM):
        frame = coroutine.cr_frame
        text = _text(coroutine.cr_code, frame.f_lineno if frame else coroutine.cr_code.co_firstlineno)
        coroutine = coroutine.cr_await
    return text


def place_raised(error: BaseException) -> str:
    """Return the innermost place outside the runtime room that `error` came through."""
    text = "?"
    trace = error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_ROOM):
            text = _text(trace.tb_frame.f_code, trace.tb_lineno)
        trace = trace.tb_next
    return text


def place_written(function: object) -> str:
    """Return the first line of a function, also of one in a `functools.partial`."""
    while isinstance(function, partial):
        function = function.func
    code = getattr(function, "__code__", None)
    return repr(function) if code is None else _text(code, code.co_firstlineno)


def _text(code: CodeType, line: int) -> str:
    return f"{Path(code.co_filename).name}:{line} in {code.co_qualname}"
