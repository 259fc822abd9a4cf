"""Times as people write them in a file."""

from __future__ import annotations

import re
from math import isfinite

from gputlb.errors import GputlbError

_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "min": 60e3}
_TEXT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*")


class WrongQuantity(GputlbError):
    """A text is no span of time."""


def refuse_bare_number(value: object, unit: str) -> None:
    """Raise `WrongQuantity` for a time that is no text and so has no unit; in `unit` it would be usual."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise WrongQuantity(f'{value} has no unit; write "{value} {unit}", or whatever it is in')


def milliseconds(value: object) -> float:
    """Return the span of time that a text such as `"100 ms"` or `"0.5 s"` means, in ms.

    Raises: `WrongQuantity`, saying what to write instead.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise WrongQuantity(f'{value!r} is no time; write it like "100 ms"')
    if not isinstance(value, str):
        raise WrongQuantity(f'{value} has no unit; write "{value} ms", or whatever it is in')
    found = _TEXT.fullmatch(value)
    if not found:
        raise WrongQuantity(f'"{value}" is no time; write it like "100 ms"')
    number, unit = found.groups()
    if not unit:
        raise WrongQuantity(f'"{value}" has no unit; write "{number} ms", or whatever it is in')
    if unit not in _MS:
        raise WrongQuantity(f'"{value}" is no time: its unit must be ns, us, ms, s or min, not {unit}')
    span_ms = float(number) * _MS[unit]
    if not isfinite(span_ms):
        raise WrongQuantity(f'"{value}" is longer than any time; write it like "100 ms"')
    return round(span_ms, 9)
