"""Ctrl-C means the whole check, every platform of it and every trial, and what was covered is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gputlb import facts
from gputlb.check import Limits, check, check_everywhere, corpus, scenario
from gputlb.driver import scheme
from gputlb.explore import Progress

SMALL = replace(scenario("default"), clients=1, rounds=1, engines_together=1)
PLAIN = Limits(engine="plain")


def interrupt(_engines: tuple[str, ...], _progress: Progress) -> None:
    raise KeyboardInterrupt


def test_no_other_group_is_explored():
    result = check(facts.platform("tigerlake"), scheme("mmio"), SMALL, limits=PLAIN, progress=interrupt)

    assert ("bounded", True) == (result.kind, result.interrupted)
    assert (1, 4) == (len(result.groups), len(result.not_explored))


def test_no_other_platform_is():
    assert [True] == [
        each.result.interrupted
        for each in check_everywhere(scheme("mmio"), SMALL, limits=PLAIN, progress=interrupt)
        if each.result is not None
    ]


def test_a_trial_has_nothing_to_say(monkeypatch: pytest.MonkeyPatch):
    trial = corpus.corpus()[0].trials[0]
    monkeypatch.setattr(
        corpus, "check", lambda platform, *rest, **_: check(platform, *rest, limits=PLAIN, progress=interrupt)
    )

    with pytest.raises(KeyboardInterrupt):
        trial.explore()
