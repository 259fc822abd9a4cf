"""How one waits for a cell or a register, and how long things take."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log
from typing import TYPE_CHECKING, Protocol

from gputlb.runtime._errors import ImpossibleNaps

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True)
class Asleep:
    """Sleep until woken by the change: a wait queue. Not allowed under a spin lock."""


@dataclass(frozen=True, slots=True)
class Spinning:
    """Look again and again without a pause. Allowed under a spin lock."""


@dataclass(frozen=True, slots=True)
class Naps:
    """Look, nap, look again, with naps that double until one is at least `longest_us`, and a last look at the end.

    With the kernel's 10 µs and 1000 µs the looks fall 0, 10, 30, 70, 150, 310, 630, 1270, 2550, … µs after
    the start (Linux 6.12, `wait_for` in i915_utils.h; its naps may each take up to twice as long).
    `ImpossibleNaps` if the first nap takes less than 1 µs: it could be doubled for ever.
    """

    first_us: int
    longest_us: int

    def __post_init__(self) -> None:
        if self.first_us < 1:
            raise ImpossibleNaps(f"{self!r}: first_us must be 1 or more, not {self.first_us}")

    def look_ns(self, start_ns: int, not_before_ns: int) -> int:
        """Return when the first look at or after `not_before_ns` falls, in a wait that began at `start_ns`."""
        time_ns = start_ns
        nap_us = self.first_us
        while time_ns < not_before_ns:
            time_ns += nap_us * 1000
            if nap_us < self.longest_us:
                nap_us *= 2
        return time_ns


ASLEEP = Asleep()
SPINNING = Spinning()

How = Asleep | Spinning | Naps


class Duration(Protocol):
    """A span of time that varies: drawn from a generator in simulation, any time at all in exploration."""

    def draw_us(self, random: Random) -> float:
        """Return one span in microseconds, using `random` alone."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same span."""

    us: float

    def draw_us(self, random: Random) -> float:
        """Return `us`."""
        return self.us


@dataclass(frozen=True, slots=True)
class Exponential:
    """A memoryless span with the given mean."""

    mean_us: float

    def draw_us(self, random: Random) -> float:
        """Return one exponentially distributed span."""
        return -log(1.0 - random.random()) * self.mean_us  # as `expovariate(1.0)`, without the call


@dataclass(frozen=True, slots=True)
class Latency:
    """A hardware latency known by three numbers: typical, at worst, and never more than.

    Drawn from a log-normal with the typical value as its median and one draw in a thousand above the worst;
    what exceeds the cap is cut to it. The i915 comment gives 40 µs, 100 µs and 1 ms for a TLB invalidation.
    """

    typical_us: float
    worst_us: float
    cap_us: float
    _sigma: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        standard_normal_999th = 3.0902
        object.__setattr__(self, "_sigma", log(self.worst_us / self.typical_us) / standard_normal_999th)

    def draw_us(self, random: Random) -> float:
        """Return one latency, at most `cap_us`."""
        drawn_us = self.typical_us * exp(self._sigma * random.gauss(0.0, 1.0))
        return drawn_us if drawn_us < self.cap_us else self.cap_us
