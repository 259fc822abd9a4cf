"""`gputlb trace` as a user sees it: bad questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from gputlb.cli import main


@pytest.mark.parametrize("awake", [",,,", " "])
def test_engines_that_are_to_be_named_are_named(awake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    trace = tmp_path / "trace.txt"
    trace.write_text("")
    with pytest.raises(SystemExit) as caught:
        main(["trace", str(trace), "--awake", awake])

    sentence = f"--awake {awake!r} names no engine; write it like --awake rcs0,bcs0, or leave it out"
    assert (2, "", f"gputlb: {sentence}\n") == (caught.value.code, *capsys.readouterr())
