"""Textbook algorithms have the number of states that a transition relation written by hand has, and the known verdict.

The relation beside each algorithm is the independent truth: plain tuples, no coroutine, no cell.
"""

from __future__ import annotations

import importlib.util

import pytest

from gputlb.explore import ExploredRuntime
from gputlb.runtime import Violation

ENGINES = [
    "plain",
    pytest.param(
        "compiled", marks=pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
    ),
]


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


def reachable(start, after):
    """Return how many states and how many steps a hand-written relation has."""
    seen, queue, steps = {start}, [start], 0
    for state in queue:
        for following in after(state):
            steps += 1
            if following not in seen:
                seen.add(following)
                queue.append(following)
    return len(seen), steps


def peterson(*, broken=False):
    """Two clients that go in and out for ever; the broken one says whose turn it is before it says that it wants."""
    runtime = ExploredRuntime()
    wants = [runtime.cell("wants0", 1), runtime.cell("wants1", 1)]
    turn, inside = runtime.cell("turn", 1), runtime.cell("inside", 2)

    def client(me):
        other = 1 - me

        async def body():
            if broken:
                await turn.store(other)
                await wants[me].store(1)
            else:
                await wants[me].store(1)
                await turn.store(other)
            while True:  # the compiler lays out `while await …` twice, each with local states of its own
                if not await wants[other].load() or await turn.load() != other:
                    break
            before = await inside.update(lambda n: n + 1)
            runtime.require(before == 0, "two are inside", before=before)
            runtime.note("somebody is inside")
            await inside.update(lambda n: n - 1)
            await wants[me].store(0)

        return body

    for me in (0, 1):
        runtime.agent(f"p{me}", client(me), forever=True)
    runtime.sometimes("somebody is inside")
    return runtime


def peterson_by_hand(state):
    """Lines: 0 wants, 1 gives the turn away, 2 looks at the wish, 3 at the turn, 4 enters, 5 leaves, 6 is done."""
    at, wants, turn, inside = state
    for me in (0, 1):
        other = 1 - me

        def to(line, me=me, wants=wants, turn=turn, inside=inside):
            return (*at[:me], line, *at[me + 1 :]), wants, turn, inside

        def wish(value, me=me):
            return (*wants[:me], value, *wants[me + 1 :])

        match at[me]:
            case 0:
                yield to(1, wants=wish(1))
            case 1:
                yield to(2, turn=other)
            case 2:
                yield to(3 if wants[other] else 4)
            case 3:
                yield to(2 if turn == other else 4)
            case 4:
                assert inside == 0
                yield to(5, inside=inside + 1)
            case 5:
                yield to(6, inside=inside - 1)
            case 6:
                yield to(0, wants=wish(0))


def test_peterson_is_safe_with_the_states_of_the_hand_written_relation(engine):
    verdict = peterson().explore(engine=engine, partial_order=False)

    assert (verdict.kind, verdict.reached) == ("safe", {"somebody is inside": True})
    assert (verdict.states, verdict.transitions) == reachable(((0, 0), (0, 0), 0, 0), peterson_by_hand) == (48, 96)


def test_broken_peterson_lets_two_in_and_the_shortest_way_is_told(engine):
    runtime = peterson(broken=True)

    verdict = runtime.explore(engine=engine)

    assert verdict.kind == "violated"
    assert [(step.agent, step.operation, step.cell) for step in verdict.witness.steps] == [
        ("p0", "store 1", "turn"),
        ("p1", "store 0", "turn"),
        ("p1", "store 1", "wants1"),
        ("p1", "load", "wants0"),
        ("p0", "store 1", "wants0"),
        ("p0", "load", "wants1"),
        ("p0", "load", "turn"),
        ("p0", "update", "inside"),
        ("p1", "update", "inside"),
    ]
    assert isinstance(verdict.error, Violation)
    assert verdict.error.facts == {"before": 1}
    replayed = runtime.replay(verdict.witness)
    assert str(replayed) == str(verdict.error) == "two are inside (agent 'p1', at 0.000 µs)"


def ticket_lock(clients):
    """Tickets modulo 4; each client takes one, waits for its number, and serves the next."""
    runtime = ExploredRuntime()
    following, serving = runtime.cell("next ticket", 2), runtime.cell("now serving", 2)
    inside = runtime.cell("inside", 2)

    async def client():
        ticket = await following.update(lambda n: (n + 1) & 3)
        await serving.until(lambda now: now == ticket)
        before = await inside.update(lambda n: n + 1)
        runtime.require(before == 0, "two hold the ticket lock")
        await inside.update(lambda n: n - 1)
        await serving.update(lambda n: (n + 1) & 3)

    for i in range(clients):
        runtime.agent(f"client{i}", client, forever=True)
    return runtime


def ticket_lock_by_hand(state):
    """A client is None (outside), (line, ticket) while it waits, or its line: 2 enters, 3 leaves, 4 serves."""
    clients, following, serving, inside = state
    for me, at in enumerate(clients):

        def to(place, me=me, following=following, serving=serving, inside=inside):
            return (*clients[:me], place, *clients[me + 1 :]), following, serving, inside

        if at is None:
            yield to((1, following), following=(following + 1) % 4)
        elif at == 2:
            yield to(3, inside=inside + 1)
        elif at == 3:
            yield to(4, inside=inside - 1)
        elif at == 4:
            yield to(None, serving=(serving + 1) % 4)
        elif at[1] == serving:
            yield to(2)


@pytest.mark.parametrize("clients", [1, 2, 3])
def test_ticket_lock_is_safe_with_the_states_of_the_hand_written_relation(engine, clients):
    verdict = ticket_lock(clients).explore(engine=engine, partial_order=False)

    assert verdict.kind == "safe"
    by_hand = reachable(((None,) * clients, 0, 0, 0), ticket_lock_by_hand)
    assert (verdict.states, verdict.transitions) == by_hand


def test_ticket_lock_with_more_clients_than_numbers_lets_two_in(engine):
    """Five clients on numbers modulo 4: the fifth has the number of the first."""
    verdict = ticket_lock(5).explore(engine=engine)

    assert (verdict.kind, verdict.text.split(" (")[0]) == ("violated", "two hold the ticket lock")


def bounded_queue(*, wakes_all):
    """One place, one producer, two consumers, one wait queue for all: who is told to wake must be one who can act.

    The producer sends three items and waits while the place is taken; the consumers take for ever and wait while it
    is empty. A wake-up reaches one of those asleep, whoever it is, and only somebody who sleeps already.
    """
    runtime = ExploredRuntime()
    full, lock = runtime.cell("full", 1), runtime.mutex("queue")
    asleep = runtime.cell("asleep", 3)  # one bit for each agent

    async def wake():
        if wakes_all:
            await asleep.store(0)
        elif sleeping := await asleep.load():
            bits = [bit for bit in (1, 2, 4) if sleeping & bit]
            chosen = bits[await runtime.choose(len(bits))]
            await asleep.store(sleeping & ~chosen)

    async def pass_through(me, wanted):
        """Wait until `full` is `wanted`, then turn it over and wake."""
        await lock.acquire()
        while True:
            if await full.load() == wanted:
                break
            await asleep.update(lambda bits: bits | me)
            await lock.release()
            await asleep.until(lambda bits: not bits & me)
            await lock.acquire()
        await full.store(1 - wanted)
        await wake()
        await lock.release()

    async def producer():
        for _ in range(3):
            await pass_through(1, 0)

    def consumer(me):
        async def body():
            await pass_through(me, 1)

        return body

    runtime.agent("producer", producer)
    runtime.agent("consumer0", consumer(2), forever=True)
    runtime.agent("consumer1", consumer(4), forever=True)
    return runtime


def waking_queue_by_hand(state):
    """The queue that wakes all. An agent is a line, the producer with the number of its items sent."""
    agents, full, locked, asleep = state
    for me, (line, sent) in enumerate(agents):
        wanted, bit = (0 if me == 0 else 1), 1 << me

        def to(line, *, me=me, sent=sent, full=full, locked=locked, asleep=asleep):
            return (*agents[:me], (line, sent), *agents[me + 1 :]), full, locked, asleep

        match line:
            case "lock" | "lock again" if not locked:
                yield to("look", locked=1)
            case "look":
                yield to("take" if full == wanted else "doze")
            case "doze":
                yield to("drop", asleep=asleep | bit)
            case "drop":
                yield to("sleep", locked=0)
            case "sleep" if not asleep & bit:
                yield to("lock again")
            case "take":
                yield to("wake", full=1 - wanted)
            case "wake":
                yield to("unlock", asleep=0)
            case "unlock" if me == 0:
                yield to("end" if sent == 2 else "lock", sent=sent + 1, locked=0)
            case "unlock":
                yield to("lock", locked=0)


def test_a_queue_that_wakes_one_of_all_loses_a_wake_up_and_gets_stuck(engine):
    verdict = bounded_queue(wakes_all=False).explore(engine=engine)

    assert verdict.kind == "deadlock"
    assert verdict.waiting["producer"].startswith("cell 'asleep'")
    assert list(verdict.waiting) == ["producer", "consumer0", "consumer1"]


def test_a_queue_that_wakes_all_is_safe_with_the_states_of_the_hand_written_relation(engine):
    verdict = bounded_queue(wakes_all=True).explore(engine=engine, partial_order=False)

    assert verdict.kind == "safe"
    start = ((("lock", 0),) * 3, 0, 0, 0)
    assert (verdict.states, verdict.transitions) == reachable(start, waking_queue_by_hand)


def seqlock(*, checked):
    """A writer changes two words together; a reader that does not check the sequence sees them apart."""
    runtime = ExploredRuntime()
    sequence = runtime.cell("sequence", 3)
    left, right = runtime.cell("left", 1), runtime.cell("right", 1)

    async def writer():
        for value in (1, 0):
            await sequence.update(lambda n: n + 1)
            await left.store(value)
            await right.store(value)
            await sequence.update(lambda n: n + 1)

    async def reader():
        while True:
            start = await sequence.load()
            if start & 1 and checked:
                continue
            one, other = await left.load(), await right.load()
            if not checked or await sequence.load() == start:
                break
        runtime.require(one == other, "the read is torn", left=one, right=other)

    runtime.agent("writer", writer)
    runtime.agent("reader", reader)
    return runtime


def seqlock_by_hand(state):
    """The writer is its step of 8; the reader is what it knows: (), (start,), (start, left) or all three, or done."""
    step, sequence, left, right, reader = state
    if step < 8:
        value = 1 - step // 4
        match step % 4:
            case 1:
                yield step + 1, sequence, value, right, reader
            case 2:
                yield step + 1, sequence, left, value, reader
            case _:
                yield step + 1, sequence + 1, left, right, reader
    match reader:
        case ():
            yield step, sequence, left, right, () if sequence & 1 else (sequence,)
        case (start,):
            yield step, sequence, left, right, (start, left)
        case (start, one):
            yield step, sequence, left, right, (start, one, right)
        case (start, one, other):
            assert start != sequence or one == other
            yield step, sequence, left, right, "done" if start == sequence else ()


def test_a_seqlock_read_is_whole_with_the_states_of_the_hand_written_relation(engine):
    verdict = seqlock(checked=True).explore(engine=engine, partial_order=False)

    assert verdict.kind == "safe"
    assert (verdict.states, verdict.transitions) == reachable((0, 0, 0, 0, ()), seqlock_by_hand)


def test_a_seqlock_read_that_does_not_check_the_sequence_is_torn(engine):
    runtime = seqlock(checked=False)

    verdict = runtime.explore(engine=engine)

    assert verdict.kind == "violated"
    assert verdict.error.facts == {"left": 1, "right": 0}
    assert len(verdict.witness.steps) == 5
    assert str(runtime.replay(verdict.witness)) == str(verdict.error)
