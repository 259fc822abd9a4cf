"""Random walkers find what is deep, find it again by their seed, and never call anything safe."""

from __future__ import annotations

import pytest

from gputlb.explore import BadQuestion, ExploredRuntime, _swarm, _walk, swarm, walk


def combination(*, digits=(2, 0, 3)):
    """A lock that opens when somebody happens to choose its digits in a row."""
    runtime = ExploredRuntime()
    right = runtime.cell("right digits", 3)

    async def burglar():
        digit = await runtime.choose(4)
        now = await right.update(lambda n: n + 1 if digit == digits[n] else 0)
        runtime.require(now + (digit == digits[now]) < len(digits), "the lock stays shut")

    runtime.agent("burglar", burglar, forever=True)
    return runtime


def test_a_finding_is_found_again_by_its_seed_alone():
    found = swarm(combination, seed=7, walkers=4, depth=5_000).finding

    again = walk(combination, found.seed, 5_000)

    assert found.verdict.kind == "violated"
    assert again.verdict.witness == found.verdict.witness
    assert str(combination().replay(found.verdict.witness)).startswith("the lock stays shut")


def test_walkers_that_find_nothing_say_how_far_they_went():
    result = swarm(lambda: combination(digits=(4, 4, 4)), walkers=2, depth=100)

    assert result.finding is None
    assert result.steps == 200
    assert {each.verdict.kind for each in result.walks} == {"bounded"}
    assert result.walks[0].verdict.text == "100 random steps were taken; nothing wrong in what was covered"


def test_a_swarm_of_nobody_is_refused():
    with pytest.raises(BadQuestion, match="all must be at least 1"):
        swarm(combination, walkers=0)


def test_a_swarm_without_time_is_refused():
    with pytest.raises(BadQuestion, match="timeout_s must be more than 0"):
        swarm(combination, timeout_s=0)


def doors(*, number=6):
    """Somebody goes through one of several doors, by chance, and stays there."""
    runtime = ExploredRuntime()
    cells = [runtime.cell(f"door {door}", 1) for door in range(number)]
    for door, cell in enumerate(cells):
        runtime.sometimes(f"door {door} is open", [cell], lambda opened: opened == 1)
        runtime.sometimes(f"somebody came through door {door}")

    async def guest():
        door = await runtime.choose(number)
        await runtime.choose(1)
        await cells[door].store(1)
        runtime.note(f"somebody came through door {door}")

    runtime.agent("guest", guest)
    return runtime


def test_what_any_walker_met_was_met():
    result = swarm(doors, walkers=3, depth=3)
    each_met = [{text for text, there in walk.verdict.reached.items() if there} for walk in result.walks]
    together = {text for text, there in result.verdict.reached.items() if there}

    assert len(set(map(frozenset, each_met))) > 1, "these seeds go through one door; take others"
    assert together == set.union(*each_met) == result.reached
    opened = {text for text in together if text.endswith("open")}
    assert len(opened) == len(together) / 2
    assert set(result.verdict.never_written) == {f"door {n}" for n in range(6)} - {text[:6] for text in opened}


def test_a_swarm_counts_the_steps_of_all_and_calls_none_of_them_a_state():
    result = swarm(lambda: combination(digits=(4, 4, 4)), walkers=2, depth=100)

    assert result.verdict.kind == "bounded"
    assert result.verdict.text == "200 random steps were taken by 2 walkers; nothing wrong in what was covered"
    assert (result.verdict.states, result.verdict.transitions, result.verdict.depth) == (0, 200, 100)
    assert "(200 random steps, depth 100, " in str(result.verdict)


def rounds_of_engines(*, ends_at=3):
    """An agent that ends, beside one that never does."""
    runtime = ExploredRuntime()
    places = runtime.cell("where the agent went", 8)
    turns = runtime.cell("turns", 8)

    async def agent():
        for _ in range(ends_at):
            way = await runtime.choose(2)
            await places.update(lambda before: 2 * before + way)  # noqa: B023 (done before the variable is bound anew)
        runtime.note(f"came to {await places.load()}")

    async def engine():
        await turns.update(lambda before: (before + 1) % 256)

    runtime.agent("agent", agent)
    runtime.agent("engine", engine, forever=True)
    return runtime


def test_a_walk_sets_out_again_when_all_that_can_end_have_ended():
    verdict = walk(rounds_of_engines, 1, 2_000).verdict

    assert {f"came to {n}" for n in range(8)} == set(verdict.reached)
    assert verdict.depth < 200
    assert verdict.transitions == 2_000


def late_harm():
    """Harm is done by an engine, some steps after the last client ended."""
    runtime = ExploredRuntime()
    done = runtime.cell("the client ended", 1)

    async def client():
        await done.store(1)

    async def engine():
        await done.until(lambda ended: ended == 1)
        await runtime.choose(1)
        runtime.require(False, "no engine acts after the client")

    runtime.agent("client", client)
    runtime.agent("engine", engine, forever=True)
    return runtime


def test_a_walk_goes_on_for_a_while_after_the_last_end():
    assert walk(late_harm, 0, 100).verdict.kind == "violated"


def test_agents_with_nothing_to_do_end_a_walk():
    def idle():
        runtime = ExploredRuntime()

        async def nobody():
            pass

        runtime.agent("nobody", nobody)
        return runtime

    assert walk(idle, 0, 100).steps == 0


def unlucky(*, chance=30):
    """Goes wrong at the first step or, mostly, ends well after a few."""
    runtime = ExploredRuntime()
    cell = runtime.cell("cell")

    async def agent():
        luck = await runtime.choose(chance)
        for _ in range(luck % 3):
            await cell.load()
        runtime.require(luck != chance - 1, "luck holds")

    runtime.agent("agent", agent)
    return runtime


def test_the_finding_is_the_one_with_the_shortest_way_of_its_own():
    result = swarm(unlucky, walkers=8, depth=1_000)
    ways = [len(each.verdict.witness.schedule) for each in result.walks if each.verdict.witness]

    assert len(result.finding.verdict.witness.schedule) == min(ways)
    assert str(unlucky().replay(result.finding.verdict.witness)).startswith("luck holds")


@pytest.fixture
def clock(monkeypatch):
    """A clock that says a second more each time that it is looked at."""

    class Clock:
        now = 0.0

        def monotonic(self):
            self.now += 1.0
            return self.now

        perf_counter = monotonic

    clock = Clock()
    monkeypatch.setattr(_walk, "time", clock)
    monkeypatch.setattr(_swarm, "time", clock)
    return clock


def test_a_walk_ends_with_its_time(clock):
    found = walk(lambda: combination(digits=(4, 4, 4)), 0, 1_000, timeout_s=11)

    assert (found.steps, found.out_of_time) == (10, True)
    assert found.verdict.text == (
        "the limit of 11 s was reached after 10 random steps; nothing wrong in what was covered"
    )


def test_walkers_share_the_time(clock):
    result = swarm(lambda: combination(digits=(4, 4, 4)), walkers=4, depth=1_000, timeout_s=100)

    assert [each.seed for each in result.walks] == [0, 1, 2, 3]
    assert all(each.out_of_time for each in result.walks)
    assert max(each.steps for each in result.walks) <= 25
    assert result.verdict.text == (
        f"the limit of 100 s was reached after {result.steps} random steps of 4 walkers; nothing wrong in what was "
        "covered"
    )


def test_walkers_for_whom_no_time_is_left_stay_at_home(clock):
    result = swarm(lambda: combination(digits=(4, 4, 4)), walkers=40, depth=1_000, timeout_s=50)

    assert 1 <= len(result.walks) < 40
    assert result.timeout_s == 50


def test_time_enough_changes_nothing():
    hurried = swarm(combination, seed=7, walkers=2, depth=500, timeout_s=1e6)

    assert hurried.timeout_s is None
    leisurely = swarm(combination, seed=7, walkers=2, depth=500)
    assert [each.steps for each in hurried.walks] == [each.steps for each in leisurely.walks]
    assert hurried.verdict.text == leisurely.verdict.text


def test_as_many_processes_as_you_like_come_to_the_same():
    alone, together = (swarm(doors, walkers=5, depth=7, processes=processes) for processes in (1, 3))

    assert [(each.seed, each.steps) for each in alone.walks] == [(each.seed, each.steps) for each in together.walks]
    assert alone.verdict.reached == together.verdict.reached
    assert alone.verdict.text == together.verdict.text
    assert alone.verdict.never_written == together.verdict.never_written
