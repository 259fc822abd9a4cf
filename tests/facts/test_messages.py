"""Messages, advice, fixes and upstream requests are data that check themselves."""

from __future__ import annotations

import re

import pytest

from gputlb.diagnose._matching import found_in
from gputlb.facts.advice import advice
from gputlb.facts.fixes import fixes
from gputlb.facts.messages import PREFILTER_LITERALS, invalidation_waits, meaning_of, messages, months
from gputlb.facts.upstream_requests import upstream_requests


@pytest.mark.parametrize("message", messages(), ids=lambda message: f"{message.kind}: {message.text[:40]}")
class TestEveryMessage:
    def test_its_sample_is_found_as_its_kind(self, message):
        assert message.kind in {hit.message.kind for hit in found_in(message.sample or "")}

    def test_its_sample_holds_its_literal(self, message):
        assert message.literal in message.sample

    def test_its_expression_names_only_what_an_event_can_keep(self, message):
        names = re.compile(message.match).groupindex

        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)

    def test_it_says_what_it_means_and_where_it_was_read(self, message):
        assert message.meaning.endswith(".")
        assert message.source


@pytest.mark.parametrize("message", [each for each in messages() if each.tlb], ids=lambda message: message.sample)
def test_at_most_four_literals_find_every_tlb_message(message):
    assert len(PREFILTER_LITERALS) <= 4
    assert any(literal in message.sample for literal in PREFILTER_LITERALS)


def test_neighbours_have_a_role_and_tlb_messages_need_none():
    assert [message.kind for message in messages() if (message.role is None) != message.tlb] == []


def test_known_waits_belong_to_known_kinds():
    kinds = {message.kind for message in messages()}

    assert {kind for wait in invalidation_waits() for kind in wait.kinds} <= kinds


def test_a_kind_has_a_meaning():
    assert meaning_of("guc_timeout").startswith("The graphics firmware (GuC) did not answer")


@pytest.mark.parametrize(("name", "number"), [("mai", 5), ("kvě", 5), ("nov", 11), ("dic", 12), ("März".lower(), 3)])
def test_months_are_known_in_other_languages(name, number):
    assert months()[name] == number


def test_advice_refers_to_known_kinds_classes_and_platforms():
    from gputlb.facts import platform

    kinds = {message.kind for message in messages()}
    for item in advice():
        assert set(item.when.kinds_any) | set(item.when.and_kinds_any) <= kinds
        for name in item.when.platforms:
            assert name in platform(name).names


def test_every_advice_names_its_sources_and_something_to_do():
    assert [item.id for item in advice() if not item.sources] == []
    assert [item.id for item in advice() if not (item.check or item.helps or item.does_not_help)] == []


def test_ids_are_unique():
    for rows in (advice(), fixes(), upstream_requests()):
        ids = [row.id for row in rows]
        assert len(ids) == len(set(ids))


def test_commits_of_the_fix_map_are_ids_or_named_pulls():
    for fix in fixes():
        assert all(re.fullmatch(r"[0-9a-f]{12}|drm-xe-fixes \d{4}-\d\d-\d\d", commit) for commit in fix.commits)
