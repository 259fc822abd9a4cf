"""Where in the user's code an agent stands."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOM = str(Path(__file__).parent)


def place() -> str:
    """Return `file:line in function` of the innermost running frame outside the runtime room."""
    frame = sys._getframe(1)  # the stack is the subject here
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_ROOM):
        frame = frame.f_back
    code = frame.f_code
    return f"{Path(code.co_filename).name}:{frame.f_lineno} in {code.co_qualname}"
