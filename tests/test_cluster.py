"""Whatever is wrong with a Dask cluster is one sentence with the mend; what works is tested where it is used."""

from __future__ import annotations

import asyncio
import re
import sys

import pytest

from gputlb import cluster
from gputlb.cluster import NoCluster, client_of


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "ANSWERS_WITHIN_S", 0.2)


@pytest.mark.usefixtures("impatience")
def test_a_scheduler_that_is_not_there_is_told():
    pytest.importorskip("distributed", reason="Dask is an extra")

    with pytest.raises(NoCluster) as refused:
        client_of("tcp://127.0.0.1:1")

    assert str(refused.value) == (
        "no Dask scheduler answers at 'tcp://127.0.0.1:1' (Timed out trying to connect to tcp://127.0.0.1:1 after "
        "0.2 s); start one with `dask scheduler`, or leave it out to stay on this machine"
    )


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize(
    "address", ["", "nonsense", "nowhere://x", "http://127.0.0.1:80", "tls://127.0.0.1:1", "inproc://here"]
)
def test_what_is_no_address_of_a_cluster_is_refused_with_the_mend(address: str):
    pytest.importorskip("distributed", reason="Dask is an extra")

    with pytest.raises(NoCluster) as refused:
        client_of(address)

    assert re.fullmatch(
        rf"no Dask scheduler can be reached at '{re.escape(address)}' \(.+\); write its address as it prints it when "
        r"it starts, such as tcp://10\.0\.0\.1:8786",
        str(refused.value),
    )


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere://x", ""])
def test_no_client_is_left_half_made_where_nobody_answers(address: str, monkeypatch: pytest.MonkeyPatch):
    # Collected while the next client starts, it would wait for ever for a lock that its own thread holds.
    distributed = pytest.importorskip("distributed", reason="Dask is an extra")
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: pytest.fail("a client was made"))

    with pytest.raises(NoCluster):
        client_of(address)


@pytest.mark.usefixtures("impatience")
def test_it_can_be_asked_where_an_event_loop_runs_already():
    pytest.importorskip("distributed", reason="Dask is an extra")

    async def notebook() -> None:
        client_of("tcp://127.0.0.1:1")

    with pytest.raises(NoCluster, match="no Dask scheduler answers"):
        asyncio.run(notebook())


def test_without_dask_a_cluster_is_refused_with_the_mend(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(NoCluster) as refused:
        client_of("tcp://127.0.0.1:8786")

    assert str(refused.value) == (
        "the cluster at tcp://127.0.0.1:8786 needs Dask, which is not installed; pip install 'gputlb[cluster]', or "
        "leave the scheduler out to stay on this machine"
    )
