"""What queueing theory says a stream of releases must cost: the oracle that the simulator is held against.

Releases arrive at random (a Poisson process), each asks for a flush as soon as its entries are cleared, and one flush
runs at a time, under the invalidation mutex, which is handed on in the order of asking. How long a flush takes is a
`FlushTime`. Nothing here knows of agents, cells or registers.

Unbatched, that is M/G/1 (M/D/1 where every flush takes the same time). Batched by sequence numbers, it is a queue with
bulk service; see `Batched` for the rule and its solution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, floor, fsum, inf
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.errors import GputlbError
from gputlb.runtime import Naps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PER_S = 1e6  # µs
_ROUNDING = 1e-6


class NoSteadyState(GputlbError):
    """Releases arrive faster than they can be served, or not at all: nothing settles that could be computed."""


class WrongFlushTime(GputlbError):
    """Spans and probabilities are no distribution."""


@dataclass(frozen=True)
class FlushTime:
    """How long a flush holds the mutex: the possible spans in µs, ascending, each with its probability.

    Raises: `WrongFlushTime` for a span that is not positive, and for probabilities that do not add up to 1.
    """

    spans_us: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.spans_us or not 0 < self.spans_us[0] <= self.spans_us[-1] < inf:
            raise WrongFlushTime("a flush takes more than 0 µs, and not for ever")
        if min(self.probabilities) < 0:
            raise WrongFlushTime(f"a probability is {min(self.probabilities):g}, below 0")
        if abs(fsum(self.probabilities) - 1) > _ROUNDING:
            raise WrongFlushTime(f"the probabilities add up to {fsum(self.probabilities):g}, not to 1")

    @classmethod
    def constant(cls, us: float) -> FlushTime:
        """Every flush takes `us`."""
        return cls((us,), (1.0,))

    @classmethod
    def discrete(cls, probabilities: Mapping[float, float]) -> FlushTime:
        """Each span has its probability."""
        spans = sorted(probabilities)
        return cls(tuple(spans), tuple(probabilities[span] for span in spans))

    @classmethod
    def of(cls, spans_us: Iterable[float]) -> FlushTime:
        """As the given ones, each equally likely: measured, or drawn from a distribution."""
        spans = sorted(spans_us)
        return cls(tuple(spans), (1 / max(len(spans), 1),) * len(spans))

    def slowest_of(self, units: int) -> FlushTime:
        """Return the time of a flush that waits for `units` which each take such a time, independently."""
        below, shares = 0.0, []
        for at_most in _running_sums(self.probabilities):
            shares.append(at_most**units - below)
            below = at_most**units
        return FlushTime(self.spans_us, tuple(shares))

    @cached_property
    def mean_us(self) -> float:
        """The mean."""
        return fsum(span * share for span, share in zip(self.spans_us, self.probabilities, strict=True))

    @cached_property
    def mean_square_us2(self) -> float:
        """The mean of the square, µs²."""
        return fsum(span * span * share for span, share in zip(self.spans_us, self.probabilities, strict=True))

    def no_arrival(self, rate_per_s: float) -> float:
        """Return the probability that nobody arrives during a flush: the Laplace transform at the arrival rate."""
        rate = rate_per_s / _PER_S
        return fsum(exp(-rate * span) * share for span, share in zip(self.spans_us, self.probabilities, strict=True))


def _running_sums(shares: Sequence[float]) -> list[float]:
    sums, total = [], 0.0
    for share in shares:
        total += share
        sums.append(min(total, 1.0))
    return [*sums[:-1], 1.0]


def polled_us(latencies_us: Iterable[float]) -> float:
    """Return when a driver that waits for one unit after the other has seen them all done, all asked at time 0.

    It spins for 100 µs a unit and naps afterwards, so that it sees what took longer only at the end of a nap. Source:
    Linux 6.12, `mmio_invalidate_full` and `__intel_wait_for_register_fw`; the figures are in the facts. Not for
    latencies beyond its patience, 4 ms, where it gives up.
    """
    timing = facts.timing()
    naps = Naps(timing.nap_first_us, timing.nap_longest_us)
    seen_us = 0.0
    for latency_us in latencies_us:
        napping_us = seen_us + timing.mmio_spin_us
        if latency_us <= napping_us:
            seen_us = max(seen_us, latency_us)
        else:
            seen_us = napping_us + naps.look_ns(0, round((latency_us - napping_us) * 1000)) / 1000
    return seen_us


def load(rate_per_s: float, flush: FlushTime) -> float:
    """Return the share of time for which flushes run if every release has one: rate times mean; 1 is saturation."""
    return rate_per_s * flush.mean_us / _PER_S


def saturation_per_s(flush: FlushTime) -> float:
    """Return how many releases a second unbatched flushing can serve at most; batched serves any number."""
    return _PER_S / flush.mean_us


def saturation_clients(flush: FlushTime, elsewhere_us: float) -> float:
    """Return beyond how many clients unbatched releases must queue, if each spends `elsewhere_us` between two.

    One client more, and the mutex, not the clients, says how many releases there are a second: the knee of the
    asymptotic bounds (Denning and Buzen 1978, *The operational analysis of queueing network models*).
    """
    return (elsewhere_us + flush.mean_us) / flush.mean_us


def closed_rate_bound_per_s(clients: int, flush: FlushTime, elsewhere_us: float) -> float:
    """Return the rate that `clients` which wait for each release cannot exceed, unbatched; source as above."""
    return min(clients * _PER_S / (elsewhere_us + flush.mean_us), saturation_per_s(flush))


def mean_number(rate_per_s: float, mean_us: float) -> float:
    """Return how many are in a place on average where `rate_per_s` come and each stays `mean_us` (Little 1961)."""
    return rate_per_s * mean_us / _PER_S


@dataclass(frozen=True)
class Unbatched:
    """Every release has a flush of its own, in the order of asking: M/G/1.

    Raises: `NoSteadyState` for a rate that is not positive, and at saturation and beyond.
    """

    rate_per_s: float
    flush: FlushTime

    def __post_init__(self) -> None:
        _require_arrivals(self.rate_per_s)
        if self.load >= 1:
            raise NoSteadyState(
                f"{self.rate_per_s:g} releases a second, {self.flush.mean_us:g} µs of flushing each, are a load of "
                f"{self.load:.3g}: the queue grows for ever; stay below {saturation_per_s(self.flush):.6g} a second"
            )

    @property
    def load(self) -> float:
        """The share of time for which a flush runs."""
        return load(self.rate_per_s, self.flush)

    @property
    def wait_us(self) -> float:
        """Mean time from asking for the mutex to having it.

        Source: Pollaczek 1930, Khinchine 1932; Kleinrock, *Queueing Systems*, volume 1, equation 5.70.
        """
        return self.rate_per_s / _PER_S * self.flush.mean_square_us2 / (2 * (1 - self.load))

    @property
    def latency_us(self) -> float:
        """Mean time of a release: its wait and its flush."""
        return self.wait_us + self.flush.mean_us

    @property
    def flushes_per_s(self) -> float:
        """One a release."""
        return self.rate_per_s


class ConstantUnbatched(Unbatched):
    """Every release has a flush of its own and all take the same time: M/D/1, whose distribution is known.

    Raises: `NoSteadyState`, as `Unbatched`.
    """

    def __init__(self, rate_per_s: float, flush_us: float) -> None:
        super().__init__(rate_per_s, FlushTime.constant(flush_us))

    @cached_property
    def _arrivals(self) -> _PoissonTail:
        return _PoissonTail(self.load)

    @cached_property
    def _numbers(self) -> list[float]:
        return [1 - self.load]

    def number(self, releases: int) -> float:
        """Return the probability that so many releases wait or are being flushed.

        Source: the chain at flush ends, solved without differences of like numbers (Ramaswami 1988).
        """
        known, tail = self._numbers, self._arrivals
        for n in range(len(known), releases + 1):
            before = fsum(known[j] * tail.at_least(n + 1 - j) for j in range(1, n))
            known.append((known[0] * tail.at_least(n) + before) / (1 - tail.at_least(1)))
        return known[releases]

    def wait_at_most(self, us: float) -> float:
        """Return the probability of a wait of at most `us`.

        Source: Franx 2001, *A simple solution for the M/D/c waiting time distribution*, whose terms are all positive
        where those of Erlang's (1909) alternate and drown each other.
        """
        if us < 0:
            return 0.0
        flush_us = self.flush.mean_us
        flushes = floor(us / flush_us) + 1
        self.number(flushes)
        at_most = _running_sums([*self._numbers[: flushes + 1], 0.0])
        expected = self.rate_per_s / _PER_S * (flushes * flush_us - us)
        term, terms = exp(-expected), []
        for j in range(flushes):
            terms.append(at_most[flushes - j] * term)
            term *= expected / (j + 1)
        return min(fsum(terms), 1.0)

    def wait_quantile_us(self, share: float) -> float:
        """Return the wait that `share` (0 to below 1) of the releases do not exceed."""
        _require_share(share)
        if self.wait_at_most(0.0) >= share:
            return 0.0
        high = self.flush.mean_us
        while self.wait_at_most(high) < share:
            high *= 2
        low = 0.0
        while high - low > 1e-9 * high:
            middle = (low + high) / 2
            if self.wait_at_most(middle) < share:
                low = middle
            else:
                high = middle
        return high

    def latency_quantile_us(self, share: float) -> float:
        """Return the latency that `share` (0 to below 1) of the releases do not exceed."""
        return self.wait_quantile_us(share) + self.flush.mean_us


class _PoissonTail:
    """Probabilities that at least so many arrive during a flush."""

    def __init__(self, mean: float) -> None:
        term, terms, k = exp(-mean), [], 0
        while term > 1e-320 or k < mean:
            terms.append(term)
            k += 1
            term *= mean / k
        self._tails = [fsum(terms[k:]) for k in range(len(terms))]

    def at_least(self, k: int) -> float:
        return self._tails[k] if k < len(self._tails) else 0.0


@dataclass(frozen=True)
class Batched:
    """A flush serves everybody whose stamp was taken before it began: a queue with bulk service of any size.

    The rule, from the driver's own arithmetic: a stamp taken at counter c is `c | 1`, and passed only at c + 4. Who
    arrives while a flush runs, c to c + 2, waits for the mutex, finds c + 2, which is not enough, and flushes: that
    ends at c + 4. All who arrived during the first flush stand before anybody who came later, get the mutex one after
    the other in the same instant, and find their stamps passed. So an arrival during a flush waits for the rest of it
    and one more; an arrival while none runs flushes at once. (That holds where a release follows its unbinding at
    once. A stamp taken earlier, while no flush ran, asks for one flush more than it needs.)

    The solution: flushes follow one another as long as somebody arrived during the last one. How many did depends on
    that flush alone, so the chain at flush ends forgets its past, and each flush with the pause after it is a renewal
    cycle: mean S + p / λ, where p is the probability that nobody arrives during a flush. A flush runs for the share
    B = S / (S + p / λ) of the time, and Poisson arrivals see time averages (Wolff 1982). An arrival that meets a flush
    finds, on average, the rest E[S²] / 2S of it. Hence the mean latency S + B E[S²] / 2S, at every rate: nothing
    saturates. (Bailey 1954 treats bulk service in general; without a limit on the bulk it is this simple.)

    Raises: `NoSteadyState` for a rate that is not positive.
    """

    rate_per_s: float
    flush: FlushTime

    def __post_init__(self) -> None:
        _require_arrivals(self.rate_per_s)

    @cached_property
    def cycle_us(self) -> float:
        """Mean time from the beginning of a flush to that of the next."""
        return self.flush.mean_us + self.flush.no_arrival(self.rate_per_s) * _PER_S / self.rate_per_s

    @property
    def busy(self) -> float:
        """The share of time for which a flush runs."""
        return self.flush.mean_us / self.cycle_us

    @property
    def flushes_per_s(self) -> float:
        """How many there are, however many releases share them."""
        return _PER_S / self.cycle_us

    @property
    def releases_per_flush(self) -> float:
        """How many releases a flush serves on average."""
        return self.rate_per_s / self.flushes_per_s

    @property
    def wait_us(self) -> float:
        """Mean time from asking for the mutex until the flush that serves begins."""
        return self.busy * self.flush.mean_square_us2 / (2 * self.flush.mean_us)

    @property
    def latency_us(self) -> float:
        """Mean time of a release."""
        return self.wait_us + self.flush.mean_us

    def latency_quantile_us(self, share: float) -> float:
        """Return the latency that `share` (0 to below 1) of the releases do not exceed, if all flushes are alike.

        Those that meet no flush take exactly one; the others are spread evenly between one and two.
        Raises `NoSteadyState` where flushes differ, whose distribution is not worked out here.
        """
        _require_share(share)
        if len(self.flush.spans_us) > 1:
            raise NoSteadyState("the distribution is known for flushes of one length alone; ask for the mean")
        flush_us = self.flush.mean_us
        return flush_us * (1 + max(share - (1 - self.busy), 0.0) / self.busy)


def _require_arrivals(rate_per_s: float) -> None:
    if not 0 < rate_per_s < inf:
        raise NoSteadyState(f"releases must arrive at a rate of more than 0 a second, not {rate_per_s:g}")


def _require_share(share: float) -> None:
    if not 0 <= share < 1:
        raise NoSteadyState(f"a share of the releases must be 0 to below 1, not {share:g}")
