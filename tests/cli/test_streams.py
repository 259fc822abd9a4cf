"""Standard streams as they come: closed, not in UTF-8, or on a terminal that knows no escape sequence."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent.parent / "diagnose" / "samples" / "p02-xe-guest-dmesgT.log"
RUN = ["run", "--seed", "3", "--duration-ms", "2"]
CHECK = ["check", "--clients", "1", "--rounds", "1", "--engine", "plain"]
WITNESS = ["bugs", "CVE-2022-4139", "--witness"]


def gputlb(*words: str, closed: str = "", environment: dict[str, str] | None = None) -> tuple[int, bytes, bytes]:
    """Run the command in a process of its own, with the streams `closed` (`>&- 2>&-`), if any."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "gputlb", *words],
        capture_output=True,
        env=os.environ | (environment or {}),
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def on_a_dumb_terminal(*words: str, columns: int = 100) -> str:
    """Run the command on a terminal that says it is dumb; return what it writes there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, columns))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    environment["TERM"] = "dumb"
    with subprocess.Popen(
        [sys.executable, "-m", "gputlb", *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ):
        os.close(theirs)
        written = b""
        try:
            while block := os.read(ours, 1 << 16):
                written += block
        except OSError:  # what Linux says where the other side has gone
            pass
        finally:
            os.close(ours)
    assert b"Traceback" not in written
    return written.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("environment", "micro", "encoding"),
    [
        ({"PYTHONIOENCODING": "ascii"}, "us", "ascii"),
        ({"PYTHONIOENCODING": "latin-1"}, "\N{MICRO SIGN}s", "latin-1"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "us", "ascii"),
    ],
)
def test_what_an_encoding_lacks_is_written_otherwise(environment: dict[str, str], micro: str, encoding: str):
    status, out, err = gputlb(*RUN, environment=environment)

    assert (0, b"") == (status, err)
    assert micro in out.decode(encoding)
    assert "?" not in out.decode(encoding)


def test_a_json_document_is_the_same_in_every_encoding():
    documents = []
    for encoding in ("ascii", "latin-1", "utf-8"):
        status, out, err = gputlb(*WITNESS, "--json", environment={"PYTHONIOENCODING": encoding})
        assert (0, b"") == (status, err)
        documents.append(json.loads(out.decode(encoding))["witness"])

    assert documents[2] == documents[0]
    assert documents[2] == documents[1]
    assert not json.dumps(documents[2], ensure_ascii=False).isascii()


def test_a_letter_beyond_16_bits_stays_itself_in_json():
    program = (
        "import sys; from gputlb.cli import _streams; _streams.mend(['--json=true'])\n"
        "print('\"\\U0001f600 \\xb5 \\udcff\"')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        check=True,
    )

    assert "\U0001f600 \xb5 \udcff" == json.loads(done.stdout)


def test_a_file_s_name_that_is_no_text_is_printed_too(tmp_path: Path):
    path = os.fsencode(tmp_path) + b"/log\xff"
    Path(os.fsdecode(path)).write_bytes(SAMPLE.read_bytes())
    status, out, err = gputlb("diagnose", os.fsdecode(path))

    assert (1, b"") == (status, err)
    assert "log\ufffd" in out.decode()


@pytest.mark.parametrize(
    ("words", "closed"),
    [
        (["scenarios"], ">&-"),
        (CHECK, ">&-"),
        (CHECK, "2>&-"),
        (RUN, "2>&-"),
        (RUN, "<&-"),
        (["scenarios"], "<&- >&- 2>&-"),
    ],
)
def test_a_closed_stream_costs_no_more_than_what_would_be_written_there(words: list[str], closed: str):
    status, out, err = gputlb(*words, closed=closed)

    assert (0, b"") == (status, err)
    assert bool(out) == (">&-" not in closed.replace("2>&-", ""))


@pytest.mark.parametrize("words", [["diagnose", "-"], ["trace", "-"], ["diagnose", "--follow", "-"]])
def test_standard_input_that_is_closed_is_told(words: list[str]):
    status, out, err = gputlb(*words, closed="<&-")

    assert (2, b"") == (status, out)
    assert b"gputlb: standard input is closed, so - cannot be read; name a file in place of -" == err.splitlines()[-1]


def test_a_closed_stream_s_descriptor_goes_to_no_file():
    program = "import os; from gputlb.cli import _streams; _streams.mend([]); print(os.readlink('/proc/self/fd/0'))"
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert f"{os.devnull}\n" == done.stdout


def test_a_dumb_terminal_gets_whole_tables():
    _, in_a_file, _ = gputlb("bugs")

    assert in_a_file.decode() == on_a_dumb_terminal("bugs")


def test_a_dumb_terminal_s_width_is_heeded():
    _, in_a_file, _ = gputlb("diagnose", str(SAMPLE), environment={"COLUMNS": "60"})

    assert in_a_file.decode() == on_a_dumb_terminal("diagnose", str(SAMPLE), columns=60)


def test_a_dumb_terminal_gets_no_escape_sequence():
    assert "\x1b" not in on_a_dumb_terminal("bugs", "CVE-2022-4139", "--recompute")
