"""Workloads are found by name."""

from __future__ import annotations

import pytest

from gputlb.simulate import Churn, UnknownWorkload, workload, workloads


def test_churn_is_a_workload():
    assert Churn is workloads()["churn"]
    assert Churn is workload("churn")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("chrn", "workload 'chrn' is unknown; did you mean churn?; there are churn, releases"),
        ("", "workload '' is unknown; there are churn, releases"),
    ],
)
def test_an_unknown_workload_is_answered_with_the_nearest(name: str, sentence: str):
    with pytest.raises(UnknownWorkload) as caught:
        workload(name)
    assert sentence == str(caught.value)


@pytest.mark.parametrize("clients", [1, 4, 64])
def test_churn_has_a_place_and_a_page_for_each_object(clients: int):
    churn = Churn(clients)

    assert clients * 3 * 4 == churn.virtual_pages == churn.physical_pages
