"""`gputlb diagnose --follow` as a watchdog runs it: a live journal, a rotated file, Ctrl-C."""

from __future__ import annotations

import json
import os
import select
import signal
import stat
import subprocess
import sys

import pytest

QUIET = "2025-11-22T12:00:00.000000+0100 box kernel: usb 1-1: new high-speed USB device number 5"
LATER = QUIET.replace("12:00:00", "12:05:00")
TIMEOUT = (
    "2025-11-22T12:00:0{second}.000000+0100 box kernel: xe 0000:03:00.0: [drm] *ERROR* TLB invalidation fence timeout, "
    "seqno={seqno} recv=4"
)
AT_MOST_S = 60


def program(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def started(tmp_path):
    children = []

    def start(*arguments, path=None):
        child = subprocess.Popen(
            [sys.executable, "-m", "gputlb", "diagnose", "--follow", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | ({"PATH": path} if path else {}),
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_a_live_journal_gives_each_line_as_it_comes(tmp_path, started):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    gatekeeper = gate.open("r+b", buffering=0)  # opened for both, it waits for nobody on the other side
    program(
        tmp_path,
        "journalctl",
        f"echo '{QUIET}'\necho '{TIMEOUT.format(second=1, seqno=5)}'\nread line < {gate}\n"
        f"echo '{TIMEOUT.format(second=3, seqno=6)}'\necho '{LATER}'\nread line < {gate}",
    )
    program(tmp_path, "dmesg", "echo 'no more' >&2; exit 1")
    child = started("--json", path=f"{tmp_path}:/usr/bin:/bin")

    # The journal is still open, waiting at the gate, and the line is there: nothing waits in a buffer.
    began = json.loads(child.stdout.readline())
    assert ("gputlb.diagnose.follow/1", "began", 1) == (began["schema"], began["state"], began["incident"]["count"])
    gatekeeper.write(b"go\n")
    over = json.loads(child.stdout.readline())
    assert ("over", 2) == (over["state"], over["incident"]["count"])

    gatekeeper.write(b"go\n")
    _, err = child.communicate(timeout=AT_MOST_S)
    assert (2, True) == (child.returncode, "(journalctl: ended; dmesg: no more)" in err)
    gatekeeper.close()


def test_a_file_is_read_from_its_end_and_through_its_rotation(tmp_path, started):
    log = tmp_path / "kern.log"
    log.write_text(TIMEOUT.format(second=0, seqno=1) + "\n", encoding="utf-8")
    child = started("--json", log)

    began = _answer_to(child, log, TIMEOUT.format(second=1, seqno=5))
    assert (began["state"], began["incident"]["seqno_first"]) == ("began", 5)

    log.rename(tmp_path / "kern.log.1")
    log.write_text(TIMEOUT.format(second=2, seqno=6).replace(":03:", ":4d:") + "\n", encoding="utf-8")
    other = json.loads(child.stdout.readline())
    assert ("began", "0000:4d:00.0", 6) == (
        other["state"], other["incident"]["device"], other["incident"]["seqno_first"]
    )  # fmt: skip


def test_ctrl_c_ends_it_quietly(tmp_path, started):
    log = tmp_path / "kern.log"
    log.write_text("", encoding="utf-8")
    child = started("--json", log)
    _answer_to(child, log, TIMEOUT.format(second=1, seqno=5))
    child.send_signal(signal.SIGINT)

    out, err = child.communicate(timeout=AT_MOST_S)
    assert "Traceback" not in err
    assert (child.returncode, out) == (130, "")


def test_where_nothing_can_be_followed_every_way_tried_is_named(tmp_path, started):
    program(tmp_path, "journalctl", "echo 'No journal files were found.' >&2; exit 1")
    program(tmp_path, "dmesg", "echo 'dmesg: read kernel buffer failed: Operation not permitted' >&2; exit 1")

    _, err = (child := started("--json", path=str(tmp_path))).communicate(timeout=AT_MOST_S)
    assert child.returncode == 2
    assert err == (
        "gputlb: the running system's kernel log cannot be followed (journalctl: No journal files were found.; dmesg: "
        "dmesg: read kernel buffer failed: Operation not permitted); try `sudo dmesg --follow | gputlb diagnose "
        "--follow -`\n"
    )


def test_a_journal_that_shows_this_user_nothing_is_not_waited_for(tmp_path, started):
    """To a user who may read his own journal alone `journalctl -k -f` says nothing, and does not end."""
    program(tmp_path, "journalctl", 'case "$*" in *-f*) exec sleep 60;; esac')
    program(tmp_path, "dmesg", "echo 'dmesg: read kernel buffer failed: Operation not permitted' >&2; exit 1")

    _, err = (child := started(path=f"{tmp_path}:/usr/bin:/bin")).communicate(timeout=AT_MOST_S)
    assert child.returncode == 2
    assert err == (
        "gputlb: the running system's kernel log cannot be followed (journalctl: shows no messages of the system; "
        "dmesg: dmesg: read kernel buffer failed: Operation not permitted); try `sudo dmesg --follow | gputlb diagnose "
        "--follow -`\n"
    )


def test_where_the_journal_shows_nothing_dmesg_is_followed(tmp_path, started):
    program(tmp_path, "journalctl", 'case "$*" in *-f*) exec sleep 60;; esac')
    program(tmp_path, "dmesg", f"echo '{TIMEOUT.format(second=1, seqno=5)}'; exec sleep 60")
    child = started("--json", path=f"{tmp_path}:/usr/bin:/bin")

    assert "began" == json.loads(child.stdout.readline())["state"]


def test_that_one_waits_is_said_when_there_is_something_to_wait_for(tmp_path, started):
    _, err = started(tmp_path / "missing").communicate(timeout=AT_MOST_S)
    assert err == f"gputlb: {tmp_path}/missing: no such file; without a name the running system is followed\n"

    log = tmp_path / "kern.log"
    log.touch()
    assert started(log).stderr.readline() == "gputlb: waiting for new incidents; stop with Ctrl-C\n"


def _answer_to(child, log, line):
    """Append a line again and again until it is answered: only what comes after the file was opened is new."""
    while not select.select([child.stdout], [], [], 0.1)[0]:
        assert child.poll() is None
        with log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    return json.loads(child.stdout.readline())
