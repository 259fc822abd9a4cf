"""When enough has been simulated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from gputlb.simulate.statistics._errors import StatisticsError

if TYPE_CHECKING:
    from gputlb.simulate.statistics._interval import Interval

_TEXT = re.compile(r"(?P<number>[0-9]*\.?[0-9]+(?:e-?[0-9]+)?)\s*(?P<percent>%?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Precision:
    """A wanted half width, relative to the mean or absolute, with a least and a most number of values.

    Source of the sequential procedure: Law, section 9.4.1. It looks at the interval again after each new value, so
    that its stopping is not independent of what it saw: with fewer than 10 values, intervals cover less than they say.
    """

    relative: float | None = None
    """Share of the mean, e.g. 0.02: the mean is off by at most so much of the truth."""
    absolute: float | None = None
    """In the unit of the values."""
    least: int = 10
    """Values before which nothing is believed, 2 or more."""
    most: int = 1000
    """Values after which to give up."""

    def __post_init__(self) -> None:
        if (self.relative is None) == (self.absolute is None):
            raise StatisticsError("a precision is either relative or absolute")
        if self.relative is not None and not 0 < self.relative < 1:
            raise StatisticsError(f"a relative precision must lie between 0 % and 100 %, not be {self.relative:.3g}")
        if self.absolute is not None and not 0 < self.absolute < inf:
            raise StatisticsError(f"an absolute precision must be more than 0, not {self.absolute:g}")
        if not 2 <= self.least <= self.most:
            raise StatisticsError(f"between {self.least} and {self.most} values is no range; from 2 up there is one")

    @classmethod
    def parse(cls, text: str, *, least: int = 10, most: int = 1000) -> Precision:
        """Return the precision that `2%` means (relative), or `0.5` (absolute, in the unit of the values).

        Raises: `StatisticsError`.
        """
        found = _TEXT.fullmatch(text.strip())
        if not found or not float(found["number"]):
            raise StatisticsError(
                f"precision {text!r} is neither a share such as 2% nor a positive number of the cost's unit"
            )
        number = float(found["number"])
        if found["percent"]:
            if number >= 100:
                raise StatisticsError(f"precision {text!r} must be below 100%; 2% is usual")
            return cls(relative=number / 100, least=least, most=most)
        return cls(absolute=number, least=least, most=most)

    def met_by(self, estimate: Interval) -> bool:
        """Tell whether `estimate` is precise enough, and made from enough values."""
        return estimate.n >= self.least and self.shortfall(estimate) <= 1

    def shortfall(self, estimate: Interval) -> float:
        """Return how many times too wide `estimate` is; so many times squared the values would do, or nearly.

        Relative: the half width is held against the mean that was found, not the true one, so it must be a bit
        smaller, p / (1 + p), for the mean to be within the share p of the truth (Law, section 9.4.1).
        """
        if self.relative is not None:
            return estimate.relative_half_width * (1 + self.relative) / self.relative
        assert self.absolute is not None
        return estimate.half_width / self.absolute

    def __str__(self) -> str:
        return f"{self.relative * 100:g} %" if self.relative is not None else f"{self.absolute:g}"
