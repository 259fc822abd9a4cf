"""What people do to a log on its way (wrap, quote, number, escape) never changes what is found in it."""

from __future__ import annotations

import html
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.diagnose.log_samples import (
    INDEX,
    SAMPLES,
    WITH_EVENTS,
    counted,
    diagnosed,
    diagnosed_text,
    tlb_events,
)


def found(diagnosis):
    return [
        (event.kind, event.device, event.gt, event.engine, event.seqno, event.recv) for event in tlb_events(diagnosis)
    ]


def hard_wrapped(line, width):
    return [line[at : at + width] for at in range(0, len(line), width)] or [""]


def soft_wrapped(line, width):
    return textwrap.wrap(line, width) or [""]


REWRITINGS = {
    "CRLF": "\r\n".join,
    "blank lines between": "\n\n".join,
    "numbered": lambda lines: "\n".join(f"{number:4}  {line}" for number, line in enumerate(lines, 1)),
    "grep -n": lambda lines: "\n".join(f"{number}:{line}" for number, line in enumerate(lines, 1)),
    "levels": lambda lines: "\n".join(f"<4>{line}" for line in lines),
    "syslog": lambda lines: "\n".join(f"Nov 12 10:11:12 host kernel: {line}" for line in lines),
    "ISO": lambda lines: "\n".join(f"2025-11-12T10:11:12.123456+01:00 host kernel: {line}" for line in lines),
    "markdown escapes": lambda lines: "\n".join(lines).replace("_", "\\_").replace("*", "\\*"),
    "markdown emphasis": lambda lines: "\n".join(lines).replace("*ERROR*", "ERROR"),
    "back-ticks": lambda lines: "\n".join(f"`{line}`" for line in lines),
    "HTML": lambda lines: html.escape("\n".join(lines)),
    "HTML with hard blanks": lambda lines: html.escape("\n".join(lines)).replace(" ", "&nbsp;"),
    "terminal colours": lambda lines: "\n".join(f"\x1b[1;31m{line}\x1b[0m" for line in lines),
    "byte order mark": lambda lines: "\ufeff" + "\n".join(lines),
}


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_a_rewritten_log_gives_the_same_events(row, rewriting, tmp_path):
    lines = (SAMPLES / row["file"]).read_text(encoding="utf-8").splitlines()

    assert found(diagnosed(row["file"])) == found(diagnosed_text(tmp_path, REWRITINGS[rewriting](lines)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    row=st.sampled_from(INDEX),
    width=st.sampled_from([72, 76, 78, 80, 100, 132]),
    quote=st.sampled_from(["", "> ", ">> ", "> > ", "| ", "    "]),
    wrap=st.sampled_from([hard_wrapped, soft_wrapped]),
    quote_first=st.booleans(),
)
def test_a_wrapped_and_quoted_log_gives_the_same_events(*, row, width, quote, wrap, quote_first, tmp_path):
    lines = (SAMPLES / row["file"]).read_text(encoding="utf-8").splitlines()
    if quote_first:
        text = "\n".join(piece for line in lines for piece in wrap(quote + line, width))
    else:
        text = "\n".join(quote + piece for line in lines for piece in wrap(line, width))

    assert found(diagnosed(row["file"])) == found(diagnosed_text(tmp_path, text))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.sampled_from(WITH_EVENTS), data=st.data())
def test_a_log_cut_off_anywhere_gives_no_more_events_and_no_error(row, data, tmp_path):
    text = (SAMPLES / row["file"]).read_text(encoding="utf-8")
    cut = data.draw(st.integers(min_value=1, max_value=len(text)))

    assert sum(counted(diagnosed_text(tmp_path, text[:cut] + "\n.")).values()) <= row["expected"]["n_tlb_events"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=400), row=st.sampled_from(WITH_EVENTS))
def test_junk_in_the_middle_of_a_log_is_survived(data, row, tmp_path):
    lines = (SAMPLES / row["file"]).read_bytes().splitlines()
    path = tmp_path / "log"
    path.write_bytes(b"\n".join([*lines, b"", *[b"x"] * 500, data]))

    from gputlb.diagnose import diagnose, open_source

    assert diagnose([open_source(str(path))]).n_tlb_events >= row["expected"]["n_tlb_events"]


@pytest.mark.parametrize("row", WITH_EVENTS, ids=lambda row: row["file"])
def test_the_newest_line_may_stand_first(row, tmp_path):
    lines = (SAMPLES / row["file"]).read_text(encoding="utf-8").splitlines()
    if row["expected"].get("hard") or row["expected"].get("prose"):
        pytest.skip("the lines of a broken text cannot be turned round")
    turned = diagnosed_text(tmp_path, "\n".join(reversed(lines)))

    assert counted(diagnosed(row["file"])) == counted(turned)


def test_the_cause_is_found_when_the_newest_line_stands_first(tmp_path):
    lines = (SAMPLES / "p07-adl-ffmpeg-mmio-after-failed-reset.log").read_text(encoding="utf-8").splitlines()
    turned = diagnosed_text(tmp_path, "\n".join(reversed(lines)))

    assert "GPU HANG" in turned.incidents[0].first_line
    assert turned.incidents[0].recovered is False
    assert turned.logs[0].order == "newest first"


def test_a_quoted_printable_mail_is_read(tmp_path):
    text = "[  12.000001] xe 0000:03:00.0: [drm] *ERROR* TLB invalidation fence timeou=\nt, seqno=3D32 recv=3D31\n"

    (event,) = tlb_events(diagnosed_text(tmp_path, text))
    assert (event.seqno, event.recv) == (32, 31)


def test_a_line_that_the_pager_cut_is_still_counted(tmp_path):
    text = "Nov 12 10:11:12 host kernel: i915 0000:00:02.0: [drm] *ERROR* GT0: GUC: TLB invalidation respon>\n"

    (event,) = diagnosed_text(tmp_path, text).events
    assert (event.kind, event.gt, event.cut) == ("guc_timeout", 0, True)


def test_numbers_that_somebody_added_by_hand_count(tmp_path):
    text = "[ 10.000001] i915 0000:00:02.0: [drm] *ERROR* GT0: GUC: "
    text += "TLB invalidation response timed out for seqno 7 (x3)\n"

    diagnosis = diagnosed_text(tmp_path, text)
    assert diagnosis.n_tlb_events == 1
    assert diagnosis.incidents[0].count == 3


def test_the_source_of_the_kernel_is_not_its_log(tmp_path):
    text = '\tgt_err(gt, "TLB invalidation response timed out for seqno %u\\n", seqno);\n' * 3

    assert [] == diagnosed_text(tmp_path, text).events
