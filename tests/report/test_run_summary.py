"""A result as lines for people: every number of it, the verdict last."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gputlb.report.run_summary import run_json, run_text
from gputlb.simulate import FlushRequests, QueueFigures, ReleaseLatency, ReleaseTime, RunResult

RESULT = RunResult(
    platform="ICELAKE",
    scheme="mmio-2022",
    workload="churn",
    parameters={"clients": 4},
    load="4 clients",
    latency="documented",
    seed=7,
    duration_ms=100,
    warm_up_ms=0,
    unstable=None,
    flushes=30,
    skipped=12,
    skipped_by_reason={"asleep": 2, "passed": 7, "passed while waiting": 3},
    requests={"rcs0": 20, "bcs0": 10, "vcs1": 5},
    served={"rcs0": 20, "bcs0": 15, "vcs1": 0},
    flush_requests=FlushRequests(requested=42, flushed=30, covered=10, skipped=2, unneeded=0, pending=0),
    releases=42,
    freed_bytes=42 * 16384,
    release_latency_us=ReleaseLatency(p50=10.04, p90=50, p95=60, p99=80, p999=99.96, max=99.96, mean=24.5),
    release_time_us=ReleaseTime(queue=4.0, hardware=20.0, forcewake=0.5, other=0.0),
    release_histogram=((10.111, 30), (100.351, 12)),
    spinning_us=900,
    sleeping_us=129,
    queues={
        "releases": QueueFigures(42, 42, 0, 0, 0.1, 24.5),
        "mutex": QueueFigures(33, 33, 0, 0, 0.02, 5.1),
        "memory": QueueFigures(42, 42, 0, 0, 0.0, 0.0),
    },
    mutex_held_us=5_000,
    forcewake_wakes=3,
    forcewake_sleeps=2,
    forcewake_awake_us=99_000,
    timeouts=1,
    timeouts_by_register={"GEN8_BTCR": 1},
    error_lines=1,
    lost_writes=0,
    resets=0,
    walks=300,
    walks_cancelled=1,
    flush_misses=80,
    walk_us=150,
    walk_lost_us=40,
    engine_busy_us=90_000,
    engine_reset_lost_us=0,
    accesses=1_000,
    stale_accesses=4,
    stale_by_engine={"vcs1": 4},
    first_stale_accesses=tuple(
        {"time_us": 1.5 + number, "address": 0x1000, "text": "vcs1 reached page 3", "page": 3} for number in range(4)
    ),
)


def test_a_whole_summary():
    assert """\
churn on ICELAKE, scheme mmio-2022: 4 clients, 100 ms of virtual time, seed 7

releases                      42  times that an object's pages went back
flushes done                  30
flushes skipped               12  7 passed already, 3 passed while waiting, 2 GT asleep
release latency          24.5 µs  mean; p50 10.0, p95 60.0, p99 80.0, max 100.0
where it goes                     4.0 queued, 20.0 for units, 0.5 for forcewake, 0.0 other
freed                  6.88 MB/s
under the mutex          5000 µs  5.0 % of the time
CPU spinning              900 µs  in releases, which slept 129 µs
forcewake transitions          5  3 awake, 2 asleep; 0.99 domains awake on average
TLB misses by flushes         80  0.04 % of the engines' time walking again
timeouts                       1  1 GEN8_BTCR
stale accesses                 4  of 1000 accesses to memory

engine  asked to drop  dropped  stale accesses
rcs0               20       20               0
bcs0               10       15               0  dropped at another engine's request, too
vcs1                5        0               4  no request took effect

at 1.5 µs, address 0x1000: vcs1 reached page 3
at 2.5 µs, address 0x1000: vcs1 reached page 3
at 3.5 µs, address 0x1000: vcs1 reached page 3
… and 1 more

UNSAFE: vcs1 reached pages after they had been given back, 4 times""" == run_text(RESULT)


def test_quantiles_of_too_few_releases_are_not_told_apart_from_the_maximum():
    latency = replace(RESULT.release_latency_us, p99=99.96, only_max=("p99", "p999"))

    text = run_text(replace(RESULT, release_latency_us=latency))
    assert "release latency          24.5 µs  mean; p50 10.0, p95 60.0, p99 and max 100.0\n" in text


def test_a_single_client_and_lost_writes():
    text = run_text(replace(RESULT, load="1 client", lost_writes=3))

    assert ": 1 client, " in text
    assert "\nlost register writes           3\n" in text


def test_without_releases_there_is_no_latency():
    nothing = ReleaseLatency()
    text = run_text(replace(RESULT, releases=0, release_latency_us=nothing, stale_accesses=0, first_stale_accesses=()))

    assert "release latency" not in text
    assert text.endswith("nothing was released, so nothing is shown; give it more time with --duration-ms")


def test_resets_say_what_they_cost():
    text = run_text(replace(RESULT, resets=2, engine_reset_lost_us=1234))

    assert "\nresets                         2  which cost contexts 1234 µs on engines\n" in text


def test_an_unstable_system_is_said_to_be_one_and_has_no_latency():
    text = run_text(
        replace(
            RESULT,
            unstable="releases arrive faster than they are done",
            release_latency_us=ReleaseLatency(),
            release_time_us=None,
            stale_accesses=0,
            first_stale_accesses=(),
        )
    )

    assert "release latency" not in text
    assert "where it goes" not in text
    assert [
        "UNSTABLE: releases arrive faster than they are done",
        "no page was reached after it had been given back",
    ] == text.splitlines()[-2:]


def test_a_run_without_accesses_shows_nothing_of_safety():
    text = run_text(replace(RESULT, accesses=0, stale_accesses=0, first_stale_accesses=()))

    assert text.endswith("no engine reached for any page, so nothing is shown of safety")


@pytest.mark.parametrize(
    ("freed_bytes", "shown"), [(0, "0 B/s"), (4096, "41 kB/s"), (10**8, "1 GB/s"), (123_456_789_000, "1.23e+03 GB/s")]
)
def test_throughput_has_a_fitting_unit(freed_bytes: int, shown: str):
    assert f" {shown}\n" in run_text(replace(RESULT, freed_bytes=freed_bytes))


def test_json_has_every_field_under_its_own_name():
    assert set(RunResult.__slots__) == set(json.loads(run_json(RESULT)))
