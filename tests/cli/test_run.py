"""`gputlb run` as a user sees it: output, exit status, bad questions, interrupts, terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gputlb.cli import main
from gputlb.simulate import workloads

GPUTLB = [sys.executable, "-W", "error", "-m", "gputlb"]
SHORT = ("--duration-ms", "5", "--seed", "7")
ESCAPE = "\x1b"


def exit_status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def result_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    exit_status_of("run", "--json", *arguments)
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(("scheme", "status"), [("mmio", 0), ("mmio-2022", 1), ("none", 1)])
def test_the_exit_status_says_whether_a_page_was_reached_after_release(
    scheme: str, status: int, capsys: pytest.CaptureFixture[str]
):
    assert status == exit_status_of("run", "--scheme", scheme, "--duration-ms", "10", "--seed", "7")
    assert "" == capsys.readouterr().err


def test_the_last_line_is_the_verdict(capsys: pytest.CaptureFixture[str]):
    exit_status_of("run", *SHORT)
    assert "no page was reached after it had been given back" == capsys.readouterr().out.splitlines()[-1]

    exit_status_of("run", "--scheme", "none", "--duration-ms", "10", "--seed", "7")
    verdict = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(r"UNSAFE: [a-z0-9, ]+ reached pages after they had been given back, \d+ times", verdict)


def test_a_run_in_which_nothing_happens_says_so(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("run", "--duration-ms", "0.001")
    last = capsys.readouterr().out.splitlines()[-1]
    assert "nothing was released, so nothing is shown; give it more time with --duration-ms" == last


def test_json_holds_what_programs_ask_for(capsys: pytest.CaptureFixture[str]):
    result = result_of(capsys, *SHORT)

    assert {"stale_accesses", "flushes", "skipped", "timeouts", "release_latency_us", "seed"} <= set(result)
    assert ["p50", "p90", "p95", "p99", "p999", "max", "mean", "only_max"] == list(result["release_latency_us"])  # type: ignore[call-overload]
    assert (7, "TIGERLAKE", "mmio", "churn", "4 clients") == tuple(
        result[name] for name in ("seed", "platform", "scheme", "workload", "load")
    )


def test_the_seed_that_is_printed_gives_the_same_output_again(capsys: pytest.CaptureFixture[str]):
    exit_status_of("run", "--duration-ms", "5")
    first = capsys.readouterr().out
    seed = re.search(r"seed (\d+)", first)
    assert seed

    exit_status_of("run", "--duration-ms", "5", "--seed", seed[1])

    assert first == capsys.readouterr().out


def test_no_line_ends_in_a_space_and_none_is_longer_than_a_screen_but_stale_accesses(
    capsys: pytest.CaptureFixture[str],
):
    exit_status_of("run", *SHORT)
    lines = capsys.readouterr().out.splitlines()

    assert [line.rstrip() for line in lines] == lines
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--platform", "tigrlake"],
            'platform "tigrlake" is unknown; did you mean TIGERLAKE, Tiger Lake or METEORLAKE?',
        ),
        (["--platform", "8086:9a4a"], "PCI id 8086:9a4a is unknown; the nearest known are 9a49 (TGL) and 9a40 (TGL)"),
        (
            ["--scheme", "mmoi"],
            "scheme 'mmoi' is unknown; did you mean mmio?; there are mmio-2022, mmio, guc, unbatched, none",
        ),
        (
            ["--workload", "chrn"],
            "workload 'chrn' is unknown; did you mean churn or shrinker?; there are churn, shrinker, userptr, video, "
            "compute, idle, reset-storm, sriov, replay, releases",
        ),
        (
            ["--fault", "stuckbit:vcs0"],
            "fault 'stuckbit:vcs0' is unknown; did you mean stuck-bit?; there are stuck-bit:ENGINE, "
            "slow-unit:ENGINE:MICROSECONDS, lost-write:OFFSET, dead-mmio:MICROSECONDS, failed-ack:DOMAIN",
        ),
        (
            ["--fault", "stuck-bit:vcs2"],
            "TIGERLAKE has no engine 'vcs2'; did you mean vcs1, vcs0 or vecs0?; it has rcs0, bcs0, vcs0, vcs1, vecs0",
        ),
        (
            ["--fault", "stuck-bit:vcs0", "--fault", "stuck-bit:vcs0"],
            "fault 'stuck-bit:vcs0' is given twice; once is enough",
        ),
        (
            ["--fault", "slow-unit:rcs0:2000", "--fault", "slow-unit:rcs0:300"],
            "faults 'slow-unit:rcs0:2000' and 'slow-unit:rcs0:300' are in the same place; give one of them",
        ),
        (["--clients", "0"], "--clients must be 1 to 64, not 0"),
        (["--clients", "65"], "--clients must be 1 to 64, not 65"),
        (
            ["--set", "use=3 yr"],
            "--set use: '3 yr': 'yr' is no unit of time; there are ns, us, ms and s",
        ),
        (
            ["--set", "use=300"],
            """--set use: '300' has no unit; write "300 us", or whatever it is in""",
        ),
        (
            ["--set", "clints=3"],
            "workload 'churn' has no parameter 'clints'; did you mean clients?; "
            "it has clients, objects_per_client, pages_per_object, use, think, pace",
        ),
        (["--set", "clients"], "--set 'clients' must be written NAME=VALUE; gputlb workloads churn lists the names"),
        (["--set", "clients=2", "--clients", "3"], "--clients is given twice; leave one out"),
        (["--workload", "replay"], "workload 'replay' needs a file; say file=FILE.csv"),
        (
            ["--workload", "replay", "--set", "file=/nowhere/x.csv"],
            "/nowhere/x.csv: no such file or directory; name a file of time_us,event,object,pages",
        ),
        (
            ["--latency", "uniform 3 us 1 us"],
            "--latency: 'uniform 3 us 1 us': the first time must not be longer than the second; exchange them",
        ),
        (
            ["--latency", "measured /nowhere/x.csv"],
            "/nowhere/x.csv: no such file or directory; name a file of latency_us or latency_us,count",
        ),
        (["--warm-up-ms", "-1"], "the warm-up must be 0 ms or more, not -1; 0 counts from the start"),
        (
            ["--workload", "releases", "--set", "engines=9"],
            "TIGERLAKE has 5 engines, not 9; ask for fewer",
        ),
        (["--duration-ms", "0"], "the duration must be more than 0 ms, not 0; 100 is usual"),
        (["--duration-ms", "-1"], "the duration must be more than 0 ms, not -1; 100 is usual"),
        (["--duration-ms", "nan"], "the duration must be more than 0 ms, not nan; 100 is usual"),
        (["--duration-ms", "inf"], "the duration must be more than 0 ms, not inf; 100 is usual"),
        (["--seed", "x"], "--seed must be a whole number, not 'x'"),
        (["--platfrm", "x"], "run has no option --platfrm; did you mean --platform?"),
        (["--trace", "/nowhere/x.json"], "/nowhere/x.json: the directory /nowhere does not exist; make it first"),
        (
            ["--platform", "lunarlake"],
            "LUNARLAKE has no registers for TLB invalidation: its driver, xe, sends messages to the GuC; "
            "pick a platform up to METEORLAKE",
        ),
    ],
)
def test_a_wrong_question_is_answered_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert 2 == exit_status_of("run", *arguments)

    printed = capsys.readouterr()
    assert ("", f"gputlb: {sentence}\n") == (printed.out, printed.err)


def test_settings_latency_and_warm_up_reach_the_run(capsys: pytest.CaptureFixture[str]):
    result = result_of(
        capsys,
        *("--workload", "releases", "--set", "rate=5000/s", "--set", "arrivals=fixed", "--set", "forcewake=off"),
        *("--latency", "constant 40 us", "--warm-up-ms", "2", *SHORT),
    )

    assert ({"rate": 5000.0, "arrivals": "fixed", "engines": 1, "pages": 1, "forcewake": "off"}, "40 us", 2.0) == (
        result["parameters"],
        result["latency"],
        result["warm_up_ms"],
    )
    assert {"queue": 0.0, "hardware": 40.0, "forcewake": 0.0, "other": 0.0} == result["release_time_us"]


def test_clients_is_short_for_the_parameter(capsys: pytest.CaptureFixture[str]):
    assert result_of(capsys, "--clients", "2", *SHORT) == result_of(capsys, "--set", "clients=2", *SHORT)


def test_a_system_that_does_not_keep_up_is_reported_as_such(capsys: pytest.CaptureFixture[str]):
    overload = ["--workload", "releases", "--scheme", "unbatched", "--set", "rate=30000/s", "--seed", "7"]

    assert 0 == exit_status_of("run", *overload)
    out = capsys.readouterr().out
    assert "release latency" not in out
    assert re.search(r"^UNSTABLE: the load is 1\.\d\d: releases arrive faster than ", out, re.MULTILINE)


@pytest.mark.parametrize("workload", sorted(workloads()))
def test_workloads_are_listed_with_what_they_can_be_told(workload: str, capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("workloads", workload)
    shown = capsys.readouterr().out
    assert all(f"\n{parameter.name} " in shown for parameter in workloads()[workload].parameters())

    assert 0 == exit_status_of("workloads", "--json")
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)["workloads"]}
    names = [parameter["name"] for parameter in listed[workload]["parameters"]]
    assert [parameter.name for parameter in workloads()[workload].parameters()] == names


def test_workloads_names_every_one_and_the_way_on(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("workloads")
    lines = capsys.readouterr().out.splitlines()

    assert list(workloads()) == [line.split()[0] for line in lines[1:-2]]
    assert "gputlb workloads NAME says what a workload can be told with --set" == lines[-1]


def test_an_unknown_workload_is_asked_about(capsys: pytest.CaptureFixture[str]):
    assert 2 == exit_status_of("workloads", "userprt")
    assert "did you mean userptr" in capsys.readouterr().err


def test_a_scheme_of_one_s_own_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "own_scheme.py").write_text(
        "from gputlb.driver import Scheme\n"
        "class Lazy(Scheme):\n"
        "    async def flush(self): pass\n"
        "class Broken(Scheme):\n"
        "    async def flush(self): raise ZeroDivisionError('mine')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert 1 == exit_status_of("run", "--scheme", "own_scheme:Lazy", "--duration-ms", "10", "--seed", "7")
    assert "scheme own_scheme:Lazy" in capsys.readouterr().out
    assert 2 == exit_status_of("run", "--scheme", "own_scheme:Broken", *SHORT)
    assert "ZeroDivisionError('mine')" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["out.json", "out.perfetto-trace"])
def test_a_trace_is_written_and_said_so_on_stderr(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / name

    assert 0 == exit_status_of("run", *SHORT, "--json", "--trace", str(path))

    printed = capsys.readouterr()
    assert json.loads(printed.out)
    assert f"trace written to {path}; open it at ui.perfetto.dev\n" == printed.err
    assert path.stat().st_size > 10_000
    assert [path] == list(tmp_path.iterdir())


def test_a_trace_does_not_change_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert result_of(capsys, *SHORT) == result_of(capsys, *SHORT, "--trace", str(tmp_path / "out.json"))


def test_a_run_that_fails_leaves_an_old_trace_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "out.json"
    path.write_text("old")

    assert 2 == exit_status_of("run", *SHORT, "--platform", "pontevecchio", "--trace", str(path))

    assert "old" == path.read_text()
    assert [path] == list(tmp_path.iterdir())
    assert "does not load on PONTEVECCHIO" in capsys.readouterr().err


def test_a_disk_that_fills_up_in_the_middle_is_one_sentence_and_leaves_nothing(tmp_path: Path):
    """A limit on file size stands for the disk."""
    program = (
        "import resource, sys; from gputlb.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "main(sys.argv[1:])"
    )
    path = tmp_path / "out.json"

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, "run", *SHORT, "--trace", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (2, "", f"gputlb: {path} could not be written: File too large\n") == (
        done.returncode,
        done.stdout,
        done.stderr,
    )
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("scheme", ["mmio", "mmio-2022", "unbatched", "none"])
@pytest.mark.parametrize("seed", ["1", "7"])
def test_off_a_terminal_there_is_no_colour_no_progress_and_nothing_on_stderr(scheme: str, seed: str):
    done = subprocess.run(
        [*GPUTLB, "run", "--scheme", scheme, "--seed", seed, "--duration-ms", "20"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "" == done.stderr
    assert ESCAPE not in done.stdout


def test_an_interrupt_in_the_middle_is_one_sentence_and_leaves_no_trace(tmp_path: Path):
    path = tmp_path / "out.json"
    running = subprocess.Popen(
        [*GPUTLB, "run", "--duration-ms", "1000000", "--trace", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        # The temporary file grows once the run is on its way.
        while not any(entry.stat().st_size for entry in tmp_path.iterdir()) and time.monotonic() < deadline:
            select.select([], [], [], 0.02)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    finally:
        running.kill()
        running.communicate()

    assert (130, "", "gputlb: interrupted\n") == (running.returncode, out, err)
    assert [] == list(tmp_path.iterdir())


def test_a_reader_who_stops_early_ends_it_without_a_word():
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    try:
        done = subprocess.run(
            [*GPUTLB, "run", *SHORT, "--json"], stdout=writing_end, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing_end)

    assert (-signal.SIGPIPE, b"") == (done.returncode, done.stderr)


def test_on_a_terminal_progress_is_shown_and_gone_at_the_end():
    terminal, line = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CI")}
    running = subprocess.Popen(
        [*GPUTLB, "run", "--duration-ms", "60", "--seed", "7"],
        stdout=subprocess.PIPE,
        stderr=line,
        env=environment | {"TERM": "xterm-256color", "COLUMNS": "80"},
        text=True,
    )
    os.close(line)
    shown = b""
    try:
        while True:
            try:
                some = os.read(terminal, 65536)
            except OSError:  # the other end has been closed
                break
            if not some:
                break
            shown += some
        out, _ = running.communicate(timeout=30)
    finally:
        running.kill()
        os.close(terminal)

    text = shown.decode()
    assert 0 == running.returncode
    assert "running" in text
    assert "100%" in text
    assert text.endswith(f"{ESCAPE}[2K")  # the line is erased
    assert ESCAPE not in out
