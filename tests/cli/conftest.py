"""The command line as a fixture."""

from __future__ import annotations

import sys

import pytest

from gputlb.cli import main


@pytest.fixture
def gputlb(monkeypatch, capsys):
    """Run the command line; return status, stdout and stderr."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["gputlb", *words])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return run
