"""The page of a verdict: whole without the network, closed against what it is given, and still well-formed."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from gputlb import facts
from gputlb.check import CheckResult, Limits, check, scenario
from gputlb.driver import scheme
from gputlb.report.witness_page import check_page, witness_page

VOID = {"meta", "input", "br", "line", "rect", "circle", "path"}
HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;"


class Tags(HTMLParser):
    """Takes a page apart and complains about tags that do not match."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.counts: dict[str, int] = {}
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags_of(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert [] == tags.open
    return tags


@pytest.fixture(scope="module")
def result() -> CheckResult:
    return check(
        facts.platform("tgl"),
        scheme("mmio-2022"),
        replace(scenario("default"), clients=1, rounds=1, engines_together=1),
        limits=Limits(engine="plain"),
    )


def test_the_page_is_well_formed_and_has_a_row_for_each_step(result: CheckResult):
    assert result.story
    tags = tags_of(check_page(result))

    steps = len(result.story.steps)
    assert (2, steps, 1) == (tags.counts["svg"], tags.counts["li"], tags.counts["script"])
    assert steps * 2 == sum(name == "data-agent" for name, _ in tags.attributes)


def test_nothing_is_loaded_from_anywhere(result: CheckResult):
    page = check_page(result)

    assert [] == re.findall(r"https?:|//[a-z]|@import|url\(", page)
    assert not {"src", "href"} & {name for name, _ in tags_of(page).attributes}
    assert "default-src 'none'" in page


def test_the_verdict_s_sentence_and_the_groups_stand_on_it(result: CheckResult):
    assert result.story
    page = check_page(result)

    assert f"<p>{result.story.sentence}</p>" in page
    assert '<td>vcs0</td><td class="violated">violated</td>' in page
    assert '<td>vcs1</td><td class="left" colspan="5">not explored: one is enough</td>' in page


def test_hostile_names_stay_text(result: CheckResult):
    assert result.story
    steps = tuple(replace(step, agent=HOSTILE, text=HOSTILE, place=HOSTILE) for step in result.story.steps)
    story = replace(result.story, sentence=HOSTILE, agents=(HOSTILE,), steps=steps)

    pages = [
        check_page(replace(result, scheme=HOSTILE, platform=HOSTILE, story=story)),
        witness_page(HOSTILE, story, verdict=HOSTILE),
    ]

    for page in pages:
        tags = tags_of(page)
        assert 1 == tags.counts["script"]
        assert "img" not in tags.counts
        assert not [name for name, _ in tags.attributes if name.startswith("on")]


def test_a_page_without_a_witness_has_no_chart(result: CheckResult):
    page = check_page(replace(result, kind="safe", story=None, groups=result.groups[:1], not_explored=()))

    tags = tags_of(page)
    assert "svg" not in tags.counts
    assert "script" not in tags.counts
    assert "safe: every order was tried; 1 engine in 1 group;" in page
