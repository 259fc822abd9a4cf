"""The HTML report escapes what a log says and stands for itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from gputlb.report.diagnose_html import diagnosis_html
from tests.diagnose.log_samples import INDEX, diagnosed, diagnosed_text


class Balanced(HTMLParser):
    VOID = frozenset({"meta", "br", "hr", "line", "rect", "circle"})

    def __init__(self):
        super().__init__()
        self.open = []
        self.tags = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_every_sample_makes_a_sound_page_that_loads_nothing(row):
    page = diagnosis_html(diagnosed(row["file"]))
    parser = Balanced()
    parser.feed(page)

    assert parser.open == []
    assert not parser.tags & {"script", "link", "img", "iframe", "object"}
    assert re.findall(r"""(?:src|href)=|url\(""", page) == []


def test_a_hostile_log_cannot_write_into_the_page(tmp_path):
    line = (
        "[ 10.0] xe 0000:03:00.0: [drm] <script>alert(1)</script> *ERROR* "
        'TLB invalidation fence timeout, seqno=5 recv=4 "><img src=x onerror=alert(1)>'
    )

    page = diagnosis_html(diagnosed_text(tmp_path, line + "\n"))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_a_page_says_how_many_events_and_rows_it_leaves_out(tmp_path, monkeypatch):
    monkeypatch.setattr("gputlb.diagnose._diagnosis.MOST_EVENTS", 10)
    monkeypatch.setattr("gputlb.report.diagnose_html.MOST_ROWS", 4)
    kinds = ("seqno={0} recv=3", "seqno={0} recv=4")
    lines = (f"[ {n}.0] xe 0000:0{n % 2}:00.0: [drm] *ERROR* TLB invalidation fence timeout, {kinds[n % 2]}\n".format(n)
             for n in range(10, 30))  # fmt: skip

    page = diagnosis_html(diagnosed_text(tmp_path, "".join(lines)))
    assert "The first 10 events are listed; 10 further ones were counted into their incidents but not listed." in page
    assert "The first 4 of 10 rows." in page
