"""A large log shows how far it was read; a short wait shows nothing."""

from __future__ import annotations

import io
import itertools

import pytest

from gputlb.diagnose import Source, diagnose
from gputlb.report.diagnose_progress import ReadingProgress

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
