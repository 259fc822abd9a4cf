"""`gputlb conformance`: differences side by side, one last line, and three exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gputlb.cli import main
from gputlb.conformance import replay
from gputlb.report.conformance_progress import Progress
from tests.conformance.test_replay import PLAIN, scenario

VECTORS = Path(__file__).parents[1] / "conformance" / "vectors"


@pytest.fixture
def conformance(capsys: pytest.CaptureFixture[str]):
    """Run the verb; return status, stdout and stderr."""

    def run(*words: str | Path) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["conformance", *map(str, words)])
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return run


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A file of two vectors, the second of which asks for a wrong unlock."""
    events = replay(scenario())
    changed = [*events[:7], ["unlock", "gt"], *events[8:]]
    path = tmp_path / "wrong.jsonl"
    lines = [{"scenario": PLAIN | {"id": f"w-{n}"}, "events": made} for n, made in enumerate((events, changed))]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return path


def test_all_recorded_vectors_match(conformance):
    assert (0, "630 vectors, 0 mismatches\n", "") == conformance(*sorted(VECTORS.iterdir()))


def test_the_first_difference_is_shown_side_by_side(conformance, wrong):
    status, out, err = conformance(wrong)

    assert (1, "") == (status, err)
    assert out == (
        f"{wrong}:2: w-1 (test): event 8 differs\n"
        "    expected                            | got\n"
        '    ["sem_wait", "0xfd0", 1, 100, "ok"] | ["sem_wait", "0xfd0", 1, 100, "ok"]\n'
        '    ["lock", "mcr"]                     | ["lock", "mcr"]\n'
        '    ["lock", "uncore"]                  | ["lock", "uncore"]\n'
        '  > ["unlock", "gt"]                    | ["trace", "invalidated engines 00000000"]\n'
        "2 vectors, 1 mismatch\n"
    )


def test_json_holds_the_same_facts(conformance, wrong):
    status, out, err = conformance(wrong, "--json")

    assert (1, "") == (status, err)
    assert {
        "vectors": 2,
        "mismatches": 1,
        "first_differences": [
            {
                "where": f"{wrong}:2",
                "id": "w-1",
                "category": "test",
                "event": 8,
                "expected": ["unlock", "gt"],
                "got": ["trace", "invalidated engines 00000000"],
                "before": [["sem_wait", "0xfd0", 1, 100, "ok"], ["lock", "mcr"], ["lock", "uncore"]],
            }
        ],
    } == json.loads(out)


def test_an_end_on_one_side_is_shown_as_such(conformance, tmp_path):
    path = tmp_path / "short.jsonl"
    path.write_text(json.dumps({"scenario": PLAIN, "events": replay(scenario())[:-1]}))

    assert '  > (nothing more)   | ["return", null]' == conformance(path)[1].splitlines()[-2]


def test_bad_files_are_all_named_and_no_verdict_is_given(conformance, wrong, tmp_path):
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_text("{")
    status, out, err = conformance(damaged, wrong, tmp_path / "missing")

    assert 2 == status
    assert "vectors," not in out
    assert (
        f"gputlb: {damaged}:1: not JSON: Input data was truncated; the file may be cut off\n"
        f"gputlb: {tmp_path}/missing: there is no such file; name a file of vectors, .jsonl or .jsonl.gz\n"
    ) == err


def test_a_file_must_be_named(conformance):
    assert (2, "", "gputlb: conformance needs FILE; gputlb conformance --help says what that is\n") == conformance()


def test_text_from_a_file_cannot_steer_the_terminal(conformance, tmp_path):
    path = tmp_path / "hostile.jsonl"
    path.write_text(json.dumps({"scenario": PLAIN | {"id": "\x1b[2J"}, "events": [["\x1b[2J"]]}))

    assert "\x1b" not in conformance(path)[1]


class Stream:
    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal
        self.text = ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


@pytest.mark.parametrize(
    ("terminal", "text"),
    [
        (False, "1 vector replayed, 0 mismatches\n"),
        (True, "\r\x1b[K1 vector replayed, 0 mismatches\r\x1b[K2 vectors replayed, 1 mismatch\r\x1b[K"),
    ],
)
def test_a_long_run_says_how_far_it_is(terminal: bool, text: str):
    stream, now = Stream(terminal), [0.0]
    with Progress(stream, lambda: now[0]) as progress:  # type: ignore[arg-type]
        progress.show(0, 0)
        now[0] = 10.5
        progress.show(1, 0)
        now[0] = 11.0
        progress.show(2, 1)

    assert text == stream.text


def test_a_name_that_a_terminal_would_obey_is_shown_harmless(conformance, wrong: Path):
    status, out, err = conformance(wrong.with_name("esc\x1b[31mred"))
    assert (2, "", 1) == (status, out, err.count("\n"))
    assert "\x1b" not in err
    assert "esc\ufffd[31mred" in err

    status, out, err = conformance(wrong.rename(wrong.with_name("\x1b[31mred.jsonl")))
    assert (1, "") == (status, err)
    assert "\x1b" not in out
