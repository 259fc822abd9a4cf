"""Schemes that cannot be checked: each is told by class, file, line and what to do."""

from __future__ import annotations

import gc
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gputlb import facts
from gputlb.check import Limits, check, patience, scenario
from gputlb.cli import check as check_verb
from gputlb.cli import main
from gputlb.driver import scheme
from gputlb.explore import _system

BAD = Path(__file__).parent / "bad_schemes"
SMALL = ("--clients", "1", "--rounds", "1", "--engines", "1", "--engine", "plain")


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BAD))
    monkeypatch.setattr(check_verb, "PATIENCE_S", 0.3)
    yield
    for path in BAD.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "nowhere:Scheme",
            "scheme 'nowhere:Scheme': module 'nowhere' can't be imported (ModuleNotFoundError(\"No module named "
            "'nowhere'\")); is its folder on PYTHONPATH?",
        ),
        (
            "broken_import:Scheme",
            "scheme 'broken_import:Scheme': module 'broken_import' can't be imported, for ModuleNotFoundError(\"No "
            f"module named 'no_such_module_anywhere'\") is raised at {BAD}/broken_import.py:3; mend that line",
        ),
        (
            "not_a_scheme:Flusher",
            f"scheme 'not_a_scheme:Flusher': Flusher in {BAD}/not_a_scheme.py:4 must be a subclass of "
            "gputlb.driver.Scheme",
        ),
        (
            "raises:RaisesX",
            f"scheme 'raises:RaisesX': {BAD}/raises.py has no 'RaisesX'; did you mean Raises, RaisesInSetUp or "
            "RaisesWhenMade?",
        ),
        (
            "exits_at_import:Scheme",
            "scheme 'exits_at_import:Scheme': module 'exits_at_import' can't be imported, for SystemExit(0) is raised "
            f"at {BAD}/exits_at_import.py:3; mend that line",
        ),
        (
            "raises:Raises",
            "raises.py:9 in Raises.flush: scheme 'Raises' raised KeyError('no such engine'); handle it there, for "
            "nobody above a flush would",
        ),
        (
            "raises:Exits",
            "raises.py:31 in Exits.flush: scheme 'Exits' raised SystemExit(0); handle it there, for nobody above a "
            "flush would",
        ),
        (
            "raises:RaisesWhenMade",
            "raises.py:15 in RaisesWhenMade.__init__: scheme 'RaisesWhenMade' raised StopIteration() when it was made; "
            "let its __init__ take the GT, hand it to Scheme.__init__, and come to its end",
        ),
        (
            "raises:RaisesInSetUp",
            "raises.py:23 in RaisesInSetUp.set_up: scheme 'RaisesInSetUp' raised KeyError('no such engine') in "
            "set_up(); only ProbeFailed may come from there, and says that the driver does not load",
        ),
        (
            "raises:ClosesItself",
            "raises.py:44 in ClosesItself.flush: scheme 'ClosesItself' raised GeneratorExit(); handle it there, for "
            "nobody above a flush would",
        ),
        (
            "raises:OfItsOwnKind",
            "raises.py:49 in OfItsOwnKind.flush: scheme 'OfItsOwnKind' raised StopEverything(); handle it there, for "
            "nobody above a flush would",
        ),
        (
            "raises:StampsInWords",
            "raises.py:34: with scheme 'StampsInWords' agent 'client0' raised TypeError(\"unsupported operand type(s) "
            "for >>: 'str' and 'int'\") in ExploredCell.store; let its methods return what "
            "gputlb.driver.Scheme says of them",
        ),
        (
            "not_async:Flush",
            "not_async.py:7 in Flush.flush: scheme 'Flush' has a flush() that is no coroutine; write `async def "
            "flush(self)`",
        ),
        (
            "not_async:SetUp",
            "not_async.py:12 in SetUp.set_up: scheme 'SetUp' has a set_up() that is no coroutine; write `async def "
            "set_up(self)`",
        ),
        (
            "not_async:NeedsMore",
            "not_async.py:19: scheme 'NeedsMore' raised TypeError('NeedsMore.__init__() takes 1 positional argument "
            "but 2 were given') when it was made; let its __init__ take the GT, hand it to Scheme.__init__, and come "
            "to its end",
        ),
        (
            "not_async:AsyncPassed",
            "not_async.py:28 in AsyncPassed.passed: scheme 'AsyncPassed' has a passed() that is a coroutine, and "
            "nobody awaits it; write `def passed(self, current, wanted)`",
        ),
        (
            "not_async:Yields",
            "not_async.py:36 in Yields.flush: scheme 'Yields' has a flush() that is no coroutine; write `async def "
            "flush(self)`, without a yield in it",
        ),
        (
            "endless:EndlessSetUp",
            "endless.py:15 in EndlessSetUp.set_up: scheme 'endless:EndlessSetUp' has computed for 0.3 s without an "
            "await, and nobody else can act; let its loops wait for a register or a cell, or come to an end",
        ),
        (
            "sleepless:Sleepless",
            "sleepless.py:9 in Sleepless.flush: scheme 'Sleepless' sleeps again and again and never looks at a cell; "
            "let its loop wait for a register or a cell with until, or come to an end",
        ),
        (
            "sleepless:PollsInAtomic",
            "sleepless.py:16 in PollsInAtomic.flush: scheme 'PollsInAtomic' goes round and round inside "
            "runtime.atomic(), which is to be one step; let its loop wait for a register or a cell with until, or "
            "come to an end",
        ),
        (
            "keeps_state:Counts",
            "keeps_state.py:12 in Counts.flush: agent 'client0' runs scheme 'Counts', which keeps state in "
            "self.flushes, outside cells; make it a cell, self.flushes = gt.runtime.cell('flushes'), and load and "
            "store it",
        ),
        (
            "keeps_state:Remembers",
            "keeps_state.py:24 in Remembers.flush: agent 'client0' runs scheme 'Remembers', which keeps state in "
            "self.flushes, outside cells; make it a cell, self.flushes = gt.runtime.cell('flushes'), and load and "
            "store it",
        ),
        (
            "waits_in_set_up:Waits",
            "waits_in_set_up.py:8 in Waits.set_up: scheme 'Waits' waits in set_up(), before anybody else is there; do "
            "so in flush()",
        ),
    ],
)
def test_a_bad_scheme_is_told_in_one_sentence(name: str, sentence: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(("check", "--scheme", name, *SMALL))

    assert (2, "", f"gputlb: {sentence}\n") == (caught.value.code, *capsys.readouterr())


def _with_clients(number: str) -> tuple[str, ...]:
    """Return options for as many clients and rounds."""
    return ("--clients", number, "--rounds", number, "--engines", "1", "--engine", "plain")


CELLS = "keep what it is for in cells, as gt.runtime.cell(name) makes them in __init__"


@pytest.mark.parametrize("clients", ["1", "2"])
@pytest.mark.parametrize(
    ("name", "where", "what"),
    [
        ("Logs", "15 in Logs.note", f"self.log, outside cells; {CELLS}"),
        ("Tallies", "28 in Tallies.flush", f"self.seen, outside cells; {CELLS}"),
        ("Marks", "38 in Marks.flush", f"self.marks, outside cells; {CELLS}"),
        ("CountsElsewhere", "52 in CountsElsewhere.flush", f"self.statistics.flushes, outside cells; {CELLS}"),
        ("RemembersStamps", "62 in RemembersStamps.stamp", f"self.stamps, outside cells; {CELLS}"),
        (
            "CountsInItsClass",
            "70 in CountsInItsClass.flush",
            "CountsInItsClass.flushes, outside cells; make it a cell, self.flushes = gt.runtime.cell('flushes'), and "
            "load and store it",
        ),
        (
            "CountsInItsModule",
            "77 in CountsInItsModule.flush",
            "hidden_state.flushes, outside cells; make it a cell, self.flushes = gt.runtime.cell('flushes'), and load "
            "and store it",
        ),
        (
            "AddsToTheGt",
            "83 in AddsToTheGt.flush",
            "Gt.flushes, outside cells; make it a cell, self.flushes = gt.runtime.cell('flushes'), and load and store "
            "it",
        ),
        ("FlushesOnce", "96 in FlushesOnce.flush", f"self.done, outside cells; {CELLS}"),
        (
            "SkipsEveryThird",
            "103 in SkipsEveryThird.flush",
            "SkipsEveryThird.flushes, outside cells; make it a cell, self.flushes = gt.runtime.cell('flushes'), and "
            "load and store it",
        ),
    ],
)
def test_state_outside_cells_is_told_wherever_it_is_kept(
    name: str, where: str, what: str, clients: str, capfd: pytest.CaptureFixture[str]
):
    """With two clients, which are folded, it must not be told as a difference between them."""
    with pytest.raises(SystemExit) as caught:
        main(("check", "--scheme", f"hidden_state:{name}", *_with_clients(clients)))
    gc.collect()  # what was left standing would now complain

    sentence = f"hidden_state.py:{where}: agent 'client0' runs scheme '{name}', which keeps state in {what}"
    assert (2, "", f"gputlb: {sentence}\n") == (caught.value.code, *capfd.readouterr())


@pytest.mark.parametrize("clients", ["1", "2"])
@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("Chance", "1[345] in Chance.flush"),
        ("Clock", "2[012] in Clock.flush"),
        ("ChancePasses", "26 in ChancePasses.passed"),
        ("ChanceStamps", "31 in ChanceStamps.stamp"),
        ("CountsInC", "5[0-3] in CountsInC.flush"),
    ],
)
def test_a_scheme_that_does_not_repeat_itself_is_told_by_its_method(
    name: str, where: str, clients: str, capfd: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as caught:
        main(("check", "--scheme", f"by_chance:{name}", *_with_clients(clients)))
    gc.collect()

    out, err = capfd.readouterr()
    assert (2, "") == (caught.value.code, out)
    assert re.fullmatch(
        rf"gputlb: by_chance\.py:{where}: agent 'client0' runs scheme '{name}' and did not repeat itself: with the "
        r"same answers .*; keep in cells what outlives a flush, let gt\.runtime\.choose\(n\) pick, and go by no clock, "
        r"random number or order of a set\n",
        err,
    )


def test_a_random_generator_of_its_own_is_state_too(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(("check", "--scheme", "by_chance:OwnDice", *SMALL))

    assert (
        "by_chance.py:41 in OwnDice.flush: agent 'client0' runs scheme 'OwnDice', which keeps state in self.dice"
        in (capsys.readouterr().err)
    )


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_a_local_that_grows_for_ever_is_stopped_by_the_time_limit(engine: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(("check", "--scheme", "endless:EverFurther", *SMALL[:-1], engine, "--timeout", "0.2"))

    assert 3 == caught.value.code
    assert re.search(r"bounded: the limit of \S+ s was reached", capsys.readouterr().out)


def test_a_local_that_grows_for_ever_is_told_without_a_limit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(_system, "_LONGEST_SETTLING", 300)
    with pytest.raises(SystemExit):
        main(("check", "--scheme", "endless:EverFurther", *SMALL))

    assert capsys.readouterr().err == (
        "gputlb: endless.py:27 in EverFurther.flush: scheme 'EverFurther' took 300 steps that nobody else has a part "
        "in and remembers ever more of them; let its loop wait for a register or a cell with until, or come to an end\n"
    )


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("endless:Endless", r"endless\.py:(8|9) in Endless\.flush: scheme 'endless:Endless' has computed for 0\.3 s"),
        (
            "endless_import:Scheme",
            r"endless_import\.py:(5|6) in <module>: scheme 'endless_import:Scheme' is still being imported after "
            r"0\.3 s; let its module come to an end",
        ),
    ],
)
def test_a_loop_without_an_end_is_told_by_its_line(name: str, where: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(("check", "--scheme", name, *SMALL))

    assert 2 == caught.value.code
    assert re.match(f"gputlb: {where}", capsys.readouterr().err)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_walkers_in_other_processes_say_the_same(
    workers: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(BAD), *sys.path]))
    with pytest.raises(SystemExit) as caught:
        main(("check", "--scheme", "raises:Raises", *SMALL, "--swarm", "--walkers", "2", "--workers", workers))

    sentence = (
        "raises.py:9 in Raises.flush: scheme 'Raises' raised KeyError('no such engine'); handle it there, for nobody "
        "above a flush would"
    )
    assert (2, "", f"gputlb: {sentence}\n") == (caught.value.code, *capsys.readouterr())


def test_a_long_search_is_not_impatient_with_a_good_scheme():
    chosen = scheme("mmio")
    files = frozenset({str(sys.modules[chosen.__module__].__file__)})
    with patience("mmio", files, 0.02):
        result = check(
            facts.platform("tgl"),
            chosen,
            replace(scenario("default"), clients=1, rounds=1, engines_together=1),
            limits=Limits(engine="plain"),
            only_group=0,
        )

    assert "safe" == result.kind
