"""When work arrives from outside, whether or not what came before is done."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError, did_you_mean
from gputlb.runtime import Constant
from gputlb.simulate.durations import duration, duration_text
from gputlb.simulate.number_columns import DamagedColumns, number_in, rows_of

if TYPE_CHECKING:
    from random import Random

    from gputlb.runtime import Duration

ARRIVAL_FORMS = ("poisson", "fixed", "bursty", "bursty ON OFF", "recorded FILE.csv")
"""How a pattern is written; ON and OFF are mean times. A rate may follow, as in `poisson 2000/s`."""

MOST_PER_S = 1e6
_RATE = re.compile(r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*/\s*([a-zµμ]+)$")
_PER_S = {"s": 1.0, "ms": 1e3, "us": 1e6, "µs": 1e6, "μs": 1e6}
_ON, _OFF = 2000.0, 8000.0


class WrongArrivals(GputlbError):
    """A rate or a pattern of arrivals is not understood."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A pattern of arrivals; `gaps` gives the times between them at a rate."""

    pattern: str
    """`poisson`, `fixed`, `bursty` or `recorded`."""
    rate_per_s: float | None = None
    """What the text said; None where the rate stands elsewhere."""
    on_us: float = _ON
    """Mean length of a burst, exponentially distributed."""
    off_us: float = _OFF
    """Mean pause between two."""
    path: str = ""
    gaps_us: tuple[float, ...] = ()
    """Between recorded arrivals, the last one to the first of the next round at the end."""

    def gaps(self, rate_per_s: float) -> Duration:
        """Return the times between arrivals for one run, at `rate_per_s` unless the pattern has its own.

        What it returns remembers where it is: each run needs one of its own.
        """
        mean_us = 1e6 / (self.rate_per_s or rate_per_s)
        if self.pattern == "fixed":
            return Constant(mean_us)
        if self.pattern == "bursty":
            return _Bursts(mean_us * self.on_us / (self.on_us + self.off_us), self.on_us, self.off_us)
        if self.pattern == "recorded":
            return _Recorded(self.gaps_us)
        return _Poisson(mean_us)


class _Poisson:
    def __init__(self, mean_us: float) -> None:
        self._mean_us = mean_us

    def draw_us(self, random: Random) -> float:
        return random.expovariate(1.0) * self._mean_us


class _Bursts:
    """An interrupted Poisson process: arrivals come while it is on, at a rate that makes the whole one right."""

    def __init__(self, mean_us: float, on_us: float, off_us: float) -> None:
        self._mean_us, self._on_us, self._off_us = mean_us, on_us, off_us
        self._left_us: float | None = None

    def draw_us(self, random: Random) -> float:
        draw = random.expovariate
        waited_us = 0.0
        if self._left_us is None:  # where in its round it is when the run begins
            on = random.random() < self._on_us / (self._on_us + self._off_us)
            waited_us = 0.0 if on else draw(1.0) * self._off_us
            self._left_us = draw(1.0) * self._on_us
        while True:
            gap_us = draw(1.0) * self._mean_us
            if gap_us < self._left_us:
                self._left_us -= gap_us
                return waited_us + gap_us
            waited_us += self._left_us + draw(1.0) * self._off_us
            self._left_us = draw(1.0) * self._on_us


class _Recorded:
    def __init__(self, gaps_us: tuple[float, ...]) -> None:
        self._gaps_us = gaps_us
        self._next = 0

    def draw_us(self, _random: Random) -> float:
        gap_us = self._gaps_us[self._next]
        self._next = (self._next + 1) % len(self._gaps_us)
        return gap_us


def rate(given: str | float) -> float:
    """Return a rate per second from `2000/s`, `2/ms`, or a plain number per second.

    Raises: `WrongArrivals`.
    """
    if isinstance(given, str):
        found = _RATE.match(given.strip())
        if found is None:
            try:
                return rate(float(given))
            except ValueError:
                raise WrongArrivals(f"{given!r} is no rate; write 2000/s") from None
        if found[2] not in _PER_S:
            raise WrongArrivals(f"{given!r}: {found[2]!r} is no unit of time; write 2000/s or 2/ms")
        per_s = float(found[1]) * _PER_S[found[2]]
    else:
        per_s = float(given)
    if math.isnan(per_s) or not 0 < per_s <= MOST_PER_S:
        raise WrongArrivals(f"a rate must be more than 0/s and at most {MOST_PER_S:.0f}/s, not {given}")
    return per_s


def arrivals(text: str) -> Arrivals:
    """Return the pattern that is written so: see `ARRIVAL_FORMS`.

    Raises: `WrongArrivals`, `DamagedColumns`.
    """
    if not isinstance(text, str):
        raise WrongArrivals(f"{text!r} is no pattern of arrivals; there are {', '.join(ARRIVAL_FORMS)}")
    word, _, rest = text.strip().partition(" ")
    name, rest = word.lower(), rest.strip()
    if name == "recorded":
        return recorded(rest)
    if name not in ("poisson", "fixed", "bursty"):
        known = [form.partition(" ")[0] for form in ARRIVAL_FORMS]
        raise WrongArrivals(
            f"{text!r} is no pattern of arrivals{did_you_mean(name, known)}; there are {', '.join(ARRIVAL_FORMS)}"
        )
    found = re.match(r"(.*?)\s*(\S+\s*/\s*\S+)$", rest)
    pattern = Arrivals(name, rate(found[2]) if found else None)
    spans = found[1] if found else rest
    if name == "bursty" and spans:
        return _bursty(pattern, spans, text)
    if spans:
        raise WrongArrivals(f"{text!r}: {spans!r} is no rate; write {name}, or {name} 2000/s")
    return pattern


def arrivals_text(pattern: Arrivals) -> str:
    """Return how `arrivals` would be asked for this pattern."""
    words = [pattern.pattern]
    if pattern.pattern == "recorded":
        words.append(pattern.path)
    if pattern.pattern == "bursty":
        words += [duration_text(Constant(pattern.on_us)), duration_text(Constant(pattern.off_us))]
    if pattern.rate_per_s is not None:
        words.append(f"{pattern.rate_per_s:g}/s")
    return " ".join(words)


@lru_cache(maxsize=16)
def recorded(path: str) -> Arrivals:
    """Read the times of arrivals, a line each, `time_us`, ascending; a run that is longer plays them again.

    Raises: `WrongArrivals`, `DamagedColumns` naming file, line and mend.
    """
    if not path:
        raise WrongArrivals("'recorded' needs a file: write recorded FILE.csv")
    times: list[float] = []
    for line, fields in rows_of(path, "time_us"):
        if len(fields) > 1:
            raise DamagedColumns(f"{path}, line {line}: {len(fields)} columns; write time_us alone")
        time_us = number_in(path, line, "time_us", fields[0])
        if times and time_us < times[-1]:
            raise DamagedColumns(f"{path}, line {line}: {time_us:g} comes after {times[-1]:g}; sort the lines")
        times.append(time_us)
    if len(times) < 2 or times[-1] == times[0]:
        raise DamagedColumns(f"{path}: needs two arrivals at different times or more; write time_us, a line each")
    gaps = [later - earlier for earlier, later in pairwise(times)]
    mean_us = (times[-1] - times[0]) / len(gaps)
    return Arrivals("recorded", path=path, gaps_us=(*gaps, mean_us))


def _bursty(pattern: Arrivals, spans: str, text: str) -> Arrivals:
    times = re.findall(r"[0-9.eE+]+\s*[a-zµμ]+", spans)
    values = [duration(each) for each in times]
    if len(values) != 2 or not all(isinstance(value, Constant) and value.us > 0 for value in values):
        raise WrongArrivals(f"{text!r} must be written bursty ON OFF, with two times above 0: bursty 2 ms 8 ms")
    on, off = (value.us for value in values if isinstance(value, Constant))
    return replace(pattern, on_us=on, off_us=off)
