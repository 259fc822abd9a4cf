"""Schemes of one's own that `gputlb run` and `sweep` can't use: their authors are told where, and how to mend it.

What fails in `gputlb` itself is never blamed on them.
"""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path

import pytest

from gputlb.cli import main
from gputlb.driver.schemes import Mmio
from gputlb.report.timeline import Timeline
from gputlb.simulate.metrics import Metrics

SHORT = ("--duration-ms", "5", "--seed", "7")
SCHEMES = """\
from gputlb.driver import Scheme
from gputlb.driver.schemes import Mmio
class Own(Mmio):
    pass
class Named(Mmio):
    name = "lean"
class ExitsInFlush(Mmio):
    async def flush(self): raise SystemExit(0)
class FailsInFlush(Mmio):
    async def flush(self): raise KeyError("rcs9")
class AsksInWords(Mmio):
    async def flush(self): self.stamp("the next")
class ExitsWhenMade(Mmio):
    def __init__(self, gt): raise SystemExit(0)
class FailsWhenMade(Mmio):
    def __init__(self, gt): {}["rcs9"]
class TakesNothing(Mmio):
    def __init__(self): pass
class ExitsInSetUp(Mmio):
    async def set_up(self): raise SystemExit(0)
class FailsInSetUp(Mmio):
    async def set_up(self): raise KeyError("rcs9")
class SetUpIsPlain(Mmio):
    def set_up(self): pass
class FlushIsPlain(Mmio):
    def flush(self): pass
class StampsInWords(Mmio):
    def stamp(self, seqno): return f"after {seqno}"
class MadeByHalf(Mmio):
    def __init__(self, gt): pass
class Gone(BaseException):
    pass
class IsGone(Mmio):
    async def flush(self): raise Gone
class StampWaits(Mmio):
    async def stamp(self, seqno): return seqno
class FlushYields(Mmio):
    async def flush(self): yield
class AwaitsAnything(Mmio):
    async def flush(self):
        class Anything:
            def __await__(self): yield "anything"
        await Anything()
"""
ABOVE_A_FLUSH = "handle it there, for nobody above a flush would"
WHEN_MADE = "let its __init__ take the GT, hand it to Scheme.__init__, and come to its end"
IN_SET_UP = "only ProbeFailed may come from there, and says that the driver does not load"


@pytest.fixture(autouse=True)
def on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "of_ones_own.py").write_text(SCHEMES)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("of_ones_own", None)


def exit_status_of(*arguments: object) -> object:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ExitsInFlush", f"8 in ExitsInFlush.flush: scheme 'ExitsInFlush' raised SystemExit(0); {ABOVE_A_FLUSH}"),
        ("FailsInFlush", f"10 in FailsInFlush.flush: scheme 'FailsInFlush' raised KeyError('rcs9'); {ABOVE_A_FLUSH}"),
        (
            "AsksInWords",
            "12 in AsksInWords.flush: scheme 'AsksInWords' raised TypeError(\"unsupported operand type(s) for |: 'str' "
            f"and 'int'\"); {ABOVE_A_FLUSH}",
        ),
        (
            "ExitsWhenMade",
            f"14 in ExitsWhenMade.__init__: scheme 'ExitsWhenMade' raised SystemExit(0) when it was made; {WHEN_MADE}",
        ),
        (
            "FailsWhenMade",
            f"16 in FailsWhenMade.__init__: scheme 'FailsWhenMade' raised KeyError('rcs9') when it was made; "
            f"{WHEN_MADE}",
        ),
        (
            "TakesNothing",
            "17: scheme 'TakesNothing' raised TypeError('TakesNothing.__init__() takes 1 positional argument but 2 "
            f"were given') when it was made; {WHEN_MADE}",
        ),
        (
            "ExitsInSetUp",
            f"20 in ExitsInSetUp.set_up: scheme 'ExitsInSetUp' raised SystemExit(0) in set_up(); {IN_SET_UP}",
        ),
        (
            "FailsInSetUp",
            f"22 in FailsInSetUp.set_up: scheme 'FailsInSetUp' raised KeyError('rcs9') in set_up(); {IN_SET_UP}",
        ),
        (
            "SetUpIsPlain",
            "24 in SetUpIsPlain.set_up: scheme 'SetUpIsPlain' has a set_up() that is no coroutine; write `async def "
            "set_up(self)`",
        ),
        (
            "FlushIsPlain",
            "26 in FlushIsPlain.flush: scheme 'FlushIsPlain' has a flush() that is no coroutine; write `async def "
            "flush(self)`",
        ),
        (
            "StampWaits",
            "36 in StampWaits.stamp: scheme 'StampWaits' has a stamp() that is a coroutine, and nobody awaits it; "
            "write `def stamp(self, seqno)`",
        ),
        (
            "FlushYields",
            "38 in FlushYields.flush: scheme 'FlushYields' has a flush() that is no coroutine; write `async def "
            "flush(self)`, without a yield in it",
        ),
        (
            "AwaitsAnything",
            "43 in AwaitsAnything.flush: scheme 'AwaitsAnything' awaited what is not of this runtime; await its own "
            f"cells, locks and sleeps alone; {ABOVE_A_FLUSH}",
        ),
    ],
)
def test_what_a_scheme_does_wrong_is_one_sentence(name: str, sentence: str, capsys: pytest.CaptureFixture[str]):
    assert 2 == exit_status_of("run", "--scheme", f"of_ones_own:{name}", *SHORT)
    assert ("", f"gputlb: of_ones_own.py:{sentence}\n") == capsys.readouterr()


@pytest.mark.parametrize(("name", "line"), [("StampsInWords", 27), ("MadeByHalf", 29)])
def test_where_a_scheme_misleads_gputlb_its_class_is_named(name: str, line: int, capsys: pytest.CaptureFixture[str]):
    assert 2 == exit_status_of("run", "--scheme", f"of_ones_own:{name}", *SHORT)
    assert capsys.readouterr().err.startswith(f"gputlb: of_ones_own.py:{line}: ")


@pytest.mark.parametrize("name", ["ExitsInFlush", "ExitsWhenMade", "FailsWhenMade", "FailsInSetUp"])
def test_a_sweep_says_the_same_and_leaves_nothing(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("duckdb")
    file = tmp_path / "own.toml"
    file.write_text(f'scheme = "of_ones_own:{name}"\nreplications = 2\nduration = "5 ms"\n')

    assert 2 == exit_status_of("sweep", file, "--workers", "1")
    printed = capsys.readouterr()
    assert "" == printed.out
    assert f"scheme '{name}' raised" in printed.err
    assert 1 == printed.err.count("\n")
    assert {"own.toml", "of_ones_own.py"} >= {path.name for path in tmp_path.iterdir() if path.is_file()}


def test_a_sweep_is_told_of_what_is_no_exception_either(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("duckdb")
    file = tmp_path / "own.toml"
    file.write_text('scheme = "of_ones_own:IsGone"\nreplications = 1\nduration = "5 ms"\nseed = 7\n')

    assert 2 == exit_status_of("sweep", file, "--workers", "1")
    assert capsys.readouterr().err.endswith(
        " of point 0 failed: of_ones_own.py:34 in IsGone.flush raised Gone(); no run has finished, so the same command "
        "begins anew\n"
    )


def broken(*_args: object, **_kwargs: object) -> None:
    raise LookupError("a bug of ours")


async def broken_flush(_scheme: Mmio) -> None:
    raise LookupError("a bug of ours")


@pytest.mark.parametrize(
    ("owner", "method", "instead", "scheme"),
    [
        (Mmio, "flush", broken_flush, "mmio"),
        (Mmio, "flush", broken_flush, "of_ones_own:Own"),
        (Mmio, "__init__", broken, "of_ones_own:Own"),
        (Timeline, "__call__", broken, "of_ones_own:Own"),
        (Metrics, "__init__", broken, "of_ones_own:Own"),
    ],
)
def test_a_bug_of_gputlb_is_no_scheme_s_fault(
    owner: type, method: str, instead: object, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(owner, method, instead, raising=False)
    with pytest.raises(LookupError, match="a bug of ours"):
        main(["run", "--scheme", scheme, *SHORT, "--trace", str(tmp_path / "trace.json")])


def test_a_full_disk_is_no_scheme_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Timeline, "__call__", full, raising=False)
    assert 2 == exit_status_of("run", "--scheme", "of_ones_own:Own", *SHORT, "--trace", tmp_path / "trace.json")
    assert f"gputlb: {tmp_path}/trace.json could not be written: No space left on device\n" == capsys.readouterr().err


@pytest.mark.parametrize(("name", "shown"), [("Own", "of_ones_own:Own"), ("Named", "lean")])
def test_a_scheme_that_is_derived_from_ours_goes_by_its_own_name(
    name: str, shown: str, capsys: pytest.CaptureFixture[str]
):
    assert 0 == exit_status_of("run", "--scheme", f"of_ones_own:{name}", *SHORT)
    assert f"churn on TIGERLAKE, scheme {shown}: " in capsys.readouterr().out

    assert 0 == exit_status_of("run", "--scheme", f"of_ones_own:{name}", *SHORT, "--json")
    assert shown == json.loads(capsys.readouterr().out)["scheme"]
