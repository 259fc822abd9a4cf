"""A file and a seed decide the results, however many workers there are, and however often it was cut short."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gputlb.simulate.sweep import (
    ClusterPool,
    JournalError,
    LocalPool,
    Plan,
    ResultsError,
    RunFailed,
    Sweep,
    read_results,
)
from tests.simulate.sweep.sweeps import ScriptedPool, WorkerDied, finished, plan, setup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gputlb.simulate.sweep import Pool, Run
    from gputlb.simulate.sweep._result import Finished

pytest.importorskip("duckdb")

PLAN = plan(setup(1), setup(2), setup(2, scheme="unbatched"), setup(3, workload="churn"), replications=2)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "results.parquet"


def swept(output: Path, pool: Pool, what: Plan = PLAN, **options: bool) -> list[dict[str, Any]]:
    try:
        with Sweep(what, output, **options) as sweep:
            sweep.run(pool)
    finally:
        pool.stop()
    return list(read_results(output).rows)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return swept(tmp_path_factory.mktemp("one") / "results.parquet", LocalPool(1))


def test_two_workers_find_what_one_does(output: Path, rows: list[dict[str, Any]]):
    assert rows == swept(output, LocalPool(2))
    assert [output] == list(output.parent.iterdir())


@pytest.fixture
def cluster() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, silence_logs=50
    ) as local:
        yield local.scheduler_address


def test_a_cluster_finds_what_one_worker_does(output: Path, rows: list[dict[str, Any]], cluster: str):
    assert rows == swept(output, ClusterPool(cluster))


def test_a_cluster_that_goes_away_is_said(cluster: str, monkeypatch: pytest.MonkeyPatch):
    def gone() -> None:
        raise ConnectionResetError

    pool = ClusterPool(cluster)
    monkeypatch.setattr(pool._client, "nthreads", gone)
    with pytest.raises(RunFailed, match=r"^the cluster went away$"):
        assert pool.workers
    pool.stop()


def test_without_duckdb_nothing_is_run(output: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ResultsError) as caught:
        Sweep(PLAN, output)

    assert (
        "results files need DuckDB, which is not installed; pip install 'gputlb[sweep]' brings it" == str(caught.value)
    )  # fmt: skip
    assert not output.parent.joinpath("results.partial.jsonl").exists()


class Interrupting:
    """Makes a sweep end as Ctrl-C does, after so many ticks."""

    def __init__(self, ticks: int) -> None:
        self._left = ticks

    def __call__(self, _: int) -> None:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


def instant(runs: Sequence[Run]) -> list[Finished]:
    return [finished(run) for run in runs]


def failing(runs: Sequence[Run]) -> list[Finished]:
    return [finished(run, error="ValueError: no") for run in runs]


GOES_ON = "and the same command goes on from there"


def test_a_sweep_that_ends_before_its_first_run_has_kept_nothing(output: Path):
    with pytest.raises(RunFailed) as caught, Sweep(PLAN, output) as sweep:
        sweep.run(ScriptedPool(failing))

    assert str(caught.value).endswith(" failed: ValueError: no; no run has finished, so the same command begins anew")
    assert [] == list(output.parent.iterdir())


def test_runs_of_the_results_file_are_kept_there_and_nowhere_else(output: Path):
    smaller = Plan(PLAN.name, PLAN.points, 1, PLAN.seed, PLAN.given, PLAN.text)
    with Sweep(smaller, output) as sweep:
        sweep.run(ScriptedPool(instant))
    with pytest.raises(RunFailed), Sweep(PLAN, output) as sweep:
        sweep.run(ScriptedPool(failing))

    assert f"the 4 of 8 runs that have finished are kept in {output}, {GOES_ON}" == sweep.kept()
    assert [output] == list(output.parent.iterdir())

    with pytest.raises(KeyboardInterrupt), Sweep(PLAN, output) as sweep:
        sweep.run(ScriptedPool(instant, workers=1), tick=Interrupting(1))

    assert f"the 6 of 8 runs that have finished are kept in {output} and {sweep.journal}, {GOES_ON}" == sweep.kept()
    assert {output, sweep.journal} == set(output.parent.iterdir())


def test_a_sweep_that_is_cut_short_again_and_again_runs_nothing_twice(output: Path, rows: list[dict[str, Any]]):
    ran: list[str] = []

    def act(runs: Sequence[Run]) -> list[Finished]:
        from gputlb.simulate.sweep._result import made_by, run_all

        ran.extend(run.key for run in runs)
        return run_all(runs, made_by())

    while not output.exists():
        # Each time new: nothing but the journal is left of the times before.
        try:
            with Sweep(PLAN, output) as sweep:
                sweep.run(ScriptedPool(act, workers=1), tick=Interrupting(2))
        except KeyboardInterrupt:
            words = "has finished is" if sweep.done == 1 else "have finished are"
            assert f"the {sweep.done} of 8 runs that {words} kept in {sweep.journal}, {GOES_ON}" == sweep.kept()

    assert PLAN.run_count == len(ran) == len(set(ran))
    assert rows == list(read_results(output).rows)
    assert [output] == list(output.parent.iterdir())


def no_more(runs: Sequence[Run]) -> list[Finished]:
    raise AssertionError(f"{runs} have been run before")


def test_a_sweep_that_has_finished_is_not_run_again(output: Path):
    before = swept(output, ScriptedPool(instant))
    with Sweep(PLAN, output) as sweep:
        assert (8, 8) == (sweep.found, sweep.total)
        sweep.run(None)

    assert before == list(read_results(output).rows)


def test_a_larger_sweep_runs_only_what_is_new(output: Path):
    swept(output, ScriptedPool(instant))
    pool = ScriptedPool(instant)
    swept(output, pool, plan(*PLAN.points, setup(9), replications=3))

    assert 5 + 2 == sum(map(len, pool.submitted))
    assert 15 == len(read_results(output).rows)


def test_a_sweep_that_asks_for_less_never_drops_results_by_itself(output: Path):
    swept(output, ScriptedPool(instant))
    less = plan(*PLAN.points[:2])
    with pytest.raises(JournalError) as caught:
        Sweep(less, output)

    assert (
        f"{output} holds 4 finished runs that the sweep file does not ask for; name another file with --output than "
        f"{output}, or leave them out with --discard" == str(caught.value)
    )
    assert 4 == len(swept(output, ScriptedPool(no_more), less, discard=True))


def test_a_journal_of_another_sweep_is_not_dropped_either(output: Path):
    with pytest.raises(KeyboardInterrupt), Sweep(PLAN, output) as sweep:
        sweep.run(ScriptedPool(instant), tick=Interrupting(1))
    with pytest.raises(JournalError) as caught:
        Sweep(plan(setup(40)), output)

    journal = output.with_suffix(".partial.jsonl")
    assert (
        f"{journal} holds {sweep.done} finished runs that the sweep file does not ask for; finish them with the file "
        f"as it was, or remove {journal}, or leave them out with --discard" == str(caught.value)
    )


def test_a_run_that_cannot_finish_leaves_the_others_in_the_journal(output: Path):
    def act(runs: Sequence[Run]) -> list[Finished]:
        if any(run.point == 1 and run.replication == 0 for run in runs):
            raise WorkerDied
        return instant(runs)

    with pytest.raises(RunFailed) as caught, Sweep(PLAN, output) as sweep:
        sweep.run(ScriptedPool(act))

    journal = output.with_suffix(".partial.jsonl")
    assert str(caught.value).endswith(
        "took its worker with it 2 times: killed, perhaps for lack of memory; the 7 of 8 runs that have finished are "
        f"kept in {journal}, and the same command goes on from there"
    )
    assert 1 + 7 == len(journal.read_text().splitlines())
    assert not output.exists()


def test_where_the_results_do_not_fit_the_runs_are_kept(output: Path):
    """The folder is gone when the results come, for want of a disk that is full."""
    with Sweep(PLAN, output) as sweep:
        sweep.output = output.parent / "gone" / "results.parquet"
        with pytest.raises(ResultsError) as caught:
            sweep.run(ScriptedPool(instant))

    assert (
        f"{sweep.output} could not be written: No such file or directory; the 8 of 8 runs that have finished are kept "
        f"in {sweep.journal}, and the same command goes on from there" == str(caught.value)
    )
    assert 1 + 8 == len(sweep.journal.read_text().splitlines())


def test_a_worker_that_is_killed_costs_no_result(output: Path, rows: list[dict[str, Any]]):
    pool = LocalPool(2)
    killed: list[int] = []

    def kill_one(_: int) -> None:
        if not killed:
            killed.extend(pool._executor._processes)
            os.kill(killed[0], signal.SIGKILL)

    with Sweep(PLAN, output) as sweep:
        sweep.run(pool, tick=kill_one)
    pool.stop()

    assert killed
    assert rows == list(read_results(output).rows)


MURDEROUS = """
import os, signal
from gputlb.driver.schemes.mmio import Mmio
class Murderous(Mmio):
    async def set_up(self):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_scheme_that_kills_its_worker_is_named_and_the_others_finish(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "murderous_scheme.py").write_text(MURDEROUS)
    monkeypatch.syspath_prepend(tmp_path)
    what = plan(setup(1), setup(1, scheme="murderous_scheme:Murderous"), replications=1)
    pool = LocalPool(1)
    with pytest.raises(RunFailed, match=r"of point 1 took its worker with it 2 times"), Sweep(what, output) as sweep:
        sweep.run(pool)
    pool.stop()

    assert 1 == sweep.done


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (".", "{path} is a directory; name a file in it"),
        ("no/such/results.parquet", "{path}: the directory {path.parent} does not exist; make it first"),
    ],
)
def test_where_no_file_can_be_written_nothing_is_run(tmp_path: Path, name: str, said: str):
    path = tmp_path / name
    with pytest.raises(ResultsError) as caught:
        Sweep(PLAN, path)

    assert said.format(path=path) == str(caught.value)
