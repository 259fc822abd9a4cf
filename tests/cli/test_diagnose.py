"""`gputlb diagnose` and `gputlb trace` from the outside: output, exit status, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent.parent / "diagnose" / "samples"
POSITIVE = SAMPLES / "p02-xe-guest-dmesgT.log"
NEGATIVE = SAMPLES / "n03-bluefin-forcewake-ack.log"
FENCES = (
    "  a-7  [001] .....      1.000000: xe_tlb_inval_fence_send: dev=0000:03:00.0, fence=00000000aa, seqno=1\n"
    "  a-7  [001] .....      1.000250: xe_tlb_inval_fence_signal: dev=0000:03:00.0, fence=00000000aa, "
    "seqno=1\n"
)


def gputlb(*arguments, stdin=b""):
    done = subprocess.run(
        [sys.executable, "-m", "gputlb", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        env=os.environ | {"COLUMNS": "100"},
    )
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_incidents_give_status_1_and_the_verdict_first():
    status, out, _ = gputlb("diagnose", POSITIVE)

    assert status == 1
    assert out.startswith("The graphics firmware of the graphics device 0000:01:00.0 stopped answering the driver.")
    assert [] == [line for line in out.splitlines() if line != line.rstrip()]


def test_nothing_found_gives_status_0():
    status, out, _ = gputlb("diagnose", NEGATIVE)

    assert status == 0
    assert out.startswith("No TLB invalidation trouble in 11 lines. The log does hold other GPU trouble:")


@pytest.mark.parametrize("name", ["no-such-file", SAMPLES])
def test_wrong_input_gives_status_2_and_one_sentence(name):
    status, out, err = gputlb("diagnose", name)

    assert (status, out, err.count("\n")) == (2, "", 1)


def test_a_misspelt_option_is_answered_with_the_nearest():
    assert gputlb("diagnose", "--jsn") == (
        2,
        "",
        "gputlb: unknown option --jsn; did you mean --json?; for a file of that name write ./--jsn\n",
    )


def test_json_has_the_documented_fields():
    status, out, _ = gputlb("diagnose", "-", "--json", stdin=POSITIVE.read_bytes())
    document = json.loads(out)

    assert status == 1
    assert document["schema"] == "gputlb.diagnose/1"
    assert {"kind", "device", "gt", "engine", "seqno", "recv", "time", "line", "suppressed"} <= document["events"][
        0
    ].keys()
    assert {"device", "class", "first_line", "count", "recovered", "advice"} <= document["incidents"][0].keys()
    assert [event["seqno"] for event in document["events"]] == [32, 33, 34, 35, 36, 37]
    assert {item["id"] for item in document["incidents"][0]["advice"]} == {
        "frozen-firmware",
        "stale-translation-risk",
    }


def test_several_logs_are_told_apart():
    _, out, _ = gputlb("diagnose", POSITIVE, SAMPLES / "p15-mmio-oneline-issue6424.log", "--json")
    document = json.loads(out)

    assert [Path(log["name"]).name for log in document["logs"]] == [
        POSITIVE.name,
        "p15-mmio-oneline-issue6424.log",
    ]
    assert len({event["file"] for event in document["events"]}) == 2


def test_follow_gives_json_lines():
    status, out, _ = gputlb("diagnose", "--follow", "--json", "-", stdin=POSITIVE.read_bytes())

    assert status == 1
    assert [json.loads(line)["state"] for line in out.splitlines()] == ["began", "over"]


def test_follow_of_a_quiet_log_gives_nothing():
    assert gputlb("diagnose", "--follow", "--json", "-", stdin=NEGATIVE.read_bytes()) == (0, "", "")


@pytest.mark.parametrize("option", ["--html", "--upstream"])
def test_follow_has_no_end_to_report_on(option, tmp_path):
    page = [tmp_path / "page.html"] if option == "--html" else []
    status, out, err = gputlb("diagnose", "--follow", option, *page, "-", stdin=POSITIVE.read_bytes())

    said = f"gputlb: {option} reports on a log that has ended, --follow on new lines; leave one of them out\n"
    assert (status, out, err) == (2, "", said)
    assert list(tmp_path.iterdir()) == []


def test_a_document_and_a_text_for_people_do_not_go_together():
    said = "gputlb: --json prints a document, --upstream a text for people; leave one of them out\n"
    assert gputlb("diagnose", "--json", "--upstream", POSITIVE) == (2, "", said)


def test_follow_takes_one_log():
    status, _, err = gputlb("diagnose", "--follow", POSITIVE, NEGATIVE)

    assert (status, err) == (2, "gputlb: --follow watches one log, not 2; start it once for each\n")


def test_html_is_written_whole_and_loads_nothing(tmp_path):
    page = tmp_path / "report.html"

    status, out, _ = gputlb("diagnose", POSITIVE, "--html", page)
    text = page.read_text(encoding="utf-8")
    assert status == 1
    assert out.startswith("The graphics firmware")
    assert "<svg" in text
    assert "src=" not in text
    assert "@import" not in text
    assert list(tmp_path.iterdir()) == [page]


def test_html_into_a_missing_directory_is_refused(tmp_path):
    status, _, err = gputlb("diagnose", POSITIVE, "--html", tmp_path / "no" / "report.html")

    assert status == 2
    assert err.endswith(f"the directory {tmp_path / 'no'} does not exist; make it first\n")


def test_upstream_prints_the_report():
    status, out, _ = gputlb("diagnose", POSITIVE, "--upstream")

    assert status == 1
    assert out.startswith("# [xe] firmware channel dead or busy on unknown platform, kernel unknown")


def test_a_trace_without_trouble_gives_status_0():
    status, out, _ = gputlb("trace", "-", "--json", stdin=FENCES.encode())
    document = json.loads(out)

    assert status == 0
    assert document["schema"] == "gputlb.trace/1"
    assert document["fences"][0]["latency"]["max_us"] == pytest.approx(250, abs=1)


def test_an_unanswered_fence_gives_status_1():
    later = "  a-7  [001] .....      9.000000: sched_switch: x\n"
    status, out, _ = gputlb("trace", "-", stdin=(FENCES.splitlines()[0] + "\n" + later).encode())

    assert status == 1
    assert out.startswith("1 invalidations were sent, 0 answered in time. 1 got neither answer nor timeout.")


def test_a_trace_page_has_its_plots(tmp_path):
    page = tmp_path / "trace.html"

    gputlb("trace", "-", "--html", page, stdin=FENCES.encode())
    assert page.read_text(encoding="utf-8").count("<svg") == 2


VMAS = (
    "  a-7  [001] .....      1.000000: i915_vma_bind: obj=00000000aa, offset=0x0000000000010000 size=0x2000 "
    "vm=00000000cc\n"
    "  a-7  [001] .....      1.000850: i915_vma_unbind: obj=00000000aa, offset=0x0000000000010000 size=0x2000 "
    "vm=00000000cc\n"
    "  a-7  [001] .....      1.000900: i915_gem_object_destroy: obj=00000000aa\n"
)


def test_a_trace_of_i915_becomes_a_recording_that_replays(tmp_path):
    made = tmp_path / "recording.csv"
    status, out, err = gputlb("trace", "-", "--recording", made, stdin=VMAS.encode())

    assert (0, f"recording written to {made}: 1 releases; --duration-ms 1 replays all of it\n") == (status, err)
    assert "i915 VMAs: 1 bound, 1 unbound" in out
    status, out, _ = gputlb("run", "--workload", "replay", "--set", f"file={made}", "--duration-ms", "2", "--json")
    assert (0, 1) == (status, json.loads(out)["releases"])


def test_a_trace_without_releases_makes_no_recording(tmp_path):
    status, _, err = gputlb("trace", "-", "--recording", tmp_path / "recording.csv", stdin=FENCES.encode())

    assert status == 2
    assert err.startswith("gputlb: standard input: no object of i915 is released in it; record with `trace-cmd record ")
    assert [] == list(tmp_path.iterdir())


def test_a_trace_given_as_a_recording_says_how_to_make_one_of_it(tmp_path):
    trace = tmp_path / "trace.txt"
    trace.write_text(VMAS)
    status, _, err = gputlb("run", "--workload", "replay", "--set", f"file={trace}")

    mend = f"gputlb trace {trace} --recording FILE.csv makes one of it"
    assert (2, f"gputlb: {trace}: a kernel trace, not a recording; {mend}\n") == (status, err)


def test_an_unknown_platform_is_answered_with_the_nearest():
    status, _, err = gputlb("trace", "-", "--platform", "TGLL", stdin=FENCES.encode())

    assert status == 2
    assert "did you mean" in err


def test_a_reader_that_leaves_early_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m gputlb diagnose {SAMPLES / 'p09-16x-bmg-bandwidth-guc-crash.log'} | head -c 10",
        shell=True,
        capture_output=True,
        check=False,
    )

    assert done.stderr == b""


@pytest.mark.parametrize("options", [[], ["--upstream"]])
def test_neither_a_log_nor_its_name_turns_the_writing_round(tmp_path, options):
    """Escape sequences, bidirectional overrides and line separators, as an attacker would put them in a log."""
    unseen = "\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}\N{RIGHT-TO-LEFT ISOLATE}\N{LINE SEPARATOR}"
    path = tmp_path / f"{unseen}.log"
    path.write_text(POSITIVE.read_text(encoding="utf-8").replace("seqno", f"{unseen}seqno"), encoding="utf-8")
    status, out, _ = gputlb("diagnose", path, *options)

    assert status == 1
    assert set() == set(unseen.replace("[31m", "")) & set(out)
    assert "seqno=32" in out or "seqno 32" in out
