"""The closed forms: against each other, against older formulas, and against rows of releases worked out one by one."""

from __future__ import annotations

from math import exp, factorial, inf, isclose, nan
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gputlb.runtime import SPINNING, Constant, SimulatedRuntime
from gputlb.simulate.statistics import batch_means
from gputlb.simulate.theory import (
    Batched,
    ConstantUnbatched,
    FlushTime,
    NoSteadyState,
    Unbatched,
    WrongFlushTime,
    closed_rate_bound_per_s,
    load,
    mean_number,
    polled_us,
    saturation_clients,
    saturation_per_s,
)
from tests.simulate.release_paths import batched, drawn, each, numbered, poisson_arrivals, unbatched

LEVEL = 0.999
loads = st.floats(0.01, 0.97)
FLUSH_US = 40.0
TWO_SPANS = FlushTime.discrete({20.0: 0.75, 100.0: 0.25})


def rate(at_load: float, mean_us: float = FLUSH_US) -> float:
    return at_load * 1e6 / mean_us


# ---- every flush for itself


@given(loads)
def test_with_flushes_all_alike_it_is_half_the_wait_of_the_memoryless_ones(at_load: float):
    """M/M/1 waits S load / (1 - load); M/D/1 half of that."""
    wait = Unbatched(rate(at_load), FlushTime.constant(FLUSH_US)).wait_us

    assert isclose(FLUSH_US * at_load / (1 - at_load) / 2, wait, rel_tol=1e-9)


def test_memoryless_flushes_wait_as_m_m_1():
    """The exponential distribution as 20 000 equally likely spans: what its tail loses is in the tolerance."""
    from math import log1p

    spans = FlushTime.of(-FLUSH_US * log1p(-(number + 0.5) / 20_000) for number in range(20_000))

    assert isclose(FLUSH_US * 0.5 / 0.5, Unbatched(rate(0.5), spans).wait_us, rel_tol=1e-3)


@given(st.floats(0.01, 0.9))
@settings(max_examples=20, deadline=None)
def test_the_numbers_in_the_queue_are_a_distribution_that_keeps_little_s_law(at_load: float):
    queue = ConstantUnbatched(rate(at_load), FLUSH_US)
    most = int(15 / (1 - at_load))
    shares = [queue.number(n) for n in range(most)]

    assert isclose(1.0, sum(shares), rel_tol=1e-9)
    mean = sum(n * share for n, share in enumerate(shares))
    assert isclose(mean_number(queue.rate_per_s, queue.latency_us), mean, rel_tol=1e-6)


@given(st.floats(0.05, 0.9), st.floats(0.0, 6.0))
def test_the_distribution_of_waits_is_erlang_s(at_load: float, flushes: float):
    """His series alternates, so it is only good for the first few flushes: there the two must agree."""
    queue = ConstantUnbatched(rate(at_load), FLUSH_US)
    per_us, us = at_load / FLUSH_US, flushes * FLUSH_US
    series = sum(
        (per_us * (k * FLUSH_US - us)) ** k / factorial(k) * exp(-per_us * (k * FLUSH_US - us))
        for k in range(int(us // FLUSH_US) + 1)
    )

    assert isclose((1 - at_load) * series, queue.wait_at_most(us), rel_tol=1e-6, abs_tol=1e-9)


@pytest.mark.parametrize("at_load", [0.2, 0.5, 0.8])
def test_the_distribution_of_waits_has_the_mean_that_pollaczek_and_khinchine_give(at_load: float):
    queue = ConstantUnbatched(rate(at_load), FLUSH_US)
    step = 1.0
    mean = sum((1 - queue.wait_at_most((n + 0.5) * step)) * step for n in range(2000))

    assert isclose(queue.wait_us, mean, rel_tol=1e-4)


@given(loads, st.floats(0, 0.999))
def test_a_quantile_is_where_the_distribution_gets_there(at_load: float, share: float):
    queue = ConstantUnbatched(rate(at_load), FLUSH_US)
    quantile = queue.wait_quantile_us(share)

    assert queue.wait_at_most(quantile) >= share * (1 - 1e-9)
    assert quantile == 0 or queue.wait_at_most(quantile * (1 - 1e-6)) <= share


@pytest.mark.parametrize("at_load", [0.3, 0.6, 0.75])
def test_rows_of_releases_that_all_flush_wait_as_m_d_1(at_load: float):
    """Closer to saturation long waits come in so few spells that batch means of rows this long cover p99 too seldom."""
    queue = ConstantUnbatched(rate(at_load), FLUSH_US)
    latencies = unbatched(poisson_arrivals(Random(at_load), rate(at_load), 100_000), each(FLUSH_US))[5_000:]
    mean = batch_means(latencies, level=LEVEL)

    assert mean.interval.covers(queue.latency_us)
    assert mean.interval.relative_half_width < 0.1
    for share in (0.5, 0.9, 0.99):
        quantile = queue.latency_quantile_us(share)
        below = batch_means([float(latency <= quantile + 1e-6) for latency in latencies], level=LEVEL)
        assert below.interval.covers(max(share, queue.wait_at_most(quantile - FLUSH_US)))


def test_rows_of_releases_whose_flushes_differ_wait_as_m_g_1():
    random = Random(1)
    queue = Unbatched(rate(0.7, TWO_SPANS.mean_us), TWO_SPANS)
    flushes = drawn(random, lambda r: 20.0 if r.random() < 0.75 else 100.0)
    latencies = unbatched(poisson_arrivals(random, queue.rate_per_s, 100_000), flushes)[5_000:]
    mean = batch_means(latencies, level=LEVEL).interval

    assert mean.covers(queue.latency_us)
    assert mean.relative_half_width < 0.1


# ---- one flush for many


@given(st.integers(0, 10_000), st.floats(0.05, 20.0))
def test_the_driver_s_numbers_make_a_flush_serve_all_who_came_before_it(seed: int, at_load: float):
    """`seqno | 1`, the strict comparison and the second look under the mutex come to the rule of bulk service."""
    arrivals = poisson_arrivals(Random(seed), rate(at_load), 300)

    assert batched(arrivals, each(FLUSH_US)) == numbered(arrivals, each(FLUSH_US))


@given(st.integers(0, 10_000), st.floats(0.05, 20.0))
def test_nobody_waits_for_more_than_the_flush_that_runs_and_one_more(seed: int, at_load: float):
    arrivals = poisson_arrivals(Random(seed), rate(at_load), 300)
    latencies = numbered(arrivals, each(FLUSH_US))

    assert FLUSH_US * (1 - 1e-9) <= min(latencies)
    assert max(latencies) <= 2 * FLUSH_US * (1 + 1e-9)


def test_a_stamp_from_before_an_idle_time_asks_for_one_flush_more_than_it_needs():
    """All unbind while nothing runs. The first flush covers the second release, but the numbers take one more."""
    assert [40.0, 40.0] == numbered([100.0, 200.0], each(40.0), unbound_before_us=100.0)
    assert [40.0, 40.0, 0.0] == numbered([100.0, 200.0, 300.0], each(40.0), unbound_before_us=300.0)


@pytest.mark.parametrize("at_load", [0.1, 0.5, 1.0, 4.0])
def test_rows_of_releases_that_share_flushes_wait_as_the_bulk_queue(at_load: float):
    queue = Batched(rate(at_load), FlushTime.constant(FLUSH_US))
    latencies = batched(poisson_arrivals(Random(at_load), rate(at_load), 60_000), each(FLUSH_US))
    mean = batch_means(latencies, level=LEVEL).interval

    assert mean.covers(queue.latency_us)
    assert mean.relative_half_width < 0.01
    for share in (0.5, 0.9, 0.99):
        quantile = queue.latency_quantile_us(share)
        below = batch_means([float(latency <= quantile + 1e-6) for latency in latencies], level=LEVEL).interval
        assert below.covers(max(share, 1 - queue.busy))


@pytest.mark.parametrize("at_load", [0.5, 2.0])
def test_rows_of_releases_that_share_flushes_of_different_length_do_too(at_load: float):
    random = Random(at_load)
    queue = Batched(rate(at_load, TWO_SPANS.mean_us), TWO_SPANS)
    flushes = drawn(random, lambda r: 20.0 if r.random() < 0.75 else 100.0)
    latencies = batched(poisson_arrivals(random, queue.rate_per_s, 60_000), flushes)
    mean = batch_means(latencies, level=LEVEL).interval

    assert mean.covers(queue.latency_us)
    assert mean.relative_half_width < 0.02


def stationary_batches(expected: float, most: int = 60) -> list[float]:
    """Return how many releases a flush serves, in the long run: the chain at flush ends, by iteration."""
    arriving = [exp(-expected) * expected**n / factorial(n) for n in range(most)]
    after_any = [0.0, arriving[0] + arriving[1], *arriving[2:]]  # nobody: the next flush serves the next to come
    shares = [0.0, 1.0, *[0.0] * (most - 2)]
    for _ in range(50):
        shares = [sum(shares) * next_share for next_share in after_any]
    return shares


@given(st.floats(0.01, 5.0))
def test_the_chain_at_flush_ends_gives_the_same(expected: float):
    queue = Batched(rate(expected), FlushTime.constant(FLUSH_US))
    shares = stationary_batches(expected)

    assert isclose(queue.releases_per_flush, sum(n * share for n, share in enumerate(shares)), rel_tol=1e-6)


@given(st.floats(0.001, 50))
def test_sharing_never_costs_more_than_half_a_flush_and_never_saturates(at_load: float):
    queue = Batched(rate(at_load), FlushTime.constant(FLUSH_US))

    assert FLUSH_US <= queue.latency_us <= 1.5 * FLUSH_US
    assert queue.flushes_per_s <= min(saturation_per_s(queue.flush), queue.rate_per_s) * (1 + 1e-9)
    if at_load < 1:
        assert queue.latency_us <= Unbatched(queue.rate_per_s, queue.flush).latency_us * (1 + 1e-9)


def test_sharing_tends_to_every_flush_for_itself_where_hardly_anybody_comes():
    few = Batched(0.01, FlushTime.constant(FLUSH_US))

    assert isclose(FLUSH_US, few.latency_us, rel_tol=1e-6)
    assert isclose(0.01, few.flushes_per_s, rel_tol=1e-6)


# ---- flush times and bounds


@given(st.dictionaries(st.floats(1, 500), st.integers(1, 20), min_size=1, max_size=6), st.integers(1, 12))
def test_a_flush_waits_for_the_slowest_of_its_units(weights: dict[float, int], units: int):
    whole = sum(weights.values())
    one = FlushTime.discrete({span: weight / whole for span, weight in weights.items()})
    slowest = one.slowest_of(units)

    assert isclose(1.0, sum(slowest.probabilities), rel_tol=1e-9)
    assert one.mean_us <= slowest.mean_us * (1 + 1e-9)
    assert slowest.mean_us <= max(weights) * (1 + 1e-9)
    assert one.slowest_of(1).mean_us == pytest.approx(one.mean_us)


def test_the_slowest_of_two_dice():
    two = FlushTime.discrete({float(face): 1 / 6 for face in range(1, 7)}).slowest_of(2)

    assert isclose(161 / 36, two.mean_us)
    assert isclose(791 / 36, two.mean_square_us2)


@given(st.lists(st.floats(1, 3000), min_size=1, max_size=5))
def test_a_driver_that_polls_sees_its_units_done_when_the_simulated_one_does(latencies: list[float]):
    """The same spins and naps, done by the driver's own wait in virtual time."""
    whole = [round(latency, 3) for latency in latencies]
    assert isclose(seen_by_the_driver(whole), polled_us(whole), abs_tol=1e-3)


def seen_by_the_driver(latencies: list[float]) -> float:
    from gputlb import facts
    from gputlb.runtime import Naps

    timing = facts.timing()
    runtime = SimulatedRuntime(0)
    pending = [runtime.cell(f"unit{number}", 1, 1) for number in range(len(latencies))]
    seen: list[int] = []

    def unit(number: int):
        async def act() -> None:
            await runtime.sleep(Constant(latencies[number]))
            await pending[number].store(0)

        return act

    async def drive() -> None:
        for cell in pending:
            if not await cell.until(lambda bit: bit == 0, timing.mmio_spin_us, SPINNING):
                naps = Naps(timing.nap_first_us, timing.nap_longest_us)
                assert await cell.until(lambda bit: bit == 0, timing.mmio_sleep_ms * 1000, naps)
        seen.append(runtime.now_ns)

    for number in range(len(latencies)):
        runtime.agent(f"unit{number}", unit(number))
    runtime.agent("driver", drive)
    runtime.run()
    return seen[0] / 1000


def test_what_can_be_served_at_most():
    flush = FlushTime.constant(40.0)

    assert (25_000.0, 11.0) == (saturation_per_s(flush), saturation_clients(flush, 400.0))
    assert (0.5, 4.8) == (load(12_500, flush), mean_number(40_000, 120.0))
    assert (2500.0, 25_000.0) == (closed_rate_bound_per_s(1, flush, 360.0), closed_rate_bound_per_s(50, flush, 360.0))


@pytest.mark.parametrize(
    ("rate_per_s", "sentence"),
    [
        (0.0, "releases must arrive at a rate of more than 0 a second, not 0"),
        (-1.0, "releases must arrive at a rate of more than 0 a second, not -1"),
        (nan, "releases must arrive at a rate of more than 0 a second, not nan"),
        (inf, "releases must arrive at a rate of more than 0 a second, not inf"),
        (
            25_000.0,
            "25000 releases a second, 40 µs of flushing each, are a load of 1: "
            "the queue grows for ever; stay below 25000 a second",
        ),
    ],
)
def test_what_never_settles_is_refused(rate_per_s: float, sentence: str):
    with pytest.raises(NoSteadyState) as caught:
        Unbatched(rate_per_s, FlushTime.constant(40.0))
    assert sentence == str(caught.value)


@pytest.mark.parametrize(
    ("spans_us", "probabilities", "sentence"),
    [
        ((), (), "a flush takes more than 0 µs, and not for ever"),
        ((0.0,), (1.0,), "a flush takes more than 0 µs, and not for ever"),
        ((nan,), (1.0,), "a flush takes more than 0 µs, and not for ever"),
        ((40.0, inf), (0.5, 0.5), "a flush takes more than 0 µs, and not for ever"),
        ((40.0, 50.0), (0.5, 0.4), "the probabilities add up to 0.9, not to 1"),
        ((40.0, 50.0), (-0.5, 1.5), "a probability is -0.5, below 0"),
    ],
)
def test_what_is_no_distribution_is_refused(
    spans_us: tuple[float, ...], probabilities: tuple[float, ...], sentence: str
):
    with pytest.raises(WrongFlushTime) as caught:
        FlushTime(spans_us, probabilities)
    assert sentence == str(caught.value)
    with pytest.raises(WrongFlushTime):
        FlushTime.of([])


def test_what_is_not_worked_out_is_said():
    with pytest.raises(NoSteadyState) as caught:
        Batched(1000.0, TWO_SPANS).latency_quantile_us(0.5)
    assert "the distribution is known for flushes of one length alone; ask for the mean" == str(caught.value)
    with pytest.raises(NoSteadyState) as caught:
        Batched(1000.0, FlushTime.constant(40.0)).latency_quantile_us(1.0)
    assert "a share of the releases must be 0 to below 1, not 1" == str(caught.value)
