"""Engine classes, ids and names are i915's."""

from __future__ import annotations

import pytest

from gputlb.facts import UnknownEngine, engine, engine_class, engine_classes, engine_named


def test_classes_have_the_kernels_numbers():
    assert [(row.number, row.name, row.prefix) for row in engine_classes()] == [
        (0, "render", "rcs"),
        (1, "video_decode", "vcs"),
        (2, "video_enhancement", "vecs"),
        (3, "copy", "bcs"),
        (4, "other", "gsc"),
        (5, "compute", "ccs"),
    ]


def test_a_class_is_found_by_number_name_and_prefix():
    assert engine_class(5) == engine_class("compute") == engine_class("ccs")


def test_ids_follow_one_another_without_a_gap():
    ids = [
        engine(row.number, instance).id
        for row in engine_classes()
        for instance in range(row.first_instance, row.last_instance + 1)
    ]

    assert sorted(ids) == list(range(27))


@pytest.mark.parametrize(
    ("name", "number", "instance", "engine_id"),
    [
        ("rcs0", 0, 0, 0),
        ("bcs0", 3, 0, 1),
        ("bcs8", 3, 8, 9),
        ("vcs0", 1, 0, 10),
        ("vcs2", 1, 2, 12),
        ("vcs7", 1, 7, 17),
        ("vecs0", 2, 0, 18),
        ("vecs3", 2, 3, 21),
        ("ccs0", 5, 0, 22),
        ("ccs3", 5, 3, 25),
        ("gsc0", 4, 6, 26),
    ],
)
def test_a_name_counts_hardware_instances(name, number, instance, engine_id):
    found = engine_named(name)

    assert (number, instance, engine_id) == (found.engine_class, found.instance, found.id)
    assert found is engine(number, instance) or found == engine(number, instance)
    assert str(found) == name


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (
            lambda: engine_class("vdo"),
            'engine class "vdo" is unknown; '
            "the classes are render, video_decode, video_enhancement, copy, other, compute",
        ),
        (
            lambda: engine_class("computes"),
            'engine class "computes" is unknown; did you mean compute or copy?',
        ),
        (lambda: engine_class(6), "engine class 6 does not exist: the classes are 0 to 5"),
        (lambda: engine(1, 8), "video_decode engine 8 does not exist: its instances are 0 to 7"),
        (lambda: engine(4, 0), "other engine 0 does not exist: its instances are 6 to 6"),
        (lambda: engine_named("vcs"), 'engine name "vcs" is not a prefix and a number, such as "vcs2"'),
        (lambda: engine_named("rcs1"), "render engine 1 does not exist: its instances are 0 to 0"),
    ],
)
def test_what_does_not_exist_is_said_in_one_sentence(ask, text):
    with pytest.raises(UnknownEngine) as caught:
        ask()

    assert str(caught.value) == text
