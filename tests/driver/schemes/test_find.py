"""A scheme is found by name, by entry point, or as `module:Class`; what is wrong with one is said in a sentence."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gputlb.driver import Scheme, UnknownScheme, scheme, schemes
from tests.driver.parts import Bench

MINE = """
from gputlb.driver import Scheme

class Lazy(Scheme):
    name = "lazy"

    async def flush(self):
        self.gt.trace("not today")

class Unfinished(Scheme):
    name = "unfinished"

class Lamp:
    pass

number = 5
"""


@pytest.fixture
def my_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a module `my_schemes` on the path."""
    path = tmp_path / "my_schemes.py"
    path.write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_schemes", raising=False)
    return path


def refusal(name: str) -> str:
    with pytest.raises(UnknownScheme) as caught:
        scheme(name)
    return str(caught.value)


def test_ours_are_found_by_name():
    assert ["mmio-2022", "mmio", "guc", "unbatched", "none"] == list(schemes())
    assert all(name == scheme(name).name and scheme(name).summary for name in schemes())


def test_an_unknown_name_is_answered_with_the_nearest():
    assert (
        "scheme 'mmio2022' is unknown; did you mean mmio-2022 or mmio?; there are mmio-2022, mmio, guc, unbatched, none"
    ) == refusal("mmio2022")


def test_a_class_of_one_s_own_flushes(my_module: Path):
    bench = Bench()
    found = scheme("my_schemes:Lazy")
    bench.tlb.scheme = found(bench.gt)
    bench.run(bench.tlb.invalidate_full(0))

    assert issubclass(found, Scheme)
    assert [("trace", "not today"), ("seqno", 2)] == bench.events("trace", "seqno")


def test_a_module_that_is_not_there(my_module: Path):
    assert (
        "scheme 'no_such:Lazy': module 'no_such' can't be imported "
        "(ModuleNotFoundError(\"No module named 'no_such'\")); is its folder on PYTHONPATH?"
    ) == refusal("no_such:Lazy")


def test_a_module_that_fails(my_module: Path):
    broken = my_module.with_name("broken_scheme.py")
    broken.write_text("import sys\n1 / 0")

    assert (
        "scheme 'broken_scheme:X': module 'broken_scheme' can't be imported, for ZeroDivisionError('division by zero') "
        f"is raised at {broken}:2; mend that line"
    ) == refusal("broken_scheme:X")


def test_a_module_that_is_not_python(my_module: Path):
    broken = my_module.with_name("no_python.py")
    broken.write_text("\nclass Lazy(:\n")

    assert f"scheme 'no_python:Lazy': {broken}:2 is not Python (invalid syntax); mend that line" == refusal(
        "no_python:Lazy"
    )


def test_a_module_without_a_name(my_module: Path):
    assert "scheme ':Lazy' names no module; write it like package.module:Class" == refusal(":Lazy")
    assert "scheme 'my_schemes:' names no class; write it like package.module:Class" == refusal("my_schemes:")
    assert "scheme '..my:Lazy' names no module; write it like package.module:Class" == refusal("..my:Lazy")


def test_a_class_that_is_not_there(my_module: Path):
    assert f"scheme 'my_schemes:Lasy': {my_module} has no 'Lasy'; did you mean Lazy or Lamp?" == refusal(
        "my_schemes:Lasy"
    )


@pytest.mark.parametrize(("name", "line"), [("Lamp", ":13"), ("number", "")])
def test_a_class_that_is_no_scheme(my_module: Path, name: str, line: str):
    assert (
        f"scheme 'my_schemes:{name}': {name} in {my_module}{line} must be a subclass of gputlb.driver.Scheme"
    ) == refusal(f"my_schemes:{name}")


def test_a_scheme_without_a_flush(my_module: Path):
    assert f"scheme 'my_schemes:Unfinished': Unfinished in {my_module}:10 does not define flush" == refusal(
        "my_schemes:Unfinished"
    )


def test_an_installed_scheme_is_found_by_its_entry_point(my_module: Path, monkeypatch: pytest.MonkeyPatch):
    installed = [EntryPoint("lazy", "my_schemes:Lazy", "gputlb.schemes")]
    monkeypatch.setattr(sys.modules[scheme.__module__], "entry_points", lambda group: installed)

    assert "lazy" == scheme("lazy").name
    assert "there are mmio-2022, mmio, guc, unbatched, none, lazy" in refusal("zzz")


def test_a_module_built_into_python_has_no_file_to_name():
    assert "scheme 'sys:Lazy': module 'sys' has no 'Lazy'" in refusal("sys:Lazy")
