"""A large log shows how far it was read; a short wait shows nothing."""

from __future__ import annotations

import io
import itertools
import shutil

import pytest

from gputlb.diagnose import Source, diagnose
from gputlb.diagnose.traces import explain_trace, open_trace
from gputlb.report.diagnose_progress import ReadingProgress
from tests.diagnose.traces.trace_dat import Recorded, write_trace_dat

LINES = b"[    1.000000] usb 1-1: new device\n"


@pytest.mark.parametrize(("second_s", "shown"), [(0.0, False), (2.0, True)])
def test_only_a_log_that_takes_more_than_a_second_is_shown(second_s, shown):
    stream = io.StringIO()
    ticks = itertools.count()
    source = Source("a pipe", None, io.BytesIO(LINES * 100_000))

    with ReadingProgress(stream, clock=lambda: second_s * next(ticks)) as progress:
        source.watch = progress.show
        diagnose([source])
    assert shown == ("reading a pipe: 1 MB" in stream.getvalue())
    assert stream.getvalue().endswith("\r\x1b[K" if shown else "")


def test_a_file_is_shown_with_its_size_and_the_share_that_was_read(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(LINES * 100_000)
    stream = io.StringIO()
    ticks = itertools.count()
    source = Source("log", path)

    with ReadingProgress(stream, clock=lambda: 2.0 * next(ticks)) as progress:
        source.watch = progress.show
        diagnose([source])
    assert "reading log: 4 MB of 4 MB (100%)" in stream.getvalue()


def progress_of(trace):
    stream = io.StringIO()
    ticks = itertools.count()
    with ReadingProgress(stream, clock=lambda: 2.0 * next(ticks)) as progress:
        trace.source.watch = progress.show
        explain_trace(trace)
    return stream.getvalue()


def test_a_trace_is_shown_as_a_log_is(tmp_path):
    path = tmp_path / "trace"
    path.write_text("  kworker-7  [001] ..... 1.000000: xe_guc_ctb_g2h: G2H CTB\n" * 60_000, encoding="utf-8")

    assert "MB of 4 MB (100%)" in progress_of(open_trace(str(path)))


@pytest.mark.skipif(shutil.which("trace-cmd") is None, reason="trace-cmd is not installed")
def test_what_trace_cmd_prints_is_shown_as_it_comes(tmp_path):
    path = tmp_path / "trace.dat"
    fences = [Recorded(0, 7, 1_000_000 * n, "xe_tlb_inval_fence_send", "0000:03:00.0", (n, n)) for n in range(1, 2_000)]
    write_trace_dat(path, fences, tasks={7: "kworker"})

    assert f"reading trace-cmd's report of {path}: 0 MB" in progress_of(open_trace(str(path)))
