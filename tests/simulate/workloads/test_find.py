"""Workloads are found by name and told things in words."""

from __future__ import annotations

import pytest

from gputlb.runtime import Exponential
from gputlb.simulate import Churn, UnknownWorkload, Workload, WrongParameter, make_workload, workload, workloads

EVERY = "churn, shrinker, userptr, video, compute, idle, reset-storm, sriov, replay, releases"


def test_every_workload_is_found_by_its_name():
    assert EVERY.split(", ") == list(workloads())
    assert Churn is workload("churn")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("chrn", f"workload 'chrn' is unknown; did you mean churn or shrinker?; there are {EVERY}"),
        ("", f"workload '' is unknown; there are {EVERY}"),
    ],
)
def test_an_unknown_workload_is_answered_with_the_nearest(name: str, sentence: str):
    with pytest.raises(UnknownWorkload) as caught:
        workload(name)
    assert sentence == str(caught.value)


def test_a_workload_is_told_in_words_and_says_it_back():
    told = make_workload("churn", [("clients", "7"), ("use", "exponential 1 ms")])

    assert Churn(clients=7, use=Exponential(1000)) == told
    assert {"clients": 7, "use": "exponential 1000 us"}.items() <= told.told().items()


def test_plain_numbers_are_microseconds_and_per_second():
    assert make_workload("userptr", [("rate", "2/ms"), ("use", "1 ms")]) == make_workload(
        "userptr", [("rate", 2000), ("use", 1000)]
    )


@pytest.mark.parametrize("made", [each for each in workloads().values() if each.name != "replay"])
def test_what_a_workload_says_of_itself_makes_the_same_again(made: type[Workload]):
    default = made()

    assert default == make_workload(made.name, default.told().items())


@pytest.mark.parametrize("made", workloads().values(), ids=workloads())
def test_every_workload_has_a_summary_and_every_parameter_a_meaning_and_a_default(made: type[Workload]):
    assert made.summary
    for parameter in made.parameters():
        assert parameter.meaning
        assert parameter.kind == "file" or parameter.show(parameter.parse(parameter.default)) is not None


@pytest.mark.parametrize("clients", [1, 4, 64])
def test_churn_has_a_place_and_a_page_for_each_object(clients: int):
    churn = Churn(clients=clients)

    assert clients * 3 * 4 == churn.virtual_pages == churn.physical_pages


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("churn", [("clients", 0)], "clients must be 1 to 64, not 0"),
        ("churn", [("clients", 2.5)], "clients must be a whole number, not 2.5"),
        ("churn", [("clients", "many")], "clients must be a whole number, not 'many'"),
        ("churn", [("clients", 1), ("clients", 2)], "clients is given twice; leave one out"),
        ("churn", [("use", "-3 us")], "use: '-3 us' is no span of time; write "),
        ("userptr", [("rate", "-5/s")], "rate: a rate must be more than 0/s and at most 1000000/s, not -5/s"),
        ("userptr", [("rate", 0)], "rate: a rate must be more than 0/s and at most 1000000/s, not 0"),
        (
            "userptr",
            [("rate", 5), ("arrivals", "poisson 3/s")],
            "the rate is in the arrivals 'poisson 3/s' already; leave one out",
        ),
        ("releases", [("forcewake", "of")], "forcewake must be on or off, not 'of'; did you mean off or on?"),
        ("replay", [], "workload 'replay' needs a file; say file=FILE.csv"),
    ],
)
def test_what_a_workload_can_t_be_told_is_refused(name: str, given: list[tuple[str, str | int]], sentence: str):
    with pytest.raises(WrongParameter) as caught:
        make_workload(name, given)
    assert str(caught.value).startswith(sentence)
