"""Reading a column of parameters as numbers, so that it can be drawn and searched along."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.simulate.parameters import Scalar

_NUMBER = re.compile(
    r"(?P<before>\D*?)(?P<number>[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(?P<unit>[^\d\s]*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Axis:
    """Numbers in one unit."""

    numbers: dict[Scalar, float]
    """What each value of the column is as a number."""
    unit: str
    """What follows the number in every value, e.g. `us` or `/s`; empty for plain numbers."""


def numeric_axis(values: Iterable[Scalar | None]) -> Axis | None:
    """Return the values as numbers, or None where they are none.

    Numbers are, and so are texts that are alike but for one number: `"500/s"` and `"2000/s"`, or `"poisson 500/s"` and
    `"poisson 2000/s"`; not `"300 us"` and `"1 ms"`.

    >>> axis = numeric_axis(["fixed 500/s", "fixed 2000/s"])
    >>> axis.numbers["fixed 500/s"], axis.unit
    (500.0, '/s')
    """
    numbers: dict[Scalar, float] = {}
    alike: set[tuple[str, str]] = set()
    for value in values:
        if value is None:
            return None
        if isinstance(value, int | float):
            numbers[value] = float(value)
            alike.add(("", ""))
            continue
        found = _NUMBER.fullmatch(value.strip())
        if not found:
            return None
        numbers[value] = float(found["number"])
        alike.add((found["before"].strip(), found["unit"]))
    if len(alike) != 1:
        return None
    return Axis(numbers, alike.pop()[1])
