"""What flushes and resets cost the engines, told from a few events."""

from __future__ import annotations

import pytest

from gputlb import facts
from gputlb.driver import scheme
from gputlb.runtime import SimulatedRuntime
from gputlb.simulate import Machine
from gputlb.simulate.engines_seen import EnginesSeen

PAGE, ENTRY = 3, 0xABC


@pytest.fixture
def seen() -> EnginesSeen:
    machine = Machine(
        SimulatedRuntime(), facts.platform("tigerlake"), scheme("mmio"), virtual_pages=8, physical_pages=8
    )
    return EnginesSeen(machine)


def walk(seen: EnginesSeen, begin_ns: int, end_ns: int, entry: int = ENTRY, *, cancelled: bool = False) -> None:
    what = "cancelled" if cancelled else "end"
    seen.walk(end_ns, "rcs0", ("rcs0", what, PAGE, entry, end_ns - begin_ns))


def flush(seen: EnginesSeen) -> None:
    seen.unit("rcs0")


def context(seen: EnginesSeen, time_ns: int, what: str, agent: str = "client0") -> None:
    seen.context(time_ns, agent, ("rcs0", what))


def test_a_miss_is_the_flush_s_doing_if_the_same_translation_is_found_again(seen: EnginesSeen):
    walk(seen, 0, 10)
    flush(seen)
    walk(seen, 30, 45)

    assert (2, 1, 25, 15) == (seen.walks, seen.misses_by_flush, seen.walk_ns, seen.walk_lost_ns)


def test_it_is_not_if_the_page_has_been_mapped_anew(seen: EnginesSeen):
    walk(seen, 0, 10)
    flush(seen)
    walk(seen, 30, 45, entry=ENTRY + 1)

    assert (0, 0) == (seen.misses_by_flush, seen.walk_lost_ns)


def test_it_is_not_if_a_context_has_started_with_an_empty_tlb_since(seen: EnginesSeen):
    walk(seen, 0, 10)
    flush(seen)
    context(seen, 25, "start")
    walk(seen, 30, 45)

    assert (0, 0) == (seen.misses_by_flush, seen.walk_lost_ns)


def test_one_flush_is_to_blame_for_one_miss_alone(seen: EnginesSeen):
    walk(seen, 0, 10)
    flush(seen)
    walk(seen, 30, 45)
    walk(seen, 50, 60)

    assert 1 == seen.misses_by_flush


def test_the_time_of_a_cancelled_walk_is_lost(seen: EnginesSeen):
    walk(seen, 0, 10, cancelled=True)

    assert (1, 1, 10) == (seen.walks, seen.walks_cancelled, seen.walk_lost_ns)


def test_an_engine_is_busy_while_any_context_is_on_it(seen: EnginesSeen):
    context(seen, 0, "start", "client0")
    context(seen, 5, "start", "client1")
    context(seen, 10, "end", "client0")
    context(seen, 30, "end", "client1")
    context(seen, 50, "start", "client0")
    seen.finish(60)

    assert 40 == seen.busy_ns


def test_what_a_lost_context_would_have_run_is_lost_to_the_reset(seen: EnginesSeen):
    context(seen, 0, "start")
    seen.reset(10, "gt0.reset", ("done",))
    context(seen, 35, "end")

    assert (1, 10, 25) == (seen.resets, seen.busy_ns, seen.reset_lost_ns)


def test_after_the_warm_up_only_what_is_left_counts(seen: EnginesSeen):
    context(seen, 0, "start")
    walk(seen, 80, 90)
    seen.begin(100)
    walk(seen, 100, 110)
    context(seen, 130, "end")

    assert (1, 10, 30) == (seen.walks, seen.walk_ns, seen.busy_ns)
