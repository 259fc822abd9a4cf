"""The command line as a fixture."""

from __future__ import annotations

import pytest

from gputlb.cli import main


@pytest.fixture
def gputlb(capsys):
    """Run the command line; return status, stdout and stderr."""

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main(words)
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return run
