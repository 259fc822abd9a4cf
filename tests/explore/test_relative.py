"""A counter of which only distances matter goes on for ever in finitely many states; the verdict stays."""

from __future__ import annotations

import pytest

from gputlb.explore import ExploredRuntime, NotSymmetric


@pytest.fixture(params=["plain", "compiled"])
def engine(request):
    if request.param == "compiled":
        pytest.importorskip("numba")
    return request.param


def passed(current, stamp):
    """Whether a whole flush has passed since the stamp, as a signed 32-bit comparison."""
    return 0 < (current - ((stamp + 1) & ~1) & 0xFFFFFFFF) < 1 << 31


def flushes(*, bits=32, initial=2, clients=2, rounds=None, lax=False, relative=True):
    """Clients that stamp, flush unless a flush has passed since, and then must find that one has."""
    runtime = ExploredRuntime()
    seqno = runtime.cell("seqno", bits, initial)
    mutex = runtime.mutex("flush")
    stamps = [runtime.cell(f"stamp{i}", bits) for i in range(clients)]
    begun = [runtime.cell(f"flushes since the stamp of {i}", 2) for i in range(clients)]

    def client(me):
        async def once():
            async with runtime.atomic():
                await stamps[me].store(await seqno.load() | 1)
                await begun[me].store(0)
            stamp = await stamps[me].load()
            if not passed(await seqno.load(), stamp):
                async with mutex:
                    if not passed(await seqno.load(), stamp):
                        async with runtime.atomic():
                            for cell in begun:
                                await cell.update(lambda n: min(n + 1, 2))
                        await seqno.update(lambda n: (n + 2) & ((1 << bits) - 1))
            runtime.require(await begun[me].load() > (0 if not lax else 1), "a flush began after the stamp")
            runtime.note("released")
            await stamps[me].store(0)

        async def body():
            if rounds is None:
                await once()
            else:
                for _ in range(rounds):
                    await once()

        return body

    for me in range(clients):
        runtime.agent(f"client{me}", client(me), forever=rounds is None)
    if relative:
        runtime.relative(seqno, stamps, step=2, window=6)
    return runtime


def test_a_counter_without_end_is_safe_in_finitely_many_states(engine):
    verdict = flushes().explore(engine=engine)

    assert (verdict.kind, verdict.reached) == ("safe", {"released": True})
    assert flushes().explore(engine="plain").states == verdict.states


def test_where_the_counter_starts_makes_no_difference(engine):
    counts = {flushes(initial=initial).explore(engine=engine).states for initial in (2, 1 << 31, 0xFFFFFFFE)}

    assert len(counts) == 1


def test_a_wider_window_gives_the_same_verdict_in_more_states():
    runtime = flushes()
    narrow = runtime.explore(engine="plain")
    runtime.relations[0] = runtime.relations[0]._replace(window=20)
    wide = runtime.explore(engine="plain")

    assert narrow.kind == wide.kind == "safe"
    assert narrow.states <= wide.states


@pytest.mark.parametrize("lax", [False, True])
def test_dividing_out_gives_the_verdict_of_the_long_way(engine, lax):
    divided = flushes(rounds=2, lax=lax).explore(engine=engine)
    undivided = flushes(rounds=2, lax=lax).explore(engine=engine, symmetry=False)

    assert divided.kind == undivided.kind == ("violated" if lax else "safe")
    assert divided.states <= undivided.states
    if lax:
        assert len(divided.witness.schedule) == len(undivided.witness.schedule)


def test_the_witness_shows_the_values_that_were_really_there():
    runtime = flushes(initial=0xFFFFFFFE, lax=True)

    verdict = runtime.explore(engine="plain")

    assert next(step.before for step in verdict.witness.steps if step.cell == "seqno") == 0xFFFFFFFE
    assert str(runtime.replay(verdict.witness)) == str(verdict.error)


def test_a_scheme_that_looks_at_the_number_itself_is_refused():
    runtime = ExploredRuntime()
    seqno, other = runtime.cell("seqno", 32, 2), runtime.cell("other", 32)

    async def body():
        now = await seqno.load()
        await other.store(now & 0xFF)
        await seqno.update(lambda n: (n + 2) & 0xFFFFFFFF)
        await other.store(now)

    runtime.agent("client", body, forever=True)
    runtime.relative(seqno, [], step=2, window=4)

    with pytest.raises(NotSymmetric) as refused:
        runtime.explore(engine="plain")

    assert "so not only the distance from 'seqno' matters" in str(refused.value)


def test_a_shift_keeps_what_an_agent_was_told_of_other_cells():
    """Two agents count only while a third holds the door open: the way of each is run again with the same door."""
    runtime = ExploredRuntime()
    seqno, door = runtime.cell("seqno", 32), runtime.cell("door", 1, 1)
    stamps = [runtime.cell(f"stamp{agent}", 32) for agent in range(2)]

    def body(stamp):
        async def counts():
            await stamp.store(await seqno.load() | 1)
            wanted = await stamp.load()
            if await door.update(lambda open_: open_) and (await seqno.load() - wanted) % (1 << 32) > 1 << 31:
                await seqno.update(lambda n: (n + 2) & 0xFFFFFFFF)
            await stamp.store(0)

        return counts

    async def opens_and_shuts():
        await door.update(lambda open_: 1 - open_)

    for agent, stamp in enumerate(stamps):
        runtime.agent(f"client{agent}", body(stamp), forever=True)
    runtime.agent("door", opens_and_shuts, forever=True)
    runtime.relative(seqno, stamps, step=2, window=4)

    plain, compiled = (runtime.explore(engine=engine) for engine in ("plain", "compiled"))

    assert ("safe", plain.states) == (compiled.kind, compiled.states)


def test_a_stamp_that_could_come_to_mean_no_stamp_is_refused():
    runtime = ExploredRuntime()
    seqno, stamp = runtime.cell("seqno", 32, 2), runtime.cell("stamp", 32)

    async def body():
        await stamp.store(await seqno.load())  # without | 1: one day this is 0, which says that there is none
        await seqno.update(lambda n: (n + 2) & 0xFFFFFFFF)

    runtime.agent("client", body, forever=True)
    runtime.relative(seqno, [stamp], step=2, window=4)

    with pytest.raises(NotSymmetric) as refused:
        runtime.explore(engine="plain")

    assert "which a shift of 'seqno' by steps of 2 could turn into a value that means no stamp" in str(refused.value)
