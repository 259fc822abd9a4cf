"""What holds for every test."""

from __future__ import annotations

import os
import signal

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started with `&`: the commands that tests press Ctrl-C at would have it ignored, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ["TERM"] = "xterm"  # an editor's shell has a dumb one, on which progress lines look different

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGALRM)


@pytest.fixture(autouse=True)
def signals_stay_as_they_are():
    """Fail the test that leaves a signal to another handler: some later one would be killed by it, or not at all."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    after = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert before == after
