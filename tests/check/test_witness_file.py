"""Witnesses run again: each ends as it did when it was found, and nothing else in a file does any harm."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gputlb import __version__, facts
from gputlb.check import (
    NO_DEFECT,
    BadWitness,
    CheckResult,
    Limits,
    NotReproduced,
    ReplayDiverged,
    check,
    defect,
    read_witness,
    replay,
    saved,
    scenario,
)
from gputlb.driver import scheme
from gputlb.errors import GputlbError

# What finds each defect fast: scenario, clients, rounds, platform, scheme.
FOUND = {
    "non-strict": ("default", 2, 2, "tgl", "mmio"),
    "no-low-bit": ("default", 2, 1, "tgl", "mmio"),
    "unmasked": ("default", 1, 1, "tgl", "mmio"),
    "no-compute": ("default", 1, 1, "dg2", "mmio"),
    "no-oa": ("oa", 1, 1, "tgl", "mmio"),
    "unserialised": ("reset", 1, 1, "tgl", "mmio"),
    "stamp-by-value": ("default", 1, 1, "tgl", "mmio"),
    "wedge-first": ("wedge", 1, 1, "tgl", "mmio"),
    "first-gt-only": ("two-gts", 1, 1, "mtl", "mmio"),
    "tlb-survives-idle": ("parked", 1, 1, "tgl", "mmio"),
    "walks-survive": ("default", 1, 1, "tgl", "mmio"),
    "none": ("stuck", 1, 1, "tgl", "mmio"),
}


def checked(name: str, clients: int, rounds: int, platform: str, scheme_name: str, wrong: str = "none") -> CheckResult:
    return check(
        facts.platform(platform),
        scheme(scheme_name),
        replace(scenario(name), clients=clients, rounds=rounds, engines_together=1),
        defect=NO_DEFECT if wrong == "none" else defect(wrong),
        limits=Limits(engine="plain"),
    )


def cve_2022_4139() -> CheckResult:
    return checked("default", 1, 1, "tgl", "mmio-2022")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(saved(cve_2022_4139(), scheme("mmio-2022")))
    return content


def written(path: Path, document: object) -> Path:
    file = path / "witness.json"
    file.write_text(json.dumps(document))
    return file


@pytest.mark.parametrize("wrong", FOUND)
def test_a_witness_runs_again_to_the_same_end(wrong: str, tmp_path: Path):
    result = checked(*FOUND[wrong], wrong)
    file = tmp_path / "witness.json"
    file.write_bytes(saved(result, scheme("mmio")))

    witness, story = replay(file)

    assert result.story is not None
    assert result.kind == witness.ending.kind
    assert result.story == story


def test_a_file_says_all_that_it_takes_to_run_it(document: dict[str, Any]):
    assert {
        "format": "gputlb witness",
        "version": 1,
        "gputlb": __version__,
        "platform": "TIGERLAKE",
        "scheme": "mmio-2022",
        "defect": "none",
        "scenario": {
            "name": "default",
            "summary": "clients release objects while awake engines go on reaching for them",
            "clients": 1,
            "engines_together": 1,
            "rounds": 1,
            "ingredients": [],
        },
        "group": [["vcs0"]],
        "ending": {
            "kind": "violated",
            "rule": "Violation",
            "agent": "vcs0 at page 0",
            "text": "vcs0 reached page 0 through a stale translation: the page was given back to the system",
        },
        "sentence": "vcs0 reached page 0 through a translation that client 0 believed flushed: the request to "
        "GEN12_VD_TLB_INV_CR was ignored, its mask bits were not set",
    } == {name: value for name, value in document.items() if name != "schedule"}
    assert ["vcs0 at page 0", [True]] == document["schedule"][0]


def test_a_mended_scheme_does_not_reach_the_violation(document: dict[str, Any], tmp_path: Path):
    file = written(tmp_path, document)

    with pytest.raises(ReplayDiverged, match=r"agent 'client0' "):
        replay(file, "mmio")


def test_a_schedule_that_ends_early_comes_to_no_harm(document: dict[str, Any], tmp_path: Path):
    file = written(tmp_path, document | {"schedule": document["schedule"][:-1]})

    with pytest.raises(NotReproduced) as caught:
        replay(file)

    assert (
        f"{file}: nothing is wrong at the end of its 24 steps; it said: vcs0 reached page 0 through a stale "
        "translation: the page was given back to the system" == str(caught.value)
    )


def test_another_end_than_the_one_that_was_claimed_is_not_the_same(document: dict[str, Any], tmp_path: Path):
    file = written(tmp_path, document | {"ending": document["ending"] | {"text": "the moon fell down"}})

    with pytest.raises(NotReproduced) as caught:
        replay(file)

    assert (
        f"{file}: its 25 steps end in another way (vcs0 reached page 0 through a stale translation: the page was given "
        "back to the system); it said: the moon fell down" == str(caught.value)
    )


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ([["nobody at all", [None]]], "step 1: agent 'nobody at all' is to act, and there is no such agent any more"),
        (
            [["client0", [None] * 5 + [7]]],
            "client_memory.py:59 in ClientPage.lend: agent 'client0' is answered 2 by `update` of 'page0.tenant' in "
            "place of None, in step 1",
        ),
        (
            [["vcs0 at page 0", [True, True]]],
            "step 1: agent 'vcs0 at page 0' is done, and was to do 1 operations more",
        ),
    ],
)
def test_an_edited_schedule_is_told_where_it_leaves_the_path(
    schedule: list[object], sentence: str, document: dict[str, Any], tmp_path: Path
):
    file = written(tmp_path, document | {"schedule": schedule})

    with pytest.raises(ReplayDiverged) as caught:
        replay(file)

    assert sentence == str(caught.value)


def test_a_file_imports_no_code_by_itself(document: dict[str, Any], tmp_path: Path):
    file = written(tmp_path, document | {"scheme": "antigravity:Fly"})

    with pytest.raises(BadWitness) as caught:
        replay(file)

    assert (
        f"{file} was made with a scheme of your own, and files import no code; if you trust it, say gputlb replay "
        f"{file} --scheme antigravity:Fly" == str(caught.value)
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "gputlb witless"}, "is not a witness file; write one with gputlb check --save"),
        (
            {"version": 2, "gputlb": "9.0"},
            f"has format version 2, and this gputlb {__version__} reads version 1; it was written by gputlb 9.0",
        ),
        ({"colour": "red"}, "is damaged: Object contains unknown field `colour`"),
        ({"schedule": [["client0"]]}, "is damaged: Expected `array` of length 2 - at `$.schedule[0]`"),
        ({"schedule": "fast"}, "is damaged: Expected `array`, got `str` - at `$.schedule`"),
        ({"group": []}, ": the group must name engines of 1 GT, as TIGERLAKE has, not of 0"),
        ({"group": [["vcs7"]]}, ": TIGERLAKE has no engine 'vcs7' there; did you mean vcs1, vcs0 or vecs0?"),
        ({"group": [[]]}, ": the group must name an engine that was explored, and names none"),
        ({"group": [["vcs0", "vcs0"]]}, ": the group must name each GT's engines, each once, not ['vcs0', 'vcs0']"),
    ],
)
def test_a_damaged_file_is_told_in_one_sentence(
    change: dict[str, object], sentence: str, document: dict[str, Any], tmp_path: Path
):
    file = written(tmp_path, document | change)

    with pytest.raises(BadWitness) as caught:
        read_witness(file)

    joint = "" if sentence.startswith(":") else " "
    assert f"{file}{joint}{sentence}" == str(caught.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"clients": 10**9}, "a scenario's clients must be a whole number from 1 to 8, not 1000000000"),
        ({"rounds": 0}, "a scenario's rounds must be None or a whole number from 1 to 1000, not 0"),
        ({"ingredients": ["prak"]}, "ingredient 'prak' is unknown; did you mean park?"),
    ],
)
def test_an_impossible_scenario_is_told_in_one_sentence(
    change: dict[str, object], sentence: str, document: dict[str, Any], tmp_path: Path
):
    file = written(tmp_path, document | {"scenario": document["scenario"] | change})

    with pytest.raises(BadWitness) as caught:
        read_witness(file)

    assert str(caught.value).startswith(f"{file}: {sentence}")


BAD_LOCKING = {
    "TwoOrders": "LockOrderInverted",
    "SleepsUnderSpinLock": "SleepUnderSpinLock",
    "TakesTwice": "LockReentered",
    "LeavesHeld": "LockLeftHeld",
    "GivesBackWhatItHasNot": "LockNotHeld",
}


@pytest.mark.parametrize(("name", "rule"), BAD_LOCKING.items())
def test_a_scheme_that_breaks_a_rule_of_locking_breaks_it_again(
    name: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "bad_schemes"))
    result = checked("default", 1, 1, "tgl", f"bad_locking:{name}")
    file = tmp_path / "witness.json"
    file.write_bytes(saved(result, scheme(f"bad_locking:{name}")))

    witness, story = replay(file, f"bad_locking:{name}")

    assert rule == witness.ending.rule
    assert result.story
    assert result.story.sentence == story.sentence
    assert re.match(r"\w+\.py:\d+ in .*: agent 'client0' ", story.sentence)


def test_a_witness_on_one_gt_of_two_runs_again(tmp_path: Path):
    result = checked("default", 1, 1, "mtl", "none")
    file = tmp_path / "witness.json"
    file.write_bytes(saved(result, scheme("none")))

    assert result.story
    assert result.story.sentence == replay(file)[1].sentence


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[" * 100_000, b'"gputlb"', b"{}", b'{"format": 3}'])
def test_what_is_no_witness_is_refused(content: bytes, tmp_path: Path):
    file = tmp_path / "witness.json"
    file.write_bytes(content)

    with pytest.raises(BadWitness, match=r"is not a witness file.*; write one with gputlb check --save$"):
        read_witness(file)


def test_whatever_is_cut_off_a_file_the_answer_is_one_sentence(document: dict[str, Any], tmp_path: Path):
    content = json.dumps(document).encode()
    file = tmp_path / "witness.json"
    for length in range(0, len(content) - 1, 97):
        file.write_bytes(content[:length])
        with pytest.raises(GputlbError):
            replay(file)
