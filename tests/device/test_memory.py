"""The system lends its lowest free pages, and knows whose each one is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb import facts
from gputlb.device import SYSTEM, OutOfMemory, SystemMemory
from gputlb.runtime import DirectRuntime, Recorder, SimulatedRuntime, Violation

LAYOUT = facts.pte_layout()


def test_pages_are_lent_lowest_first_and_come_back_into_use_at_once():
    runtime = DirectRuntime()
    memory = SystemMemory(runtime, 4)

    assert (0, 1) == runtime.run(memory.lend(2, tenant=1))
    assert (2,) == runtime.run(memory.lend(1, tenant=2))
    runtime.run(memory.take_back((0,)))
    assert (0, 3) == runtime.run(memory.lend(2, tenant=3))


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=30))
def test_no_page_is_lent_twice_and_each_has_the_tenant_that_holds_it(steps: list[tuple[bool, int]]):
    runtime = DirectRuntime()
    memory = SystemMemory(runtime, 8)
    held: dict[int, tuple[int, ...]] = {}

    for tenant, (lends, count) in enumerate(steps, 1):
        if lends and sum(map(len, held.values())) + count <= 8:
            held[tenant] = runtime.run(memory.lend(count, tenant))
        elif held:
            runtime.run(memory.take_back(held.pop(next(iter(held)))))

        owners = {page: tenant for tenant, pages in held.items() for page in pages}
        assert len(owners) == sum(map(len, held.values()))

        async def tenants() -> list[int]:
            return [await cell.load() for cell in memory.tenants]

        assert [owners.get(page, SYSTEM) for page in range(8)] == runtime.run(tenants())


def test_a_borrower_waits_until_enough_pages_are_back():
    runtime = SimulatedRuntime()
    memory = SystemMemory(runtime, 2)
    got: list[tuple[float, tuple[int, ...]]] = []

    async def first() -> None:
        pages = await memory.lend(2, 1)
        await runtime.sleep(30)
        await memory.take_back(pages)

    async def second() -> None:
        await runtime.sleep(10)
        got.append((runtime.now_ns, await memory.lend(1, 2)))
        got.append((runtime.now_ns, ()))

    runtime.agent("first", first)
    runtime.agent("second", second)
    runtime.run()

    assert [(10_000, (0,)), (30_000, ())] == got


def test_more_pages_than_there_are_would_never_come():
    runtime = DirectRuntime()

    with pytest.raises(OutOfMemory) as caught:
        runtime.run(SystemMemory(runtime, 4).lend(5, 1))
    assert "5 pages were asked for at once, and the system has 4" == str(caught.value)


def test_an_access_through_the_present_tenant_s_translation_is_rightful():
    runtime = DirectRuntime()
    memory = SystemMemory(runtime, 4)
    (page,) = runtime.run(memory.lend(1, tenant=7))
    recorder = Recorder(runtime.events)

    runtime.run(memory.access("rcs0", 3, LAYOUT.entry(page, 7)))

    assert [("access", ("rcs0", 3))] == [(event.kind, event.values) for event in recorder]


@pytest.mark.parametrize(
    ("next_tenant", "now"),
    [(SYSTEM, "was given back to the system"), (8, "belongs to somebody else (tenant 8)")],
)
def test_an_access_after_the_page_went_is_a_violation_with_engine_address_page_and_time(next_tenant: int, now: str):
    runtime = SimulatedRuntime()
    memory = SystemMemory(runtime, 4)
    recorder = Recorder(runtime.events)

    async def steps() -> None:
        pages = await memory.lend(1, tenant=7)
        await memory.take_back(pages)
        if next_tenant:
            await memory.lend(1, next_tenant)
        await runtime.sleep(5)
        await memory.access("vcs0", 3, LAYOUT.entry(pages[0], 7))

    runtime.agent("tester", steps)
    with pytest.raises(Violation) as caught:
        runtime.run()

    text = f"vcs0 reached page 0 through a stale translation: the page {now}"
    found = {"engine": "vcs0", "address": 0x3000, "page": 0, "mapped_for": 7, "tenant": next_tenant}
    assert text == caught.value.text
    assert 5_000 == caught.value.time_ns
    assert found == caught.value.facts
    assert [(text, found)] == [event.values for event in recorder if event.kind == "violation"]
