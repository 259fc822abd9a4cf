"""Spans of time as people write them: `40 us`, `exponential 300 us`, `measured FILE`."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.errors import GputlbError, did_you_mean
from gputlb.runtime import Constant, Exponential, Latency
from gputlb.simulate.number_columns import DamagedColumns, number_in, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from gputlb.runtime import Duration

DURATION_FORMS = (
    "TIME",
    "constant TIME",
    "exponential MEAN",
    "uniform LEAST MOST",
    "lognormal MEDIAN P999 CAP",
    "pareto MEDIAN SHAPE CAP",
    "measured FILE.csv",
    "documented",
)
"""How a span is written; a TIME has a unit, `ns`, `us`, `ms` or `s`."""

LONGEST_US = 1e9
_UNITS_US = {"ns": 1e-3, "us": 1.0, "µs": 1.0, "μs": 1.0, "ms": 1e3, "s": 1e6}
_NUMBER = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*([^\s0-9.,]*)\s*,?")


class WrongDuration(GputlbError):
    """A span of time is not understood."""


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any span between two, each as likely."""

    least_us: float
    most_us: float

    def draw_us(self, random: Random) -> float:
        """Return one span."""
        return self.least_us + (self.most_us - self.least_us) * random.random()


@dataclass(frozen=True, slots=True)
class Pareto:
    """A heavy tail: the chance to exceed x falls as x to the power of -`shape`; what exceeds the cap is cut to it.

    Half of the draws are above `median_us`. Below a shape of 2 the variance is the cap's alone, below 1 the mean is.
    """

    median_us: float
    shape: float
    cap_us: float

    def draw_us(self, random: Random) -> float:
        """Return one span, at most `cap_us`."""
        least_us = self.median_us * 2 ** (-1 / self.shape)
        return min(least_us * random.paretovariate(self.shape), self.cap_us)


@dataclass(frozen=True, slots=True)
class Measured:
    """One of the values that somebody measured, each as likely as it was frequent."""

    path: str
    values_us: tuple[float, ...]
    up_to: tuple[int, ...]
    """How many measurements there are up to and with each value."""

    def draw_us(self, random: Random) -> float:
        """Return one of them."""
        return self.values_us[bisect_right(self.up_to, random.randrange(self.up_to[-1]))]


def duration(given: str | float) -> Duration:
    """Return the span that is written so: see `DURATION_FORMS`; a number that is no text is a constant in µs.

    Raises: `WrongDuration`, `DamagedColumns`.
    """
    if isinstance(given, (int, float)):
        return Constant(_checked(float(given), f"{given:g}"))
    text = given.strip()
    word, _, rest = text.partition(" ")
    name = word.lower()
    if name == "measured":
        return measured(rest.strip())
    if name == "documented" and not rest:
        return documented()
    if name in _SHAPES:
        form, units, make = _SHAPES[name]
        values = _values(rest, text)
        if len(values) != len(units):
            raise WrongDuration(f"{text!r} must be written {form}")
        spans = [
            _in_us(number, unit, text) if wants == "time" else _plain(number, unit, text, form)
            for (number, unit), wants in zip(values, units, strict=True)
        ]
        return make(text, *spans)
    values = _values(text, text) if text[:1].isdigit() or text[:1] == "." else []
    if len(values) != 1:
        known = [form.partition(" ")[0] for form in DURATION_FORMS[1:]]
        raise WrongDuration(f"{text!r} is no span of time{did_you_mean(name, known)}; write {_forms()}")
    return Constant(_in_us(*values[0], text))


def duration_text(span: Duration) -> str:
    """Return how `duration` would be asked for this span; its `repr` for one of somebody's own."""
    if span == documented():
        return "documented"
    match span:
        case Constant():
            return f"{span.us:g} us"
        case Exponential():
            return f"exponential {span.mean_us:g} us"
        case Uniform():
            return f"uniform {span.least_us:g} us {span.most_us:g} us"
        case Latency():
            return f"lognormal {span.typical_us:g} us {span.worst_us:g} us {span.cap_us:g} us"
        case Pareto():
            return f"pareto {span.median_us:g} us {span.shape:g} {span.cap_us:g} us"
        case Measured():
            return f"measured {span.path}"
    return repr(span)


@lru_cache(maxsize=1)
def documented() -> Latency:
    """Return the shape that i915's comment gives an invalidation: 40 µs, at worst 100 µs, never more than 1 ms."""
    timing = facts.timing()
    return Latency(timing.hardware_typical_us, timing.hardware_pessimistic_us, timing.hardware_cap_us)


@lru_cache(maxsize=16)
def measured(path: str) -> Measured:
    """Read measured spans: a line each, `latency_us` or `latency_us,count`, with or without a heading.

    Raises: `DamagedColumns` naming file, line and mend.
    """
    columns = "latency_us or latency_us,count"
    if not path:
        raise WrongDuration("'measured' needs a file: write measured FILE.csv")
    counts: dict[float, int] = {}
    for line, fields in rows_of(path, columns):
        if len(fields) > 2:
            raise DamagedColumns(f"{path}, line {line}: {len(fields)} columns; write {columns}")
        value = number_in(path, line, "latency_us", fields[0])
        count = number_in(path, line, "count", fields[1]) if len(fields) == 2 else 1.0
        if count != int(count):
            raise DamagedColumns(f"{path}, line {line}: count must be a whole number, not {fields[1]}")
        counts[value] = counts.get(value, 0) + int(count)
    values = sorted(value for value, count in counts.items() if count)
    if not values:
        raise DamagedColumns(f"{path}: holds no value; write {columns}, a line each")
    return Measured(path, tuple(values), tuple(accumulate(counts[value] for value in values)))


def _uniform(text: str, least_us: float, most_us: float) -> Uniform:
    if least_us > most_us:
        raise WrongDuration(f"{text!r}: the first time must not be longer than the second; exchange them")
    return Uniform(least_us, most_us)


def _lognormal(text: str, median_us: float, worst_us: float, cap_us: float) -> Latency:
    if not 0 < median_us <= worst_us <= cap_us:
        raise WrongDuration(f"{text!r}: median, P999 and cap must be more than 0 and in ascending order")
    return Latency(median_us, worst_us, cap_us)


def _pareto(text: str, median_us: float, shape: float, cap_us: float) -> Pareto:
    if not 0 < median_us <= cap_us or not 0 < shape <= 100:
        raise WrongDuration(f"{text!r}: the median must be more than 0, the cap no less than it, the shape in 0 … 100")
    return Pareto(median_us, shape, cap_us)


_SHAPES: dict[str, tuple[str, tuple[str, ...], Callable[..., Duration]]] = {
    "constant": ("constant TIME", ("time",), lambda _text, us: Constant(us)),
    "exponential": ("exponential MEAN", ("time",), lambda _text, us: Exponential(us)),
    "uniform": ("uniform LEAST MOST", ("time", "time"), _uniform),
    "lognormal": ("lognormal MEDIAN P999 CAP", ("time", "time", "time"), _lognormal),
    "pareto": ("pareto MEDIAN SHAPE CAP", ("time", "number", "time"), _pareto),
}


def _values(text: str, whole: str) -> list[tuple[float, str]]:
    values, at = [], 0
    while at < len(text):
        found = _NUMBER.match(text, at)
        if found is None:
            raise WrongDuration(f"{whole!r} is no span of time: {text[at:].strip()!r} is no number with a unit")
        values.append((float(found[1]), found[2]))
        at = found.end()
    return values


def _in_us(number: float, unit: str, text: str) -> float:
    if not unit:
        shown = f"{number:.15g}"
        what = repr(text) if shown == text else f"{text!r}: {shown}"
        raise WrongDuration(f'{what} has no unit; write "{shown} us", or whatever it is in')
    if unit not in _UNITS_US:
        raise WrongDuration(f"{text!r}: {unit!r} is no unit of time; there are ns, us, ms and s")
    return _checked(number * _UNITS_US[unit], text)


def _plain(number: float, unit: str, text: str, form: str) -> float:
    if unit:
        raise WrongDuration(f"{text!r}: the shape has no unit; write {form}")
    return number


def _checked(us: float, text: str) -> float:
    if math.isnan(us) or not 0 <= us <= LONGEST_US:
        raise WrongDuration(f"{text!r}: a span of time must be 0 us to {LONGEST_US / 1e6:g} s")
    return us


def _forms() -> str:
    return ", ".join(DURATION_FORMS[:-1]) + f" or {DURATION_FORMS[-1]}"
