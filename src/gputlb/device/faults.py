"""Faults by name: what can be wrong with the hardware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable


class UnknownFault(GputlbError):
    """A fault's name or argument is not understood."""


@dataclass(frozen=True, slots=True)
class StuckBit:
    """An engine's invalidation unit never finishes: its request bit stays set until a reset."""

    engine: str


@dataclass(frozen=True, slots=True)
class SlowUnit:
    """An engine's invalidation unit takes `latency_us` each time, whatever is typical."""

    engine: str
    latency_us: float


@dataclass(frozen=True, slots=True)
class LostWrite:
    """Writes to the register at `offset`, in bytes into the BAR, never arrive."""

    offset: int


@dataclass(frozen=True, slots=True)
class DeadMmio:
    """From `after_us` on every register reads all ones and ignores what is written."""

    after_us: float


@dataclass(frozen=True, slots=True)
class FailedAck:
    """A forcewake domain takes no notice of requests: it never acknowledges, and wakes for contexts alone.

    On a platform with several GTs the domains of that name fail on all of them.
    """

    domain: str


Fault = StuckBit | SlowUnit | LostWrite | DeadMmio | FailedAck

_MAKERS: dict[str, tuple[str, Callable[..., Fault], tuple[Callable[[str], object], ...]]] = {
    "stuck-bit": ("stuck-bit:ENGINE", StuckBit, (str,)),
    "slow-unit": ("slow-unit:ENGINE:MICROSECONDS", SlowUnit, (str, float)),
    "lost-write": ("lost-write:OFFSET", LostWrite, (lambda text: int(text, 16),)),
    "dead-mmio": ("dead-mmio:MICROSECONDS", DeadMmio, (float,)),
    "failed-ack": ("failed-ack:DOMAIN", FailedAck, (str,)),
}

FAULT_FORMS = tuple(form for form, _, _ in _MAKERS.values())
"""How each fault is written on the command line."""


def fault(text: str) -> Fault:
    """Return the fault that `text` names.

    Say `stuck-bit:vcs0`, `slow-unit:rcs0:2000`, `lost-write:0xcedc`, `dead-mmio:5000` or `failed-ack:render`.

    Raises: `UnknownFault` with the forms that there are.
    """
    name, *arguments = text.split(":")
    if name not in _MAKERS:
        raise UnknownFault(
            f"fault {text!r} is unknown{did_you_mean(name, _MAKERS)}; there are {', '.join(FAULT_FORMS)}"
        )
    form, make, types = _MAKERS[name]
    try:
        values = [convert(argument) for convert, argument in zip(types, arguments, strict=True)]
    except ValueError:
        raise UnknownFault(f"fault {text!r} is written {form}") from None
    if any(isinstance(value, float) and not 0 <= value < float("inf") for value in values):
        raise UnknownFault(f"fault {text!r}: the time must be 0 or more microseconds")
    return make(*values)


def faults_of(texts: Iterable[str]) -> tuple[Fault, ...]:
    """Return the faults that the texts name. Raises: `UnknownFault`, also for two in the same place."""
    made: dict[object, tuple[str, Fault]] = {}
    for text in texts:
        one = fault(text)
        place = (type(one), getattr(one, "engine", None), getattr(one, "domain", None), getattr(one, "offset", None))
        if place in made:
            before = made[place][0]
            raise UnknownFault(
                f"fault {text!r} is given twice; once is enough"
                if before == text
                else f"faults {before!r} and {text!r} are in the same place; give one of them"
            )
        made[place] = (text, one)
    return tuple(one for _, one in made.values())


class Faults:
    """All that is wrong with one GPU, sorted by the block that it hits."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        every = tuple(faults)
        self.stuck_engines = {fault.engine for fault in every if isinstance(fault, StuckBit)}
        self.latency_us = {fault.engine: fault.latency_us for fault in every if isinstance(fault, SlowUnit)}
        """What a slow unit takes each time, by engine."""
        self.lost_offsets = frozenset(fault.offset for fault in every if isinstance(fault, LostWrite))
        self.unanswering_domains = {fault.domain for fault in every if isinstance(fault, FailedAck)}
        self.dead_after_us = min((fault.after_us for fault in every if isinstance(fault, DeadMmio)), default=None)

    def check(self, kernel: str, engines: Collection[str], domains: Collection[str], bar_bytes: int) -> None:
        """Raise `UnknownFault` for an engine, a domain or an offset that the platform called `kernel` lacks."""
        for engine in sorted(self.stuck_engines | self.latency_us.keys()):
            if engine not in engines:
                raise UnknownFault(
                    f"{kernel} has no engine {engine!r}{did_you_mean(engine, engines)}; it has {', '.join(engines)}"
                )
        for domain in sorted(self.unanswering_domains):
            if domain not in domains:
                raise UnknownFault(
                    f"{kernel} has no forcewake domain {domain!r}{did_you_mean(domain, domains)}; "
                    f"it has {', '.join(sorted(domains))}"
                )
        for offset in sorted(self.lost_offsets):
            if not 0 <= offset < bar_bytes or offset & 3:
                raise UnknownFault(
                    f"{kernel} has no register {offset:#x}: offsets are multiples of 4 below {bar_bytes:#x}"
                )
