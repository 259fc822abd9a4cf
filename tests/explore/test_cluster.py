"""Walkers on a Dask cluster find what they find here; whatever is wrong with the cluster is one sentence."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from gputlb.cli import main
from gputlb.explore import BadQuestion, ExploredRuntime, _swarm, swarm, walk

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

# What Dask and its own dependencies warn of is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


def burglary(*, digits=(2, 0, 3)):
    """A lock that opens when somebody happens to choose its digits in a row."""
    runtime = ExploredRuntime()
    right = runtime.cell("right digits", 3)

    async def burglar():
        digit = await runtime.choose(4)
        now = await right.update(lambda n: n + 1 if digit == digits[n] else 0)
        runtime.require(now + (digit == digits[now]) < len(digits), "the lock stays shut")

    runtime.agent("burglar", burglar, forever=True)
    return runtime


def burglary_where_workers_die(mark: Path, *, times: int):
    """End the process that runs this, so many times; then be a burglary."""
    for attempt in range(times):
        try:
            mark.with_suffix(f".{attempt}").touch(exist_ok=False)
        except FileExistsError:
            continue
        os._exit(1)
    return burglary()


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as local:
        yield local.scheduler_address


def test_a_cluster_finds_what_one_process_finds(cluster):
    here = swarm(burglary, seed=7, walkers=4, depth=5_000)
    there = swarm(burglary, seed=7, walkers=4, depth=5_000, scheduler=cluster)

    assert [each.seed for each in there.walks] == [7, 8, 9, 10]
    assert there.finding.seed == here.finding.seed
    assert there.finding.verdict.witness == here.finding.verdict.witness
    assert walk(burglary, there.finding.seed, 5_000).verdict.witness == there.finding.verdict.witness
    assert str(burglary().replay(there.finding.verdict.witness)) == str(there.finding.verdict.error)


def test_walkers_of_a_cluster_share_the_time(cluster):
    there = swarm(partial(burglary, digits=(4, 4, 4)), walkers=4, depth=10**9, timeout_s=0.4, scheduler=cluster)

    assert [each.out_of_time for each in there.walks] == [True] * 4
    assert there.verdict.text.startswith("the limit of 0.4 s was reached after ")


def test_the_command_line_sends_its_walkers_there(cluster, capsys):
    arguments = ("check", "--scheme", "mmio-2022", "--clients", "1", "--swarm", "--walkers", "2", "--depth", "2000")

    with pytest.raises(SystemExit) as caught:
        main((*arguments, "--scheduler", cluster))
    there = capsys.readouterr()
    with pytest.raises(SystemExit):
        main(arguments)

    assert caught.value.code == 1
    assert "vcs0 reached page 0 through a translation that client 0 believed flushed" in there.out
    assert there.err == capsys.readouterr().err


def test_a_walker_whose_worker_dies_starts_anew_on_another(tmp_path):
    build = partial(burglary_where_workers_die, tmp_path / "died", times=1)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local:
        there = swarm(build, seed=7, walkers=2, depth=5_000, scheduler=local.scheduler_address)

    assert list(tmp_path.iterdir())
    assert there.finding.verdict.witness == swarm(burglary, seed=7, walkers=2, depth=5_000).finding.verdict.witness


def test_a_walker_that_takes_every_worker_with_it_is_told(tmp_path):
    build = partial(burglary_where_workers_die, tmp_path / "died", times=9)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as local,
        pytest.raises(BadQuestion) as refused,
    ):
        swarm(build, walkers=1, depth=100, scheduler=local.scheduler_address)

    assert str(refused.value).startswith(f"the cluster at {local.scheduler_address} lost its walkers (KilledWorker: ")


def test_a_scheduler_that_is_not_there_is_a_bad_question(monkeypatch, capsys):
    monkeypatch.setattr("gputlb.cluster.ANSWERS_WITHIN_S", 0.2)

    with pytest.raises(SystemExit) as caught:
        main(("check", "--clients", "1", "--swarm", "--scheduler", "tcp://127.0.0.1:1"))

    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("gputlb: no Dask scheduler answers at 'tcp://127.0.0.1:1' (")


def test_a_cluster_of_nobody_is_a_bad_question(monkeypatch):
    monkeypatch.setattr(_swarm, "ANSWERS_WITHIN_S", 0.2)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as local:
        with pytest.raises(BadQuestion) as refused:
            swarm(burglary, scheduler=local.scheduler_address)

        assert str(refused.value) == (
            f"the cluster at {local.scheduler_address} has no workers; start some with `dask worker "
            f"{local.scheduler_address}`"
        )
