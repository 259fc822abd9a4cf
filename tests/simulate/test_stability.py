"""Which systems keep up: near saturation, far beyond it, and with batching, which always does."""

from __future__ import annotations

import pytest

from gputlb.simulate import COSTS, RunResult, Setup, run_setup

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


@pytest.mark.parametrize("rate", [30_000, 100_000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_more_than_can_be_flushed_is_unstable_and_has_no_latency(rate: float, seed: int):
    result = releases(rate, seed=seed)

    assert result.unstable is not None
    assert result.unstable.startswith("releases arrive faster than they are done, ")
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


def test_what_arrives_while_a_thousand_wait_is_turned_away_and_reported():
    result = releases(200_000)

    assert result.unstable is not None
    assert "197267/s against 24983/s, and 1024 are pending at the end" in result.unstable
    assert result.queues["releases"].number_at_end <= 1024
