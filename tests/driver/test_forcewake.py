"""The word of forcewake references: what a change does to one domain's field, and not to the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputlb import facts
from gputlb.driver import ForcewakeNotHeld
from gputlb.driver.forcewake import ARMED, COUNT, TOUCHED, Domain, DomainSet, expire, give_back, give_back_later, take

TGL = tuple(Domain(row, index) for index, row in enumerate(facts.forcewake_domains(facts.platform("TGL"))))


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (take, 0, 1),
        (take, 1, 2 | TOUCHED),
        (take, 1 | ARMED, 2 | ARMED | TOUCHED),
        (give_back, 2, 1 | TOUCHED),
        (give_back, 1, 0),
        (give_back_later, 1, 1 | ARMED),
        (give_back_later, 2, 1 | TOUCHED),
        (give_back_later, 2 | ARMED, 1 | ARMED | TOUCHED),
        (give_back_later, 1 | ARMED, 0 | ARMED),
        (expire, 1 | ARMED, 0),
        (expire, 1 | ARMED | TOUCHED, 1 | ARMED),
        (expire, 2 | ARMED, 1),
    ],
)
def test_one_domain_s_field_changes_by_the_rule(change, before: int, after: int):
    assert after == change(before)


@pytest.mark.parametrize("change", [give_back, give_back_later])
def test_what_was_not_taken_cannot_be_given_back(change):
    with pytest.raises(ForcewakeNotHeld) as caught:
        change(0)

    assert "forcewake was given back once more than it was taken; pair every get with one put" == str(caught.value)


@given(st.lists(st.integers(1, 200).map(lambda count: count | ARMED), min_size=5, max_size=5), st.sampled_from(TGL))
def test_a_change_of_one_domain_leaves_the_others_alone(fields: list[int], chosen: Domain):
    word = sum(field << domain.shift for domain, field in zip(TGL, fields, strict=True))
    changed = DomainSet((chosen,)).take(word)

    assert [take(field) if domain is chosen else field for domain, field in zip(TGL, fields, strict=True)] == [
        domain.field(changed) for domain in TGL
    ]


def test_a_set_knows_whom_a_change_concerns():
    word = 0 << TGL[0].shift | 1 << TGL[1].shift | (1 | ARMED) << TGL[2].shift | 2 << TGL[3].shift | 1 << TGL[4].shift
    chosen = DomainSet(TGL)

    assert ("render",) == tuple(domain.name for domain in chosen.unreferenced(word))
    assert ("gt", "vdbox0", "vebox0") == tuple(domain.name for domain in chosen.on_last_reference(word))
    assert ("vdbox0",) == tuple(domain.name for domain in chosen.on_last_reference_while_armed(word))
    assert COUNT == 0xFF
