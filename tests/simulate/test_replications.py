"""Many runs of one setup: their seeds, their intervals, when they end, and what is left out of their beginning."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.simulate import COSTS, NothingToRun, Precision, Setup, StatisticsError, interval, run_setup
from gputlb.simulate.replications import WrongReplications, cost_named, replicate
from gputlb.simulate.seeds import pilot_seed, replication_seed
from gputlb.simulate.warm_up import find_warm_up

BARE = (("rate", 10_000), ("forcewake", "off"))
QUEUE = Setup(workload="releases", parameters=BARE, latency="40 us", duration_ms=4)
seeds = st.integers(0, 2**64)


@given(seeds)
def test_a_single_run_is_the_first_of_many(seed: int):
    assert seed == replication_seed(seed, 0)


@given(seeds, st.integers(1, 10_000))
def test_seeds_are_numbers_that_every_program_keeps_exactly(seed: int, number: int):
    assert 0 <= replication_seed(seed, number) < 2**48
    assert 0 <= pilot_seed(seed, number) < 2**48


def test_no_two_runs_share_a_seed():
    derived = [replication_seed(seed, number) for seed in range(20) for number in range(200)]
    derived += [pilot_seed(seed, number) for seed in range(20) for number in range(5)]

    assert len(derived) == len(set(derived))


def test_each_run_can_be_had_again_by_its_seed():
    runs = replicate(QUEUE, 5, replications=3)

    assert (5, replication_seed(5, 1), replication_seed(5, 2)) == runs.seeds
    assert runs.results == tuple(run_setup(runs.setup, seed) for seed in runs.seeds)


def test_the_same_seed_gives_the_same_and_another_seed_another():
    assert replicate(QUEUE, 5, replications=2) == replicate(QUEUE, 5, replications=2)
    assert replicate(QUEUE, 5, replications=2).results != replicate(QUEUE, 6, replications=2).results


def test_runs_are_independent_of_each_other():
    means = [value for value in replicate(QUEUE, 1, replications=6).values("release_mean_us") if value is not None]

    assert all(one != other for one, other in combinations(means, 2))


def test_every_cost_has_an_interval_from_all_runs():
    runs = replicate(QUEUE, 1, replications=4, level=0.9)

    for cost in COSTS:
        values = [value for value in runs.values(cost.name) if value is not None]
        expected = interval(values, 0.9) if len(values) == 4 else None
        assert expected == runs.interval(cost.name)
    assert runs.met is None


def test_runs_go_on_until_the_precision_is_reached_and_no_further():
    wanted = Precision(relative=0.03, least=4, most=60)
    runs = replicate(QUEUE, 1, precision=wanted)
    estimate = runs.interval("release_mean_us")

    assert runs.met
    assert estimate is not None
    assert wanted.met_by(estimate)
    assert 4 < len(runs.results) < 60
    before = [value for value in runs.values("release_mean_us")[:4] if value is not None]
    assert not wanted.met_by(interval(before))


def test_runs_end_at_the_limit_and_say_that_it_was_not_enough():
    runs = replicate(QUEUE, 1, precision=Precision(relative=0.001, least=2, most=5))

    assert (5, False) == (len(runs.results), runs.met)


def test_a_precision_of_another_cost_in_its_own_unit():
    runs = replicate(QUEUE, 1, precision=Precision(absolute=500.0, least=3, most=60), cost="flushes_per_s")
    estimate = runs.interval("flushes_per_s")

    assert runs.met
    assert estimate is not None
    assert estimate.half_width <= 500.0


def test_an_unstable_system_has_no_latency_to_be_precise_about():
    beyond = replace(QUEUE, scheme="unbatched", parameters=(("rate", 60_000), ("forcewake", "off")), duration_ms=15)
    runs = replicate(beyond, 1, precision=Precision(relative=0.1, least=2, most=20))

    assert all(result.unstable for result in runs.results)
    assert (2, None, False) == (len(runs.results), runs.interval("release_mean_us"), runs.met)


def test_a_warm_up_that_is_found_is_used_and_told():
    runs = replicate(QUEUE, 3, replications=2, warm_up=True)

    assert runs.warm_up is not None
    assert runs.warm_up == find_warm_up(QUEUE, 3)
    assert runs.setup.warm_up_ms == runs.warm_up.warm_up_ms <= QUEUE.duration_ms / 2
    assert all(result.warm_up_ms == runs.setup.warm_up_ms for result in runs.results)


def test_clients_that_begin_all_at_once_are_not_counted_until_they_have_spread_out():
    found = find_warm_up(Setup(workload="churn", duration_ms=20), 7)

    assert found.settled
    assert 0 < found.warm_up_ms <= 5


def test_a_queue_that_hardly_queues_is_settled_from_early_on():
    quiet = replace(QUEUE, scheme="unbatched", parameters=(("rate", 2_500), ("forcewake", "off")), duration_ms=40)

    assert find_warm_up(quiet, 1).settled


def test_a_queue_that_grows_to_the_end_has_not_settled():
    beyond = replace(QUEUE, scheme="unbatched", parameters=(("rate", 40_000), ("forcewake", "off")), duration_ms=15)
    found = find_warm_up(beyond, 1)

    assert not found.settled


def test_too_few_releases_tell_nothing_about_the_beginning():
    found = find_warm_up(replace(QUEUE, parameters=(("rate", 100), ("forcewake", "off")), duration_ms=1), 1)

    assert (0.0, False) == (found.warm_up_ms, found.settled)


@pytest.mark.parametrize("precision", [None, Precision(relative=0.05, least=2, most=12)])
def test_progress_never_goes_back_and_ends_at_1(precision: Precision | None):
    parts: list[float] = []
    replicate(
        replace(QUEUE, duration_ms=1), 1, replications=3, precision=precision, warm_up=True, progress=parts.append
    )

    assert sorted(parts) == parts
    assert 1.0 == parts[-1]


def test_what_cannot_be_had_is_refused():
    with pytest.raises(WrongReplications) as caught:
        replicate(QUEUE, 1, replications=1)
    assert "an interval takes 2 runs or more, not 1; 10 are usual" == str(caught.value)
    with pytest.raises(WrongReplications, match=r"^cost 'release_p5_us' is unknown; did you mean release_p50_us"):
        cost_named("release_p5_us")
    with pytest.raises(StatisticsError, match="a confidence level must lie between 0 and 1, not be 95"):
        replicate(QUEUE, 1, level=95)
    with pytest.raises(NothingToRun):
        replicate(replace(QUEUE, duration_ms=0), 1)
