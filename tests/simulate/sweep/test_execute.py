"""Every run is run once and kept as it comes, whatever happens to the workers."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

import pytest

from gputlb.simulate.sweep import RunFailed
from gputlb.simulate.sweep._execute import execute
from tests.simulate.sweep.sweeps import ScriptedPool, WorkerDied, finished, plan, setup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.simulate.sweep import Run
    from gputlb.simulate.sweep._result import Finished

SIX = list(plan(setup(1), setup(2), setup(3)).runs())


def fine(runs: Sequence[Run]) -> list[Finished]:
    return [finished(run) for run in runs]


def test_each_run_is_kept_once():
    kept: list[Finished] = []

    execute(SIX, ScriptedPool(fine), kept.append)

    assert Counter(run.key for run in SIX) == Counter(result.key for result in kept)


def test_the_count_goes_up_to_the_last_run():
    ticks: list[int] = []

    execute(SIX, ScriptedPool(fine), lambda _: None, tick=ticks.append)

    assert len(SIX) == ticks[-1]
    assert ticks == sorted(ticks)


def test_short_runs_are_handed_over_many_at_a_time():
    runs = list(plan(*(setup(clients) for clients in range(1, 51)), replications=20).runs())
    pool = ScriptedPool(fine)

    execute(runs, pool, lambda _: None, clock=lambda: 0.0)

    assert 1 == len(pool.submitted[0])
    assert max(map(len, pool.submitted)) > 10
    assert len(runs) == sum(map(len, pool.submitted))


def test_long_runs_are_handed_over_one_by_one():
    seconds = iter(range(0, 10_000, 10))
    pool = ScriptedPool(fine)

    execute(SIX, pool, lambda _: None, clock=lambda: next(seconds))

    assert {1} == set(map(len, pool.submitted))


def test_a_run_whose_worker_died_once_is_run_again():
    deaths: Counter[str] = Counter()

    def act(runs: Sequence[Run]) -> list[Finished]:
        if SIX[2] in runs and not deaths[SIX[2].key]:
            deaths[SIX[2].key] += 1
            raise WorkerDied
        return fine(runs)

    kept: list[Finished] = []
    pool = ScriptedPool(act)

    execute(SIX, pool, kept.append)

    assert {run.key for run in SIX} == {result.key for result in kept}
    assert 1 == pool.renewed


def test_a_run_that_kills_its_worker_twice_is_named_after_all_others_have_finished():
    def act(runs: Sequence[Run]) -> list[Finished]:
        if SIX[1] in runs:
            raise WorkerDied
        return fine(runs)

    kept: list[Finished] = []
    with pytest.raises(RunFailed) as caught:
        execute(SIX, ScriptedPool(act), kept.append)

    assert (
        f"replication 0 (seed {SIX[1].seed}) of point 1 took its worker with it 2 times: killed, perhaps for lack of "
        "memory" == str(caught.value)
    )
    assert {run.key for run in SIX} - {SIX[1].key} == {result.key for result in kept}


def test_where_every_worker_dies_it_gives_up():
    def act(_: Sequence[Run]) -> list[Finished]:
        raise WorkerDied

    pool = ScriptedPool(act)
    with pytest.raises(RunFailed, match="and so did 2 more"):
        execute(SIX, pool, lambda _: None)

    assert len(pool.submitted) < 10


def test_an_error_of_a_run_ends_the_sweep_and_keeps_what_else_is_there():
    def act(runs: Sequence[Run]) -> list[Finished]:
        return [finished(run, error="ValueError: no" if run == SIX[1] else None) for run in runs]

    kept: list[Finished] = []
    with pytest.raises(RunFailed) as caught:
        execute(SIX, ScriptedPool(act), kept.append)

    assert f"replication 0 (seed {SIX[1].seed}) of point 1 failed: ValueError: no" == str(caught.value)
    assert SIX[0].key in {result.key for result in kept}
    assert SIX[1].key not in {result.key for result in kept}


def test_ctrl_c_keeps_results_that_have_come():
    kept: list[Finished] = []

    def tick(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(SIX, ScriptedPool(fine), kept.append, tick=tick)

    assert kept


def test_a_cluster_that_goes_away_is_said():
    def act(_: Sequence[Run]) -> list[Finished]:
        raise CancelledError

    with pytest.raises(RunFailed, match=r"^the cluster went away$"):
        execute(SIX, ScriptedPool(act), lambda _: None)


def test_a_worker_that_cannot_even_begin_is_said():
    def act(_: Sequence[Run]) -> list[Finished]:
        raise ModuleNotFoundError("No module named 'gputlb'")

    with pytest.raises(RunFailed) as caught:
        execute(SIX, ScriptedPool(act), lambda _: None)

    assert re.fullmatch(
        r"no worker could take replication 0 \(seed \d+\) of point \d: ModuleNotFoundError: No module named 'gputlb'",
        str(caught.value),
    )
