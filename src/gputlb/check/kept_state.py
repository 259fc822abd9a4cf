"""A scheme that does not repeat itself: the explorer knows that it did not, its author wants the line and the mend."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gputlb.explore import NondeterministicAgent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gputlb.driver import Scheme
    from gputlb.explore import Held

_OURS = "gputlb."
_METHODS = ("stamp", "passed", "flush", "set_up")
_TRIES = 16


class KeepsState(NondeterministicAgent):
    """A scheme keeps state outside cells: what it does depends on more than a state of the model holds."""


class _Spot(NamedTuple):
    """Where the author of a class can look something up."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line} in {self.function}"


def kept_state(error: NondeterministicAgent, scheme: Scheme) -> KeepsState | None:
    """Return what an explorer's complaint means for the author of `scheme`; None if it is not about a scheme of theirs.

    Where something was kept, it is told what and where it is changed; else which method does not repeat itself.
    """
    kind = type(scheme)
    theirs = [each for each in kind.__mro__ if not f"{each.__module__}.".startswith(_OURS) and each is not object]
    names = {each.__name__ for each in theirs}
    own = [i for i, held in enumerate(error.chain) if held.kind == "module" or held.owner in names]
    kept = error.chain[own[-1] if own else -1 :]
    if kept:
        spot = _changed(theirs, kept, ways=(True, False) if own else (True,))
        if spot is not None:
            mend = _mend(kept, error, is_own=bool(own))
            return KeepsState(error.agent, str(spot), f"runs scheme {kind.__qualname__!r}, which keeps state in {mend}")
    if not theirs or kept:
        return None
    where = _standing(theirs, error) or _method(scheme, theirs)
    what = error.problem.rpartition("; ")[0]
    return KeepsState(
        error.agent,
        str(where),
        f"runs scheme {kind.__qualname__!r} and {what}; keep in cells what outlives a flush, let "
        "gt.runtime.choose(n) pick, and go by no clock, random number or order of a set",
    )


def _mend(kept: tuple[Held, ...], error: NondeterministicAgent, *, is_own: bool) -> str:
    first = kept[0]
    where = "self" if first.kind == "instance" and is_own else first.owner
    name = ".".join([where, *(held.attribute for held in kept)])
    if len(kept) > 1 or " changed a " in f" {error.problem}":
        return f"{name}, outside cells; keep what it is for in cells, as gt.runtime.cell(name) makes them in __init__"
    cell = f"self.{first.attribute}"
    return (
        f"{name}, outside cells; make it a cell, {cell} = gt.runtime.cell({first.attribute!r}), and load and store it"
    )


def _changed(theirs: list[type], kept: tuple[Held, ...], *, ways: tuple[bool, ...]) -> _Spot | None:
    """Return where code of a scheme's classes, or of their files, changes what was kept; else where it names it."""
    for strict in ways:
        for held in (kept[-1], kept[0]):
            for kind in theirs:
                for function, line in _mentions(kind, held, strict=strict):
                    return _Spot(_file(kind), line, function)
    return None


def _mentions(kind: type, held: Held, *, strict: bool) -> Iterator[tuple[str, int]]:
    """Yield function and line of what changes (or, unless `strict`, names) something, __init__ apart."""
    try:
        tree = ast.parse(Path(_file(kind)).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == kind.__name__]
    functions = [
        (f"{kind.__qualname__}.{method.name}", method)
        for owner in owners
        for method in owner.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    functions += [(node.name, node) for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for name, function in functions:
        if not name.endswith(".__init__"):
            for node in ast.walk(function):
                if _concerns(node, held, strict=strict):
                    yield name, node.lineno  # type: ignore[attr-defined]


def _concerns(node: ast.AST, held: Held, *, strict: bool) -> bool:
    if not strict:
        return _is(node, held)
    if _is(node, held):
        return isinstance(node.ctx, ast.Store | ast.Del)  # type: ignore[attr-defined]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _is(node.func.value, held)
    if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
        return _is(node.value, held)
    return False


def _is(node: ast.AST, held: Held) -> bool:
    if isinstance(node, ast.Name):
        return held.kind == "module" and node.id == held.attribute
    return isinstance(node, ast.Attribute) and node.attr == held.attribute


def _standing(theirs: list[type], error: NondeterministicAgent) -> _Spot | None:
    """Return the innermost frame of the scheme's own files in which the agent waited."""
    files = set(map(_file, theirs))
    inside = [frame for frame in error.stack if frame.file in files]
    return _Spot(*inside[-1]) if inside else None


def _method(scheme: Scheme, theirs: list[type]) -> _Spot | str:
    """Return the first line of the method that most likely did not repeat itself."""
    written = {name: vars(kind)[name] for name in _METHODS for kind in reversed(theirs) if name in vars(kind)}
    suspects = [name for name in written if name in {"stamp", "passed"} and _is_impure(scheme, name)]
    for name in (*suspects, "flush", *written):
        code = getattr(written.get(name), "__code__", None)
        if code is not None:
            return _Spot(code.co_filename, code.co_firstlineno, code.co_qualname)
    return f"module {type(scheme).__module__!r}"


def _is_impure(scheme: Scheme, name: str) -> bool:
    """Whether a method that has to be pure answers the same question in two ways."""
    arguments = (2,) if name == "stamp" else (2, 3)
    try:
        return len({getattr(scheme, name)(*arguments) for _ in range(_TRIES)}) > 1
    except Exception:
        return False


def _file(kind: type) -> str:
    return getattr(sys.modules.get(kind.__module__), "__file__", None) or "?"
