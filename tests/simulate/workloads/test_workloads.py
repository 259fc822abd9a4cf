"""What every workload keeps to, whatever the seed, the scheme and the platform."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gputlb import facts
from gputlb.driver import scheme
from gputlb.runtime import SimulatedRuntime
from gputlb.simulate import COSTS, Machine, RunResult, Setup, make_workload, run_setup, simulate, workloads

RECORDING = "time_us,event,object,pages\n" + "".join(
    f"{100 * n},bind,object{n},{1 + n % 3}\n{100 * n + 30},unbind,object{n}\n{100 * n + 40},release,object{n}\n"
    for n in range(90)
)
NAMES = sorted(workloads())
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recordings") / "recording.csv"
    path.write_text(RECORDING)
    return path


def run(name: str, recording: Path, seed: int = 1, duration_ms: float = 6, **more: object) -> RunResult:
    parameters = (("file", str(recording)),) if name == "replay" else ()
    return run_setup(
        Setup(workload=name, parameters=parameters, duration_ms=duration_ms, **more),  # type: ignore[arg-type]
        seed,
    )


@given(
    st.sampled_from(NAMES),
    st.sampled_from(["mmio", "mmio-2022", "unbatched", "none"]),
    st.sampled_from(["tigerlake", "meteorlake"]),
    st.sampled_from([0, 3]),
    seeds,
)
@settings(max_examples=25, deadline=None)
def test_what_became_of_flushes_adds_up_and_so_does_the_time(
    recording: Path, name: str, scheme_name: str, platform: str, warm_up_ms: float, seed: int
):
    result = run(name, recording, seed, scheme=scheme_name, platform=platform, warm_up_ms=warm_up_ms)
    asked = result.flush_requests
    gts = len(facts.platform(platform).gts)

    assert asked.requested == asked.flushed + asked.covered + asked.skipped + asked.unneeded + asked.pending
    assert (asked.flushed, asked.covered + asked.skipped) == (result.flushes, result.skipped)
    assert asked.requested <= gts * (result.releases + result.queues["releases"].number_at_end)
    assert asked.pending <= gts * result.queues["releases"].number_at_end
    assert result.releases == sum(count for _, count in result.release_histogram)
    time, mean = result.release_time_us, result.release_latency_us.mean
    if time is not None and mean is not None:
        parts = (time.queue, time.hardware, time.forcewake, time.other)
        assert pytest.approx(mean) == sum(parts)
        assert min(parts) >= 0
    assert scheme_name in {"none", "mmio-2022"} or not result.stale_accesses


@given(st.sampled_from(NAMES), seeds)
@settings(max_examples=20, deadline=None)
def test_little_s_law_holds_on_every_queue(recording: Path, name: str, seed: int):
    """The integral of the number and the sum of the waits differ by those alone who were there at the ends."""
    for figures in run(name, recording, seed, duration_ms=10).queues.values():
        waited_ms = figures.departures * (figures.mean_wait_us or 0) / 1000
        if not figures.number_at_begin and not figures.number_at_end:
            assert pytest.approx(figures.mean_number * 10) == waited_ms
        else:
            assert figures.mean_number * 10 >= waited_ms * (1 - 1e-9)
        assert figures.number_at_begin + figures.arrivals == figures.departures + figures.number_at_end


@pytest.mark.parametrize("name", NAMES)
def test_every_workload_releases_something_and_mainline_lets_nothing_through(name: str, recording: Path):
    result = run(name, recording, duration_ms=30)

    assert result.releases > 5
    assert 0 == result.stale_accesses
    assert None is result.unstable
    assert all(cost.of(result) is None or cost.of(result) >= 0 for cost in COSTS)  # type: ignore[operator]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("releases", "idle", "compute")])
def test_every_workload_whose_engines_run_shows_what_is_wrong_with_no_flush_at_all(name: str, recording: Path):
    """An idle GPU loses its TLBs with its power; those of `compute` are dropped by the next kernel that starts."""
    assert run(name, recording, duration_ms=60, scheme="none").stale_accesses > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_result_and_another_another(name: str, recording: Path):
    assert run(name, recording, 3) == run(name, recording, 3)
    assert run(name, recording, 3) != run(name, recording, 4)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_run_keeps_does_not_grow_with_its_length(name: str, recording: Path):
    """Agents, random streams and cells of twice the time: as many, but for callers that a burst has needed at once."""

    def kept(duration_ms: float) -> tuple[int, int, int]:
        runtimes: list[SimulatedRuntime] = []
        parameters = [("file", str(recording))] if name == "replay" else []
        simulate(
            facts.platform("tigerlake"),
            scheme("mmio"),
            make_workload(name, parameters),
            seed=5,
            duration_ms=duration_ms,
            listen=lambda runtime, _machine: runtimes.append(runtime),
        )
        runtime = runtimes[0]
        waiting = sum(len(there) for there in runtime._later.values())
        gc.collect()
        return len(runtime.agents), len(runtime._streams), waiting

    agents, streams, waiting = kept(20)
    more_agents, more_streams, more_waiting = kept(60)

    assert more_agents <= agents + 8
    assert more_streams <= streams + 8
    assert more_waiting <= waiting + 8


def test_resets_cost_contexts_and_make_releases_wait(recording: Path):
    calm, stormy = (run(name, recording, duration_ms=60) for name in ("churn", "reset-storm"))

    assert (0, 0) == (calm.resets, calm.engine_reset_lost_us)
    assert stormy.resets > 5
    assert stormy.engine_reset_lost_us > 1000
    assert stormy.release_latency_us.max > calm.release_latency_us.max  # type: ignore[operator]


def test_functions_do_not_cover_one_another_s_flushes(recording: Path):
    def share(functions: int, clients: int) -> float:
        setup = Setup(workload="sriov", parameters=(("functions", functions), ("clients", clients)), duration_ms=60)
        asked = run_setup(setup, 1).flush_requests
        return asked.covered / asked.requested

    assert share(1, 8) > 1.2 * share(8, 1)


def test_functions_have_mutexes_of_their_own():
    machine = Machine(
        SimulatedRuntime(),
        facts.platform("tigerlake"),
        scheme("mmio"),
        virtual_pages=1,
        physical_pages=1,
        functions=2,
    )

    assert {"gt0.tlb.invalidate_lock", "function1.gt0.tlb.invalidate_lock"} == machine.flush_locks


def test_video_uses_the_media_engines_alone_and_lets_domains_sleep(recording: Path):
    result = run("video", recording, duration_ms=60)

    assert {"vcs0", "vcs1", "vecs0"} >= {name for name, count in result.requests.items() if count}
    assert result.skipped_by_reason["asleep"] > 5
    assert result.forcewake_sleeps > 5


def test_idle_skips_most_flushes_since_the_gt_sleeps(recording: Path):
    asked = run("idle", recording, duration_ms=100).flush_requests

    assert asked.skipped > 0.8 * asked.requested


def test_a_replay_releases_what_was_recorded(recording: Path):
    result = run("replay", recording, duration_ms=20)

    assert 90 == result.releases
    assert sum(1 + n % 3 for n in range(90)) * 4096 == result.freed_bytes


def test_userptr_waits_longer_the_more_arrive_at_once(recording: Path):
    def mean(arrivals: str) -> float:
        setup = Setup(
            workload="userptr", parameters=(("rate", 6000), ("arrivals", arrivals)), scheme="unbatched", duration_ms=25
        )
        latency = run_setup(setup, 1).release_latency_us.mean
        assert latency is not None
        return latency

    assert mean("fixed") < mean("poisson") < mean("bursty 1 ms 2 ms")
