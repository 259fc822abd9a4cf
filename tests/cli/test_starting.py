"""Ctrl-C and SIGTERM while the command is still being loaded, which is most of what a short command does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gputlb

CONSOLE_SCRIPT = "import sys; from gputlb.cli import main; sys.exit(main())"


@pytest.fixture
def loading(tmp_path: Path):
    """Run the command with a stand-in for cyclopts, the first thing that is loaded; return status, stdout, stderr."""

    def run(how: list[str], stand_in: str) -> tuple[int, str, str]:
        (tmp_path / "cyclopts.py").write_text(stand_in)
        path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, *how, "platforms"],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize("how", [["-m", "gputlb"], ["-c", CONSOLE_SCRIPT]], ids=["module", "console script"])
@pytest.mark.parametrize(("name", "status", "said"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_during_the_first_import_is_heard(loading, how: list[str], name: str, status: int, said: str):
    stand_in = f"import signal; signal.raise_signal(signal.{name})\n"

    assert (status, "", f"gputlb: {said}\n") == loading(how, stand_in)


def test_an_import_that_fails_of_the_signal_is_no_traceback(loading):
    """A library may turn the interrupt into an error of its own."""
    stand_in = (
        "import signal\n"
        "try: signal.raise_signal(signal.SIGINT)\n"
        "except BaseException: raise RuntimeError('half a class')\n"
    )

    assert (130, "", "gputlb: interrupted\n") == loading(["-m", "gputlb"], stand_in)


def test_a_finalizer_s_late_word_does_not_undo_the_exit(loading):
    """An interrupt that a finalizer drops comes again a little later, perhaps when all has been said."""
    stand_in = (
        "import signal\n"
        "class Finalized:\n"
        "    def __del__(self): signal.raise_signal(signal.SIGTERM)\n"
        "finalized = Finalized()\n"
        "del finalized\n"
        "raise RuntimeError('half a class')\n"
    )

    assert (143, "", "gputlb: terminated\n") == loading(["-m", "gputlb"], stand_in)


def test_before_signals_are_heard_next_to_nothing_is_imported():
    """What comes before is a traceback at Ctrl-C: `typing` alone would be as long as all the rest."""
    program = "import sys; before = {*sys.modules}; import gputlb.cli; print(*sorted({*sys.modules} - before))"
    environment = os.environ | {"PYTHONPATH": str(Path(gputlb.__file__).parents[1])}  # -S knows no installed packages
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, env=environment, check=True
    )

    assert set() == {"typing", "re", "inspect", "pathlib", "cyclopts"} & set(done.stdout.split())
