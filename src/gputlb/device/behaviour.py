"""What a driver could rely on: each behaviour of the hardware can be switched off, to show who does."""

from __future__ import annotations

from dataclasses import dataclass, field

from gputlb import facts
from gputlb.runtime import Duration, Latency

_WALK = Latency(0.4, 2.0, 20.0)
_WAKE = Latency(20.0, 100.0, 1000.0)
_RESET = Latency(100.0, 500.0, 1500.0)


def _invalidation_latency() -> Latency:
    timing = facts.timing()
    return Latency(timing.hardware_typical_us, timing.hardware_pessimistic_us, timing.hardware_cap_us)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the virtual GPU behaves. The defaults are what is documented or observed of real ones."""

    masked_registers: bool = True
    """Registers of decoders, enhancers and compute engines ignore a write without write-enable bits (12.00 on)."""
    tlb_lost_on_power_down: bool = True
    """A domain that sleeps forgets its engines' translations (commit text of db100e28fdf0).

    Engines whose domain is not recorded are always powered here."""
    tlb_lost_on_reset: bool = True
    """A reset forgets them, too."""
    requests_disturb_reset: bool = True
    """A reset during which an invalidation is requested does not finish (bug I915-04)."""
    requests_begin_with_invalidate: bool = True
    """A context that starts on an engine drops what the engine had cached before."""
    invalidation_cancels_walks: bool = True
    """A page walk that is under way when an invalidation finishes does not fill the TLB."""
    multicast_at_start: bool = True
    """Nobody has left the steering of replicated registers on one instance."""
    strict_power: bool = False
    """A write to a sleeping register is a violation, instead of being lost with a `write_lost` event alone."""
    invalidation_latency: Duration = field(default_factory=_invalidation_latency)
    """From request bit to done: typically 40 µs, up to 100 µs, never more than 1 ms (i915's comment)."""
    walk_latency: Duration = _WALK
    """One page walk. A guess: tables are mostly in the GPU's caches."""
    wake_latency: Duration = _WAKE
    """Until a sleeping domain has power. A guess of the right order; the driver waits up to 50 ms for the answer."""
    idle_before_sleep_us: float = 50.0
    """How long a domain that nobody needs stays powered. A guess."""
    reset_latency: Duration = _RESET
    """From reset request to done. A guess; the driver waits up to 2 ms."""
