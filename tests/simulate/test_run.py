"""What a run finds: laws that hold on every platform, for every scheme and every seed."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gputlb import facts
from gputlb.device import Behaviour, DeadMmio, FailedAck, SlowUnit, StuckBit, UnknownFault
from gputlb.driver import ProbeFailed, scheme
from gputlb.runtime import Constant, SimulatedRuntime
from gputlb.simulate import Churn, Machine, NothingToRun, RunResult, simulate

PLATFORMS = [row for row in facts.platforms() if all(gt.register_table for gt in row.gts)]
MAINLINE_HAS = [row for row in PLATFORMS if row.kernel not in ("XEHPSDV", "PONTEVECCHIO")]
SEEDS = (1, 2, 3)
seeds = st.integers(0, 2**32 - 1)


def kernel_name(platform: facts.Platform) -> str:
    return platform.kernel


def run(
    platform: str | facts.Platform = "tigerlake",
    scheme_name: str = "mmio",
    seed: int = 1,
    duration_ms: float = 5,
    clients: int = 4,
    **more: Any,
) -> RunResult:
    row = facts.platform(platform) if isinstance(platform, str) else platform
    return simulate(row, scheme(scheme_name), Churn(clients), seed=seed, duration_ms=duration_ms, **more)


@cache
def long_run(platform: str, scheme_name: str) -> RunResult:
    return run(platform, scheme_name, duration_ms=50)


@pytest.mark.parametrize("platform", MAINLINE_HAS, ids=kernel_name)
def test_mainline_lets_nothing_through_on_any_platform_that_it_has_registers_for(platform: facts.Platform):
    results = [run(platform, "mmio", seed) for seed in SEEDS]

    assert [0] * 3 == [result.stale_accesses for result in results]
    assert all(result.releases > 10 and result.flushes > 5 for result in results)


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_mainline_lets_nothing_through_whatever_the_seed(seed: int):
    assert 0 == run(seed=seed).stale_accesses


@pytest.mark.parametrize("platform", PLATFORMS, ids=kernel_name)
def test_without_any_flush_much_is_let_through_on_every_platform(platform: facts.Platform):
    result = run(platform, "none", duration_ms=10)

    assert result.stale_accesses > 20
    assert 0 == result.flushes


@pytest.mark.parametrize(
    ("platform", "engines"),
    [
        ("tigerlake", {"vcs0", "vcs1", "vecs0"}),  # masked from 12.00 on: CVE-2022-4139
        ("icelake", {"vcs1"}),  # hardware instance 2, whose request goes to the copy engine
        ("skylake", set()),
    ],
)
def test_the_2022_patch_misses_exactly_the_engines_that_its_requests_never_reach(platform: str, engines: set[str]):
    result = long_run(platform, "mmio-2022")

    assert engines == set(result.stale_by_engine)
    assert engines == {name for name, count in result.served.items() if not count}
    assert all(result.requests[name] for name in engines)


def test_on_ice_lake_the_copy_engine_drops_its_tlb_at_another_s_request_too():
    result = long_run("icelake", "mmio-2022")

    assert result.served["bcs0"] > result.requests["bcs0"]


def test_unbatched_flushes_for_every_release_and_is_as_safe():
    batched, unbatched = long_run("tigerlake", "mmio"), long_run("tigerlake", "unbatched")

    assert 0 == unbatched.stale_accesses
    assert {"asleep"} >= set(unbatched.skipped_by_reason)
    assert unbatched.flushes / unbatched.releases > batched.flushes / batched.releases


@given(seeds, st.sampled_from(["mmio", "mmio-2022", "none"]))
@settings(max_examples=10, deadline=None)
def test_the_same_seed_gives_the_same_result(seed: int, scheme_name: str):
    assert run("tigerlake", scheme_name, seed) == run("tigerlake", scheme_name, seed)


def test_different_seeds_give_different_results():
    assert len(SEEDS) == len({run(seed=seed).accesses for seed in SEEDS})


@given(seeds, st.sampled_from(["tigerlake", "meteorlake"]), st.sampled_from(["mmio", "mmio-2022", "unbatched"]))
@settings(max_examples=15, deadline=None)
def test_every_release_is_flushed_or_skipped_for_a_stated_reason_on_each_gt(seed: int, platform: str, name: str):
    result = run(platform, name, seed)
    gts = len(facts.platform(platform).gts)

    settled = result.flushes + result.skipped
    assert result.skipped == sum(result.skipped_by_reason.values())
    assert {"asleep", "passed", "passed while waiting"} >= set(result.skipped_by_reason)
    # A release that the end of the run cut short may have settled some of its GTs.
    assert gts * result.releases <= settled <= gts * (result.releases + 4)


@given(seeds, st.sampled_from(["mmio", "mmio-2022", "none"]))
@settings(max_examples=10, deadline=None)
def test_the_facts_of_a_result_fit_together(seed: int, name: str):
    result = run("tigerlake", name, seed, duration_ms=10)
    latency = result.release_latency_us

    assert result.stale_accesses == sum(result.stale_by_engine.values()) <= result.accesses
    assert min(20, result.stale_accesses) == len(result.first_stale_accesses)
    assert result.timeouts == sum(result.timeouts_by_register.values()) == 0
    assert 0 <= result.mutex_held_us <= result.duration_ms * 1000
    assert set(result.requests) == set(result.served)
    assert latency.p50 is not None
    assert latency.p95 is not None
    assert latency.p99 is not None
    assert latency.max is not None
    assert latency.mean is not None
    assert 0 <= latency.p50 <= latency.p95 <= latency.p99 <= latency.max
    assert latency.mean <= latency.max
    assert all(0 <= result.served[engine] <= result.requests[engine] for engine in result.requests)
    assert asdict(result) == json.loads(json.dumps(asdict(result))) | {
        "first_stale_accesses": result.first_stale_accesses,
        "release_histogram": result.release_histogram,
        "release_latency_us": asdict(result)["release_latency_us"],
    }


def test_a_stale_access_says_when_who_where_and_whose():
    first = run("tigerlake", "none", duration_ms=10).first_stale_accesses[0]

    assert {"time_us", "text", "engine", "address", "page", "mapped_for", "tenant"} == set(first)


def test_a_stuck_bit_costs_its_time_out_each_time_and_lets_its_engine_through():
    result = run(faults=[StuckBit("vcs0")], duration_ms=100)

    assert {"GEN12_VD_TLB_INV_CR": result.timeouts} == result.timeouts_by_register
    assert result.timeouts == result.error_lines
    assert result.requests["vcs0"] - result.timeouts in (0, 1)  # the end of the run may cut a wait short
    assert result.timeouts > 10
    assert 0 == result.served["vcs0"]
    assert {"vcs0"} >= set(result.stale_by_engine)
    assert result.release_latency_us.max is not None
    assert result.release_latency_us.max > 4_100


def test_a_unit_slower_than_the_driver_s_patience_makes_it_time_out():
    assert 0 == run(faults=[SlowUnit("rcs0", 1_000)], duration_ms=30).timeouts
    assert 0 < run(faults=[SlowUnit("rcs0", 10_000)], duration_ms=30).timeouts


def test_dead_registers_time_out_and_swallow_writes():
    result = run(faults=[DeadMmio(2_000)], duration_ms=60)

    assert result.timeouts > 0
    assert result.lost_writes > 0


def test_a_domain_that_never_answers_holds_the_driver_for_50_ms_under_its_mutex():
    result = run(faults=[FailedAck("gt")], duration_ms=40)

    assert (0, 0) == (result.flushes, result.releases)
    assert result.mutex_held_us > 30_000


def test_a_fault_that_the_platform_can_t_have_is_refused():
    with pytest.raises(UnknownFault, match="SKYLAKE has no engine 'vcs1'"):
        run("skylake", faults=[StuckBit("vcs1")])


def stale_with(**behaviour: Any) -> int:
    return sum(run(seed=seed, behaviour=Behaviour(**behaviour)).stale_accesses for seed in SEEDS)


@pytest.mark.parametrize("behaviour", ["masked_registers", "tlb_lost_on_power_down", "tlb_lost_on_reset"])
def test_mainline_relies_on_none_of_these_alone(behaviour: str):
    assert 0 == stale_with(**{behaviour: False})


def test_mainline_relies_on_walks_under_way_being_cancelled():
    """Walks are made longer than the time from unbinding to the end of a flush, so that they span it often."""
    assert 0 == stale_with(walk_latency=Constant(300))
    assert 0 < stale_with(walk_latency=Constant(300), invalidation_cancels_walks=False)


def test_mainline_relies_on_contexts_that_drop_what_their_engine_had_kept():
    """It skips sleeping engines, and one that soon runs again has not lost its power in between."""
    assert 0 < stale_with(requests_begin_with_invalidate=False)


def test_on_meteor_lake_mainline_steers_by_itself_and_the_2022_patch_does_not():
    left = Behaviour(multicast_at_start=False)

    assert 0 == run("meteorlake", "mmio", behaviour=left, duration_ms=20).stale_accesses
    assert {"rcs0", "bcs0", "ccs0"} & set(
        run("meteorlake", "mmio-2022", behaviour=left, duration_ms=50).stale_by_engine
    )


def test_a_broken_requirement_that_is_not_about_pages_is_no_stale_access():
    """The driver takes a domain that doesn't answer for awake, and writes all the same."""
    broken: list[object] = []

    def listen(runtime: SimulatedRuntime, _machine: Machine) -> None:
        runtime.events.listen(lambda event: broken.append(event.values) if event.kind == "violation" else None)

    result = run(behaviour=Behaviour(strict_power=True), faults=[FailedAck("gt")], duration_ms=60, listen=listen)

    assert result.lost_writes > 0
    assert len(broken) - result.stale_accesses > 0


def test_progress_goes_from_0_to_1_and_never_back():
    parts: list[float] = []

    run(progress=parts.append)

    assert sorted(parts) == parts
    assert (True, 1.0) == (0 < parts[0] < 0.1, parts[-1])


def test_listeners_are_there_before_anything_happens():
    first: list[tuple[int, str]] = []

    def listen(runtime: SimulatedRuntime, machine: Machine) -> None:
        assert machine.platform.kernel == "TIGERLAKE"
        runtime.events.listen(lambda event: first.append((event.time_ns, event.kind)))

    run(listen=listen)

    assert (0, "engine_init") == first[0]


@pytest.mark.parametrize(
    ("duration_ms", "sentence"),
    [
        (0, "the duration must be more than 0 ms, not 0; 100 is usual"),
        (-1, "the duration must be more than 0 ms, not -1; 100 is usual"),
        (nan, "the duration must be more than 0 ms, not nan; 100 is usual"),
        (inf, "the duration must be more than 0 ms, not inf; 100 is usual"),
    ],
)
def test_a_duration_in_which_nothing_happens_or_never_ends_is_refused(duration_ms: float, sentence: str):
    with pytest.raises(NothingToRun) as caught:
        run(duration_ms=duration_ms)
    assert sentence == str(caught.value)


def test_a_run_too_short_for_a_release_has_no_latency():
    result = run(duration_ms=0.001)

    assert (0, None, None) == (result.releases, result.release_latency_us.p50, result.release_latency_us.max)


@pytest.mark.parametrize(
    ("platform", "scheme_name", "sentence"),
    [
        (
            "lunarlake",
            "mmio",
            "LUNARLAKE has no registers for TLB invalidation: its driver, xe, sends messages to the GuC; "
            "pick a platform up to METEORLAKE",
        ),
        (
            "pontevecchio",
            "mmio",
            "scheme 'mmio' does not load on PONTEVECCHIO GT0 (graphics 12.60): "
            "this version's TLB is not invalidated by registers in Linux 6.12",
        ),
    ],
)
def test_a_scheme_that_does_not_load_says_why(platform: str, scheme_name: str, sentence: str):
    with pytest.raises(ProbeFailed) as caught:
        run(platform, scheme_name)
    assert sentence == str(caught.value)
