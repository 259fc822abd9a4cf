"""Where a scheme keeps state that is in no cell: the explorer knows the attribute, its reader wants the line."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb.explore import NondeterministicAgent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gputlb.driver import Scheme


class KeepsState(NondeterministicAgent):
    """A scheme keeps state outside cells: what it does depends on more than a state of the model holds."""


def kept_state(error: NondeterministicAgent, scheme: type[Scheme]) -> KeepsState | None:
    """Return what an explorer's complaint means for the author of `scheme`; None if it is not about an attribute."""
    match = re.search(r"changed (\w+)\.(\w+),", str(error))
    if match is None:
        return None
    owner, attribute = match.groups()
    for kind in scheme.__mro__:
        if kind.__name__ != owner and kind is not scheme:
            continue
        where = _changed_in(kind, attribute)
        if where is not None:
            return KeepsState(
                error.agent,
                where,
                f"runs scheme {scheme.__qualname__!r}, which keeps state in self.{attribute}, outside cells; "
                f"make it a cell, self.{attribute} = gt.runtime.cell({attribute!r}), and load and store it",
            )
    return None


def _changed_in(kind: type, attribute: str) -> str | None:
    """Return `file:line in method` of the first change of an attribute in a class, __init__ apart."""
    path = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if path is None:
        return None
    try:
        tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
            for method, line in _changes(node, attribute):
                return f"{Path(path).name}:{line} in {kind.__qualname__}.{method}"
    return None


def _changes(owner: ast.ClassDef, attribute: str) -> Iterator[tuple[str, int]]:
    for method in owner.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name != "__init__":
            for node in ast.walk(method):
                if isinstance(node, ast.Attribute) and node.attr == attribute and isinstance(node.ctx, ast.Store):
                    yield method.name, node.lineno
