"""A setup in words decides a run; what is warm-up does not count."""

from __future__ import annotations

import pickle

import pytest

from gputlb.simulate import COSTS, NothingToRun, RunResult, Setup, WrongDuration, run_setup

OPEN = Setup(
    workload="releases",
    scheme="unbatched",
    parameters=(("rate", 10_000), ("forcewake", "off")),
    latency="constant 40 us",
    duration_ms=20,
)


def run(seed: int = 1, **more: object) -> RunResult:
    values = {name: getattr(OPEN, name) for name in OPEN.__slots__} | more
    return run_setup(Setup(**values), seed)


def test_a_setup_can_be_sent_to_another_process_and_means_the_same_there():
    again = pickle.loads(pickle.dumps(OPEN))

    assert OPEN == again
    assert run_setup(OPEN, 3) == run_setup(again, 3)


def test_latency_is_what_each_flush_takes():
    assert {40.0} == {run(seed).release_time_us.hardware for seed in (1, 2)}  # type: ignore[union-attr]
    assert 60 == run(latency=60).release_time_us.hardware  # type: ignore[union-attr]
    with pytest.raises(WrongDuration):
        run(latency="fast")


def test_the_warm_up_is_the_same_run_s_first_part():
    """What the whole run has counted is what its two parts have."""
    whole, first, second = run(duration_ms=20), run(duration_ms=8), run(warm_up_ms=8, duration_ms=12)

    assert whole.releases == first.releases + second.releases
    assert whole.flushes == first.flushes + second.flushes
    assert whole.freed_bytes == first.freed_bytes + second.freed_bytes
    assert whole.spinning_us == pytest.approx(first.spinning_us + second.spinning_us)
    assert whole.mutex_held_us == pytest.approx(first.mutex_held_us + second.mutex_held_us)
    assert whole.queues["mutex"].mean_number * 20 == pytest.approx(
        first.queues["mutex"].mean_number * 8 + second.queues["mutex"].mean_number * 12
    )


def test_the_warm_up_pays_for_the_first_wake_up():
    cold, warm = (run(parameters=(("rate", 10_000),), warm_up_ms=warm_up_ms) for warm_up_ms in (0, 5))

    assert cold.forcewake_wakes > warm.forcewake_wakes == 0
    assert 0 == warm.release_time_us.forcewake  # type: ignore[union-attr]
    assert pytest.approx(warm.duration_ms * 1000 * 5) == warm.forcewake_awake_us  # it stays awake


@pytest.mark.parametrize("warm_up_ms", [-1, float("inf"), float("nan")])
def test_a_warm_up_that_never_ends_is_refused(warm_up_ms: float):
    with pytest.raises(NothingToRun, match="the warm-up must be 0 ms or more, not "):
        run(warm_up_ms=warm_up_ms)


def test_progress_goes_through_the_warm_up_too():
    parts: list[float] = []
    run_setup(Setup(warm_up_ms=1, duration_ms=3), 1, progress=parts.append)

    assert sorted(parts) == parts
    assert (200, 1.0) == (len(parts), parts[-1])
    assert pytest.approx(0.25) == parts[99]


def test_costs_have_one_name_each_and_the_parts_add_up_to_the_mean():
    values = {cost.name: cost.of(run()) for cost in COSTS}

    assert len(COSTS) == len(values)
    parts = [values[f"release_{part}_us"] for part in ("queue", "hardware", "forcewake", "other")]
    assert pytest.approx(values["release_mean_us"]) == sum(part or 0 for part in parts)
    assert all(cost.unit in {"µs", "1/s", "1", "share", "B/s"} for cost in COSTS)
    assert all(0 <= (values[cost.name] or 0) <= 1 for cost in COSTS if cost.unit == "share")
