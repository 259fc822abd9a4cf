"""Groups cover every engine, none of them too big; GTs are explored one by one unless asked for together."""

from __future__ import annotations

import pytest

from gputlb import facts
from gputlb.check import engine_groups


def test_neighbours_come_together():
    assert [(("rcs0", "bcs0"),), (("vcs0", "vcs1"),), (("vecs0",),)] == engine_groups(facts.platform("tigerlake"), 2)


def test_gts_are_explored_one_by_one():
    groups = engine_groups(facts.platform("meteorlake"), 2)

    assert [
        (("rcs0", "bcs0"), ()),
        (("ccs0",), ()),
        ((), ("vcs0", "vcs1")),
        ((), ("vecs0", "other0")),
    ] == groups


def test_of_gts_together_one_with_fewer_groups_has_them_again():
    groups = engine_groups(facts.platform("meteorlake"), 1, gts_together=True)

    assert [("rcs0", "vcs0"), ("bcs0", "vcs1"), ("ccs0", "vecs0"), ("rcs0", "other0")] == [
        tuple(name for names in group for name in names) for group in groups
    ]


@pytest.mark.parametrize("platform", facts.platforms(), ids=lambda row: f"{row.kernel} {row.variant}")
@pytest.mark.parametrize("at_most", [1, 2, 3])
def test_groups_cover_every_engine_and_every_gt(platform: facts.Platform, at_most: int):
    groups = engine_groups(platform, at_most, gts_together=True)

    for place, gt in enumerate(platform.gts):
        covered = [group[place] for group in groups]
        assert set(facts.shown_names(gt.engines)) == {name for names in covered for name in names}
        assert all(1 <= len(names) <= at_most for names in covered)
