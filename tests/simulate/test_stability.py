"""Which systems keep up: near saturation, far beyond it, and with batching, which always does."""

from __future__ import annotations

import pytest

from gputlb.simulate import COSTS, QueueFigures, RunResult, Setup, run_setup
from gputlb.simulate.stability import why_unstable

SERVICE = "constant 40 us"  # 25,000 flushes per second


def releases(rate: float, scheme: str = "unbatched", seed: int = 1, duration_ms: float = 60) -> RunResult:
    setup = Setup(
        workload="releases",
        scheme=scheme,
        parameters=(("rate", rate), ("forcewake", "off")),
        latency=SERVICE,
        duration_ms=duration_ms,
    )
    return run_setup(setup, seed)


@pytest.mark.parametrize("rate", [25_000, 26_000, 100_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_more_than_can_be_flushed_is_unstable_and_has_no_latency(rate: float, seed: int):
    result = releases(rate, seed=seed)

    assert result.unstable is not None
    assert result.unstable.startswith(f"the load is {rate / 25_000:.2f}: releases arrive faster than the mutex can be ")
    latency_costs = [cost for cost in COSTS if cost.name.startswith("release_")]
    assert {None} == {cost.of(result) for cost in latency_costs}
    assert None is not next(cost for cost in COSTS if cost.name == "releases_per_s").of(result)


@pytest.mark.parametrize("rate", [5_000, 15_000, 20_000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_less_is_stable(rate: float, seed: int):
    assert None is releases(rate, seed=seed).unstable


@pytest.mark.parametrize("rate", [30_000, 100_000])
def test_batching_keeps_up_where_flushing_for_each_can_t(rate: float):
    assert None is releases(rate, "mmio").unstable


@pytest.mark.parametrize("seed", [4, 10, 21, 24])
@pytest.mark.parametrize("duration_ms", [2, 4])
def test_a_short_run_does_not_take_ups_and_downs_of_a_batch_for_growth(seed: int, duration_ms: float):
    """Five times what unbatched flushing could do; two of these ended with half as many again pending as before."""
    assert None is releases(125_000, "mmio", seed, duration_ms).unstable


def test_what_arrives_while_a_thousand_wait_is_turned_away_and_reported():
    result = releases(200_000)

    assert result.unstable is not None
    assert "1024 are pending at the end" in result.unstable
    assert result.queues["releases"].number_at_end <= 1024


def growing(last: float, *, full: bool = False, flush_us: float = 40) -> str | None:
    figures = QueueFigures(3000, 2500, 0, 500, 250.0, 80.0)
    means = [10 + (last - 10) * step / 99 for step in range(100)]
    return why_unstable(figures, means, [1] * 100, 100, 40, full=full, flush_us=flush_us)


def test_where_flushes_serve_many_it_is_growth_that_tells():
    assert None is growing(12)
    assert (
        "releases arrive faster than they are done, 30400/s against 25000/s, and 500 are pending at the end: "
        "lower the rate"
    ) == growing(500)


def test_growth_to_what_batching_clears_in_a_few_flushes_is_none():
    assert None is not growing(500, flush_us=4000)
    assert None is growing(500, flush_us=8000)


def test_where_arrivals_were_turned_away_no_growth_is_needed():
    assert None is not growing(12, full=True)
