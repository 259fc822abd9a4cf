"""The driver does, event for event, what the reference C did, and what a second implementation says it would do."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from gputlb.conformance import Scenario, Vector, compare, read_vectors, replay
from tests.conformance.reference import events_of
from tests.conformance.scenarios import random_scenario

VECTORS = Path(__file__).parent / "vectors"
REVISIONS = ["2022-07-patch", "linux-6.12"]
PLAIN: dict[str, Any] = {
    "id": "t-1",
    "category": "test",
    "revision": "linux-6.12",
    "platform": "METEORLAKE",
    "graphics_ver": 12,
    "graphics_rel": 70,
    "engines": [],
    "gt_awake": True,
    "selftest_no_device": False,
    "wedged": False,
    "seqno_start": 0,
    "calls": [{"op": "invalidate_full", "seqno": 0}, {"op": "invalidate_full", "seqno": 2}],
    "wait_results": {},
    "media_ver": 13,
    "media_rel": 0,
    "gt_type": "primary",
    "gt_id": 0,
    "guc_tlb_invalidation": False,
    "guc_ready": False,
}


def scenario(**changes: Any) -> Scenario:
    return msgspec.convert(PLAIN | changes, Scenario)


def vector(events: list[list[object]], **changes: Any) -> Vector:
    return Vector(scenario(**changes), events)


@pytest.mark.parametrize(("file", "count"), [("patch-2022-07.jsonl.gz", 400), ("linux-6.12.jsonl.gz", 230)])
def test_every_recorded_vector_matches(file: str, count: int):
    vectors = list(read_vectors(VECTORS / file))

    assert count == len(vectors)
    assert [] == [mismatch for number, one in vectors if (mismatch := compare(f"{file}:{number}", one)) is not None]


@pytest.mark.parametrize("file", ["patch-2022-07.jsonl.gz", "linux-6.12.jsonl.gz"])
def test_the_second_implementation_matches_every_recorded_vector(file: str):
    """It is an oracle only if it is right itself."""
    for _, one in read_vectors(VECTORS / file):
        raw = msgspec.to_builtins(one.scenario)
        assert one.events == events_of(raw), one.scenario.id


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("seed", range(2))
def test_the_driver_matches_the_second_implementation_on_random_scenarios(revision: str, seed: int):
    random = Random(f"{revision} {seed}")
    for _ in range(1000):
        raw = random_scenario(random, revision)
        assert events_of(raw) == replay(msgspec.convert(raw, Scenario)), msgspec.json.encode(raw).decode()


def test_the_next_semaphore_wait_takes_the_next_result_even_if_nothing_was_waited_for_in_between():
    events = replay(scenario(wait_results={"0xfd0": ["timeout", "ok"]}))

    assert ["timeout", "ok"] == [event[-1] for event in events if event[0] == "sem_wait"]


def test_engines_with_the_same_name_are_awake_each_for_itself():
    engines = [
        {"name": "x", "class": 3, "instance": 0, "awake": False},
        {"name": "x", "class": 0, "instance": 0, "awake": True},
    ]
    events = replay(scenario(engines=engines, calls=PLAIN["calls"][:1]))

    assert [["engine_awake", "x", True], ["engine_awake", "x", False]] == [
        event for event in events if event[0] == "engine_awake"
    ]


@pytest.mark.parametrize("key", ["0xCEDC", "0XcEdC", "cedc", "0x0000cedc"])
def test_a_register_s_offset_may_be_written_in_any_hex(key: str):
    engines = [{"name": "vcs0", "class": 1, "instance": 0, "awake": True}]
    events = replay(scenario(engines=engines, wait_results={key: "timeout"}))

    assert "timeout" == next(event[-1] for event in events if event[0] == "mcr_wait")


def test_a_mismatch_names_the_first_difference_and_what_came_before():
    events = replay(scenario())
    events[4] = ["lock", "mrc"]
    mismatch = compare("f:1", vector(events))

    assert mismatch is not None
    assert (4, ["lock", "mrc"]) == (mismatch.index, mismatch.expected)
    assert ["sem_wait", "0xfd0", 1, 100, "ok"] == mismatch.got
    assert (["mutex_lock"], ["fw_get", "ALL"], ["fw_get", "GT"]) == mismatch.before


def test_events_that_are_missing_at_the_end_are_a_mismatch():
    events = replay(scenario())
    missing = compare("f:1", vector([*events, ["return", None]]))
    too_many = compare("f:1", vector(events[:-1]))

    assert missing is not None
    assert too_many is not None
    assert (len(events), ["return", None], None) == (missing.index, missing.expected, missing.got)
    assert (len(events) - 1, None, ["return", None]) == (too_many.index, too_many.expected, too_many.got)


def test_true_is_not_1():
    calls = [{"op": "invalidate_full", "seqno": 0}]
    events = replay(scenario(calls=calls))
    assert ["pm_get_if_awake", True] == events[0]
    events[0] = ["pm_get_if_awake", 1]

    assert compare("f:1", vector(events, calls=calls)) is not None


def test_the_words_of_a_quoted_condition_are_free_but_that_it_is_said_is_not():
    engines = [{"name": "other0", "class": 4, "instance": 6, "awake": True}]
    events = replay(scenario(engines=engines))
    assert "warn" == events[0][0]
    freely: list[list[object]] = [["warn", "GT0: gt_WARN_ON_ONCE(class >= 5)"], *events[1:]]

    assert compare("f:1", vector(freely, engines=engines)) is None
    assert compare("f:1", vector(events[1:], engines=engines)) is not None
    assert compare("f:1", vector([["warn", "something else"], *events[1:]], engines=engines)) is not None


def test_a_scenario_is_left_at_its_first_difference_whatever_it_would_cost():
    calls = [{"op": "seqno"}] * 10_000
    mismatch = compare("f:1", vector([["return", 1]], calls=calls))

    assert mismatch is not None
    assert ["return", 0] == mismatch.got
