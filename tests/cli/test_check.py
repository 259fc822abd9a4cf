"""`gputlb check`, `scenarios` and `replay` as a user sees them: verdicts, exit statuses, files, bad questions."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from gputlb.cli import main

SMALL = ("--clients", "1", "--rounds", "1", "--engines", "1", "--engine", "plain")
CVE = ("check", "--scheme", "mmio-2022", *SMALL)


def exit_status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    exit_status_of(*arguments, "--json")
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize(
    ("arguments", "status", "verdict"),
    [
        ((), 0, "safe"),
        (("--scheme", "mmio-2022"), 1, "violated"),
        (("--scheme", "mmio-2022", "--platform", "skylake"), 0, "safe"),
        (("--scheme", "none"), 1, "violated"),
        (("--with", "stuck"), 1, "violated"),
        (("--scenario", "reset", "--defect", "unserialised"), 1, "deadlock"),
        (("--max-states", "5"), 3, "bounded"),
        (("--scenario", "parked", "--with", "asleep", "--max-states", "20"), 3, "bounded"),
    ],
)
def test_the_exit_status_and_the_last_line_say_the_verdict(
    arguments: tuple[str, ...], status: int, verdict: str, capsys: pytest.CaptureFixture[str]
):
    assert status == exit_status_of("check", *SMALL, *arguments)
    printed = capsys.readouterr()
    last = printed.out.splitlines()[-1]
    assert last.startswith(verdict)
    assert re.search(r"\d+ states, [\d,]+ transitions, depth \d+; \d+\.\d s$", last)
    assert "" == printed.err


def test_nothing_happening_is_no_safety(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    from gputlb.explore import ExploredRuntime

    usual = ExploredRuntime.explore

    def with_a_wish(self: ExploredRuntime, **options: Any) -> Any:
        self.sometimes("pigs fly")
        return usual(self, **options)

    monkeypatch.setattr(ExploredRuntime, "explore", with_a_wish)

    assert 1 == exit_status_of("check", *SMALL)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(
        "vacuous: nothing is wrong, but nothing of the sort happened (never: pigs fly); 5 engines in 5 groups; "
    )


@pytest.mark.parametrize(
    ("arguments", "covered"),
    [
        ((), "bounded: it was interrupted; nothing wrong in what was covered; 1 of 5 engines in 1 group; 1 state, "),
        (("--platform", "all"), "1 bounded; 1 state, "),
    ],
)
def test_an_interrupt_keeps_what_was_covered_and_exits_as_shells_expect(
    arguments: tuple[str, ...], covered: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from gputlb.explore import ExploredRuntime

    usual = ExploredRuntime.explore

    def interrupt(_progress: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        ExploredRuntime, "explore", lambda self, **options: usual(self, **options | {"progress": interrupt})
    )

    assert 130 == exit_status_of("check", *SMALL, *arguments)
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith(covered)
    assert printed.err == "gputlb: interrupted; what it came to until then is above\n"


def test_a_witness_is_told_in_lanes_with_its_sentence(capsys: pytest.CaptureFixture[str]):
    exit_status_of(*CVE)
    lines = capsys.readouterr().out.splitlines()

    assert "mmio-2022 on TIGERLAKE, scenario default: 1 client, 1 round" == lines[0]
    assert re.match(r"vcs0 +violated +113 ", lines[5])
    assert re.search(r"^ +vcs0 at page 0 +client0$", "\n".join(lines), re.MULTILINE)
    text = re.sub(r"\s+", " ", " ".join(lines))
    assert "writes 0x1 to GEN12_VD_TLB_INV_CR[0xcedc]: ignored, its mask bits were not set" in text
    assert (
        "vcs0 reached page 0 through a translation that client 0 believed flushed: the request to "
        "GEN12_VD_TLB_INV_CR was ignored, its mask bits were not set violated after 25 steps: 3 of 5 engines in "
        "3 groups; " in text
    )
    assert [line.rstrip() for line in lines] == lines
    assert max(map(len, lines)) <= 100


def test_full_tells_every_step(capsys: pytest.CaptureFixture[str]):
    exit_status_of(*CVE)
    short = capsys.readouterr().out
    exit_status_of(*CVE, "--full")
    full = capsys.readouterr().out

    assert "… 10 more steps" in short
    assert "more steps" not in full
    assert "takes gt0.tlb.invalidate_lock" in full


def test_json_holds_what_programs_ask_for(capsys: pytest.CaptureFixture[str]):
    document = json_of(capsys, *CVE)

    assert [
        "verdict", "sentence", "scheme", "platform", "scenario", "clients", "engines_together", "rounds", "ingredients",
        "defect", "states", "transitions", "depth", "seconds", "bytes_per_state", "groups", "not_explored", "reached",
        "never_moved", "never_written", "never_required", "waits_without_timeout", "witness",
    ] == list(document)  # fmt: skip
    assert ("violated", "mmio-2022", "TIGERLAKE", "default", 137, 263) == tuple(
        document[name] for name in ("verdict", "scheme", "platform", "scenario", "states", "transitions")
    )
    assert [["rcs0"], ["bcs0"], ["vcs0"]] == [group["engines"] for group in document["groups"]]
    assert [["vcs1"], ["vecs0"]] == document["not_explored"]
    assert {
        "step": 4,
        "agent": "client0",
        "text": "writes ppgtt.pte0: page 0 → nothing",
        "about": "page table",
        "access": "write",
        "matters": True,
        "place": "page_table.py:47 in PageTable.clear",
    } in document["witness"]["steps"]
    assert 25 == len(document["witness"]["schedule"])
    assert document["witness"]["shortest"] is True
    assert [True, True, False] == [group["reduced"] for group in document["groups"]]


def test_json_of_a_safe_scheme_has_no_witness(capsys: pytest.CaptureFixture[str]):
    document = json_of(capsys, "check", *SMALL)

    assert (None, "safe", []) == (document["witness"], document["verdict"], document["not_explored"])
    assert {"a flush completes": True, "a stale entry exists before the flush": True} == document["reached"]


def test_symmetry_changes_the_states_and_not_the_verdict(capsys: pytest.CaptureFixture[str]):
    two = ("check", *SMALL[2:], "--clients", "2", "--defect", "no-low-bit")
    folded = json_of(capsys, *two)
    whole = json_of(capsys, *two, "--no-symmetry")

    assert "violated" == folded["verdict"] == whole["verdict"]
    assert folded["states"] < whole["states"]


def test_steps_that_nobody_else_can_notice_change_the_states_and_not_the_verdict(capsys: pytest.CaptureFixture[str]):
    few, all_of_them = json_of(capsys, "check", *SMALL), json_of(capsys, "check", *SMALL, "--no-partial-order")

    assert ("safe", "safe", 60, 750) == (few["verdict"], all_of_them["verdict"], few["states"], all_of_them["states"])


def test_a_way_that_may_not_be_the_shortest_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from gputlb.explore import _explore

    monkeypatch.setattr(_explore, "_SHORTEST_AMONG", {"plain": 0, "compiled": 0})

    assert 1 == exit_status_of(*CVE)
    err = capsys.readouterr().err
    assert "there may be a shorter way; --no-partial-order looks for it among all states\n" == err


def test_a_saved_witness_replays_with_the_same_words_and_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "witness.json"
    found = json_of(capsys, *CVE, "--save", str(file))

    assert 1 == exit_status_of("replay", str(file))
    lines = capsys.readouterr().out.splitlines()
    assert "mmio-2022 on TIGERLAKE, scenario default: run again in virtual time" == lines[0]
    assert "violated, as when it was found: 25 steps" == lines[-1]

    again = json_of(capsys, "replay", str(file))
    assert found["witness"] == again["witness"] | {"shortest": True}
    assert (True, ["vcs0"]) == (again["reproduced"], again["engines"])


def test_a_witness_that_does_not_repeat_is_a_bad_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "witness.json"
    exit_status_of(*CVE, "--save", str(file))
    capsys.readouterr()

    assert 2 == exit_status_of("replay", str(file), "--scheme", "mmio")
    error = capsys.readouterr().err
    assert error.startswith("gputlb: ")
    assert 1 == error.count("\n")
    assert "agent 'client0'" in error


def test_files_appear_whole_with_a_remark_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page, trace, witness, promela = (tmp_path / name for name in ("w.html", "w.json", "w.witness", "w.pml"))

    assert 1 == exit_status_of(
        *CVE, "--html", str(page), "--trace", str(trace), "--save", str(witness), "--export", "promela", str(promela)
    )

    assert [
        f"page written to {page}",
        f"trace written to {trace}; open it at ui.perfetto.dev",
        f"witness written to {witness}; gputlb replay {witness} runs it again",
        f"Promela of the last group, vcs0, written to {promela}",
    ] == capsys.readouterr().err.splitlines()
    assert page.read_text().startswith("<!doctype html>")
    assert promela.read_text().startswith("/* Agents as they were learned")
    assert {page, trace, witness, promela} == set(tmp_path.iterdir())
    events = json.loads(trace.read_text())["traceEvents"]
    assert {"vcs0 at page 0", "client0"} == {
        each["args"]["name"] for each in events if each.get("name") == "thread_name"
    }
    assert 25 == max(each["ts"] for each in events if each["ph"] == "B")


def test_what_was_cut_short_is_not_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    promela = tmp_path / "w.pml"

    assert 3 == exit_status_of("check", *SMALL, "--max-states", "5", "--export", "promela", str(promela))
    assert capsys.readouterr().err == (
        f"--export: the exploration was cut short, so there is nothing whole to write to {promela}\n"
    )
    assert not promela.exists()


WAITING = """
from gputlb.driver.schemes.mmio import Mmio

class Waiting(Mmio):
    def __init__(self, gt):
        super().__init__(gt)
        self.busy = gt.runtime.cell(f"{gt.name}.busy", 1)

    async def flush(self):
        await self.busy.until(lambda busy: not busy)
        await super().flush()

class Broken(Waiting):
    async def flush(self):
        await self.busy.load()
"""


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "waiting_schemes.py").write_text(WAITING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "waiting_schemes", raising=False)
    return "waiting_schemes"


def test_a_wait_without_a_timeout_is_told(waiting: str, capsys: pytest.CaptureFixture[str]):
    asked = ("check", *SMALL, "--scheme", f"{waiting}:Waiting")

    assert 0 == exit_status_of(*asked)
    told = capsys.readouterr().out
    assert "waits without a timeout: client0 for gt0.busy (waiting_schemes.py:10 in Waiting.flush)\n" in told
    assert json_of(capsys, *asked)["waits_without_timeout"] == [
        {"agent": "client0", "cell": "gt0.busy", "place": "waiting_schemes.py:10 in Waiting.flush"}
    ]
    assert json_of(capsys, "check", *SMALL)["waits_without_timeout"] == []


def test_what_is_said_of_a_witness_runs_it_again(waiting: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    witness = tmp_path / "w.witness"
    asked = ("check", *SMALL, "--scheme", f"{waiting}:Broken", "--save", str(witness))

    assert 1 == exit_status_of(*asked)
    said = re.search(r"; gputlb (replay .*) runs it again", capsys.readouterr().err)
    assert said is not None
    assert 1 == exit_status_of(*said[1].split())


def test_without_a_witness_there_is_a_page_and_a_remark(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page, witness = tmp_path / "page.html", tmp_path / "witness.json"

    assert 0 == exit_status_of("check", *SMALL, "--html", str(page), "--save", str(witness))

    assert (
        f"page written to {page}\n--save: nothing went wrong, so there is no witness to write to {witness}\n"
        == capsys.readouterr().err
    )
    assert {page} == set(tmp_path.iterdir())


def test_scenarios_are_listed_with_what_they_are_made_of(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("scenarios")
    text = capsys.readouterr().out
    assert re.search(r"^parked +2 +ever +1 +park +engines park and wake up at any moment$", text, re.MULTILINE)
    assert re.search(r"^stuck +invalidation units never finish$", text, re.MULTILINE)
    assert re.search(r"^non-strict +a stamp counts as passed", text, re.MULTILINE)

    document = json_of(capsys, "scenarios")
    assert ["scenarios", "ingredients", "defects"] == list(document)
    assert {"name", "summary", "clients", "engines_together", "rounds", "ingredients"} == set(document["scenarios"][0])


def test_a_scenario_of_one_s_own_comes_from_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "my_scenarios.py").write_text(
        "from gputlb.check import Scenario\nTINY = Scenario('tiny', 'one of everything', 1, 1, 1)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    assert 0 == exit_status_of("check", "--scenario", "my_scenarios:TINY", "--engine", "plain")

    assert "mmio on TIGERLAKE, scenario tiny: 1 client, 1 round" == capsys.readouterr().out.splitlines()[0]
    sys.modules.pop("my_scenarios", None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--scenario", "parkd"],
            "scenario 'parkd' is unknown; did you mean parked?; there are default, parked, asleep, reset, wedge, slow, "
            "stuck, oa, posted, power, two-gts, accounted",
        ),
        (
            ["--with", "reset,prak"],
            "ingredient 'prak' is unknown; did you mean park?; there are park, asleep, reset, wedge, slow, stuck, oa, "
            "posted, power, two-gts, accounted",
        ),
        (["--clients", "0"], "--clients must be 1 to 8, not 0"),
        (["--engines", "99"], "--engines must be 1 to 16, not 99"),
        (["--rounds", "0"], "--rounds must be 1 to 1000, not 0"),
        (["--workers", "0"], "--workers must be 1 to 256, not 0"),
        (["--max-states", "0"], "--max-states must be 1 or more, not 0"),
        (["--timeout", "0"], "--timeout must be more than 0 s, not 0"),
        (["--timeout", "nan"], "--timeout must be more than 0 s, not nan"),
        (["--max-memory", "lots"], "--max-memory must be a number of bytes such as 2G or 500M, not 'lots'"),
        (
            ["--export", "promela", "x.pml"],
            "--export writes what ends, and the clients of scenario 'default' go on for ever; add --rounds 1, or more",
        ),
        (["--export", "spin", "x.pml"], "--export knows promela FILE, not 'spin'"),
        (
            ["--platform", "all", "--full"],
            "--platform all gives a table; ask for a witness or an export on one platform",
        ),
        (
            ["--platform", "all", "--save", "x.json"],
            "--platform all gives a table; ask for a witness or an export on one platform",
        ),
        (
            ["--html", "/no/such/place/x.html"],
            "/no/such/place/x.html: the directory /no/such/place does not exist; make it first",
        ),
    ],
)
def test_a_bad_question_is_told_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert 2 == exit_status_of("check", *arguments)
    assert ("", f"gputlb: {sentence}\n") == capsys.readouterr()


def test_what_a_platform_has_not_is_refused(capsys: pytest.CaptureFixture[str]):
    assert 2 == exit_status_of("check", "--scenario", "oa", "--platform", "skylake", *SMALL)

    printed = capsys.readouterr()
    assert "" == printed.out
    assert printed.err.startswith("gputlb: SKYLAKE has no OA unit with a TLB of its own, so ingredient 'oa' would do ")


def test_what_most_platforms_have_not_is_said_of_each(capsys: pytest.CaptureFixture[str]):
    assert 3 == exit_status_of(*EVERYWHERE, "--scenario", "two-gts", "--max-states", "2")

    lines = capsys.readouterr().out.splitlines()
    assert ["TIGERLAKE", "12.00", "left", "out"] in [line.split() for line in lines]
    assert "TIGERLAKE 12.00: TIGERLAKE has one GT alone, so ingredient 'two-gts' would do nothing" in lines
    assert lines[-1].startswith("2 bounded; 27 left out; not loaded on 4; ")


EVERYWHERE = ("check", "--platform", "all", "--clients", "1", "--rounds", "1", "--engine", "plain")


def test_every_platform_gives_a_table_with_what_is_left_out_and_why(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of(*EVERYWHERE)

    lines = capsys.readouterr().out.splitlines()
    assert "mmio on every platform, scenario default: 1 client, 1 round" == lines[0]
    assert ["TIGERLAKE", "12.00", "safe", "5", "5", "60"] == next(
        line.split()[:6] for line in lines if line.startswith("TIGERLAKE")
    )
    assert (
        "PONTEVECCHIO 12.60: scheme 'mmio' does not load on PONTEVECCHIO GT0 (graphics 12.60): this version's TLB is "
        "not invalidated by registers in Linux 6.12"
    ) in lines
    assert re.fullmatch(r"27 safe; not loaded on 6; [\d,]+ states, [\d.]+ s", lines[-1])


def test_every_platform_where_one_is_violated_is_a_bad_answer(capsys: pytest.CaptureFixture[str]):
    assert 1 == exit_status_of(*EVERYWHERE, "--scheme", "mmio-2022", "--json")

    platforms = json.loads(capsys.readouterr().out)["platforms"]
    verdicts = {each["platform"]: each["check"]["verdict"] for each in platforms if each["check"]}
    assert ("safe", "violated", "violated") == (verdicts["SKYLAKE"], verdicts["ICELAKE"], verdicts["TIGERLAKE"])
    assert all(each["check"] or each["reason"] for each in platforms)


def test_every_platform_with_a_scheme_that_loads_nowhere_is_a_bad_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "loads_nowhere.py").write_text(
        "from gputlb.driver import ProbeFailed, Scheme\n"
        "class Picky(Scheme):\n"
        "    async def set_up(self): raise ProbeFailed('not here', -19)\n"
        "    async def flush(self): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    assert 2 == exit_status_of(*EVERYWHERE, "--scheme", "loads_nowhere:Picky")

    assert "none; not loaded on 33; 0 states, 0.0 s" == capsys.readouterr().out.splitlines()[-1]
    sys.modules.pop("loads_nowhere", None)


def test_an_unknown_defect_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]):
    assert 2 == exit_status_of("check", "--defect", "non-strct")
    assert capsys.readouterr().err.startswith(
        "gputlb: defect 'non-strct' is unknown; did you mean non-strict, no-compute or count-first?; there are "
    )


def test_a_file_that_is_no_witness_is_a_bad_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert 2 == exit_status_of("replay", str(tmp_path / "none.json"))
    assert (
        f"gputlb: {tmp_path}/none.json is not there; write a witness file with gputlb check --save\n"
        == capsys.readouterr().err
    )


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]):
    assert 0 == exit_status_of("check", "--help")
    told = capsys.readouterr().out
    options = (
        "--scheme",
        "--platform",
        "--scenario",
        "--with",
        "--defect",
        "--no-symmetry",
        "--max-memory",
        "--export",
    )
    assert [] == [option for option in options if option not in told]


def test_a_swarm_says_its_seeds_and_which_of_them_found_it(capsys: pytest.CaptureFixture[str]):
    status = exit_status_of(
        "check", "--scheme", "mmio-2022", "--clients", "1", "--swarm", "--depth", "2000", "--seed", "3"
    )

    assert 1 == status
    remarks = capsys.readouterr().err.splitlines()
    assert "8 random walkers, seeds 3 to 10" == remarks[0]
    assert re.search(r"--swarm --walkers 1 --seed \d+ --depth 2000 finds it again$", remarks[1])


SWARM = ("check", "--clients", "1", "--rounds", "1", "--swarm")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("--max-states", "9"), "--max-states is about trying every order; leave it out, or --swarm"),
        (("--max-memory", "2G"), "--max-memory is about trying every order; leave it out, or --swarm"),
        (("--engine", "auto"), "--engine is about trying every order; leave it out, or --swarm"),
        (("--no-symmetry",), "--no-symmetry is about trying every order; leave it out, or --swarm"),
        (("--no-partial-order",), "--no-partial-order is about trying every order; leave it out, or --swarm"),
        (("--export", "promela", "x.pml"), "--export is about trying every order; leave it out, or --swarm"),
        (
            ("--max-states", "9", "--engine", "plain"),
            "--max-states and --engine are about trying every order; leave them out, or --swarm",
        ),
    ],
)
def test_a_swarm_refuses_what_only_a_search_can_do(
    given: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert 2 == exit_status_of(*SWARM, *given)
    assert ("", f"gputlb: {sentence}\n") == capsys.readouterr()


@pytest.mark.parametrize("option", ["--walkers", "--depth", "--seed", "--scheduler"])
def test_a_search_refuses_what_only_a_swarm_can_do(option: str, capsys: pytest.CaptureFixture[str]):
    assert 2 == exit_status_of("check", option, "8")
    sentence = f"gputlb: {option} is about random walkers; add --swarm, or leave it out\n"
    assert ("", sentence) == capsys.readouterr()


def test_a_swarm_counts_steps_and_never_states(capsys: pytest.CaptureFixture[str]):
    assert 3 == exit_status_of(*SWARM, "--engines", "4", "--walkers", "3", "--depth", "200")

    out, err = capsys.readouterr()
    heads, first, second = out.splitlines()[2:5]
    assert ["engines", "verdict", "random", "steps", "longest", "way", "seconds"] == heads.split()
    assert re.search(r"^rcs0, bcs0, vcs0, vcs1  bounded +600 +\d+ +\d+\.\d$", first)
    assert re.search(r"^vecs0 +bounded +600 +\d+ +\d+\.\d$", second)
    assert re.search(
        r"^bounded: 600 random steps were taken by 3 walkers; nothing wrong in what was covered; 5 engines in 2 "
        r"groups; 1,200 random steps in all, longest way \d+; \d+\.\d s$",
        out.splitlines()[-1],
    )
    assert " states" not in out
    assert "3 random walkers, seeds 0 to 2\n" == err


def test_the_document_of_a_swarm_counts_no_states(capsys: pytest.CaptureFixture[str]):
    document = json_of(capsys, *SWARM, "--engines", "5", "--walkers", "2", "--depth", "200")

    assert (None, 400) == (document["states"], document["transitions"])
    (group,) = document["groups"]
    assert (None, 400, None) == (group["states"], group["transitions"], group["seed"])
    assert "walk" == group["engine"]


def test_a_swarm_reaches_what_any_of_its_walkers_reached(capsys: pytest.CaptureFixture[str]):
    document = json_of(capsys, *SWARM, "--engines", "5", "--walkers", "4", "--depth", "1000")

    assert {"a flush completes": True, "a stale entry exists before the flush": True} == document["reached"]
    assert [] == document["never_moved"]


def test_a_swarm_keeps_to_its_time(capsys: pytest.CaptureFixture[str]):
    assert 3 == exit_status_of(*SWARM, "--engines", "5", "--walkers", "2", "--depth", "100000000", "--timeout", "0.2")
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.match(r"bounded: the limit of 0\.2 s was reached after [\d,]+ random steps? of [12] walkers?; ", last)


def test_the_page_of_a_swarm_counts_no_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page = tmp_path / "page.html"

    assert 1 == exit_status_of(*SWARM, "--scheme", "mmio-2022", "--depth", "1000", "--html", str(page))
    assert '<th class="number">random steps</th><th class="number">longest way</th>' in page.read_text()
    assert "states" not in page.read_text().split("What was explored")[1]


def test_a_swarm_on_every_platform_counts_steps_and_says_its_seeds(capsys: pytest.CaptureFixture[str]):
    assert 3 == exit_status_of(*SWARM, "--platform", "all", "--engines", "16", "--walkers", "1", "--depth", "5")

    out, err = capsys.readouterr()
    assert ["platform", "verdict", "engines", "groups", "steps", "seconds"] == out.splitlines()[2].split()
    assert re.search(r"\d random steps, \d+\.\d s$", out.splitlines()[-1])
    assert "1 random walker, seed 0\n" == err
