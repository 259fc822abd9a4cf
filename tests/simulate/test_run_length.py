"""The length of runs is chosen so that a cost is known well enough, and never grows without bound."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb.simulate import Precision, Setup, WrongReplications, find_warm_up, replicate, replicate_long_enough
from gputlb.simulate.run_length import _rounded_up, length_needed_ms

QUEUE = Setup(
    workload="releases",
    scheme="unbatched",
    parameters=(("rate", 10_000), ("forcewake", "off")),
    latency="40 us",
    duration_ms=4,
)
SERVICE_US = 40
LOAD = 0.4
MEAN_US = SERVICE_US + LOAD * SERVICE_US / (2 * (1 - LOAD))
"""M/D/1, by Pollaczek and Khinchine."""


def test_runs_grow_until_the_precision_is_reached():
    wanted = Precision(relative=0.04)
    runs = replicate_long_enough(QUEUE, 1, wanted, replications=6)
    estimate = runs.interval("release_mean_us")

    assert runs.met
    assert 6 == len(runs.results)
    assert (4, runs.setup.duration_ms) == (runs.lengths_ms[0], runs.lengths_ms[-1])
    assert sorted(runs.lengths_ms) == list(runs.lengths_ms)
    assert 4 < runs.setup.duration_ms
    assert estimate is not None
    assert wanted.shortfall(estimate) <= 1
    assert estimate.mean == pytest.approx(MEAN_US, rel=0.08)


def test_what_comes_out_is_what_the_chosen_length_gives_and_the_same_for_the_same_seed():
    runs = replicate_long_enough(QUEUE, 5, Precision(relative=0.1), replications=4)
    again = replicate_long_enough(QUEUE, 5, Precision(relative=0.1), replications=4)

    assert again == runs
    assert runs.results == replicate(runs.setup, 5, replications=4).results


def test_runs_that_are_long_enough_stay_as_they_are():
    runs = replicate_long_enough(QUEUE, 1, Precision(relative=0.9), replications=4)

    assert (True, (4, 4)) == (runs.met, runs.lengths_ms)


def test_the_longest_is_never_exceeded_and_says_what_would_do():
    runs = replicate_long_enough(QUEUE, 1, Precision(relative=0.001), replications=3, longest_ms=20)
    needed_ms = length_needed_ms(runs)

    assert (False, 20) == (runs.met, runs.setup.duration_ms)
    assert needed_ms is not None
    assert needed_ms > 1000


def test_runs_in_which_nothing_is_released_yet_are_made_longer():
    rare = replace(QUEUE, parameters=(("rate", 100), ("forcewake", "off")), duration_ms=1)
    runs = replicate_long_enough(rare, 1, Precision(relative=0.5), replications=3, longest_ms=200)

    assert runs.met
    assert 1 < runs.setup.duration_ms


def test_an_unstable_system_is_not_waited_for():
    beyond = replace(QUEUE, parameters=(("rate", 60_000), ("forcewake", "off")))
    runs = replicate_long_enough(beyond, 1, Precision(relative=0.01), replications=2)

    assert ((4, 4), None, False) == (runs.lengths_ms, runs.interval("release_mean_us"), runs.met)


def test_a_warm_up_is_found_with_the_runs_that_are_counted():
    runs = replicate_long_enough(QUEUE, 3, Precision(relative=0.2), replications=3, warm_up=True)

    assert runs.warm_up is not None
    assert runs.setup.warm_up_ms == runs.warm_up.warm_up_ms
    settled = [find_warm_up(replace(QUEUE, duration_ms=length), 3) for length in dict.fromkeys(runs.lengths_ms)]
    assert next((found for found in settled if found.settled), settled[-1]) == runs.warm_up


def test_progress_never_goes_back_and_ends_at_1():
    parts: list[float] = []
    replicate_long_enough(QUEUE, 1, Precision(relative=0.1), replications=3, progress=parts.append)

    assert sorted(parts) == parts
    assert 1.0 == parts[-1]


@given(st.floats(1e-3, 1e9))
def test_a_length_is_rounded_up_to_two_digits(length_ms: float):
    rounded = _rounded_up(length_ms)

    assert length_ms * (1 - 1e-6) <= rounded <= length_ms * 1.1 + 1e-9
    assert float(f"{rounded:.2g}") == rounded


def test_what_cannot_be_had_is_refused():
    with pytest.raises(WrongReplications) as caught:
        replicate_long_enough(QUEUE, 1, Precision(relative=0.1), longest_ms=1)
    assert "runs begin with 4 ms, so the longest can't be 1 ms; name more" == str(caught.value)
    with pytest.raises(WrongReplications, match="an interval takes 2 runs or more, not 1"):
        replicate_long_enough(QUEUE, 1, Precision(relative=0.1), replications=1)
    with pytest.raises(WrongReplications, match=r"^cost 'mean' is unknown"):
        replicate_long_enough(QUEUE, 1, Precision(relative=0.1), cost="mean")
