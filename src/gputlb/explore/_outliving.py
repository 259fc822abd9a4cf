"""What outlives an agent's round without being a cell must not change: what its body can reach."""

from __future__ import annotations

import sys
from collections import deque
from functools import cache, partial
from random import Random
from types import CellType, CodeType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from gputlb.explore._errors import Held, NondeterministicAgent
from gputlb.explore._fingerprint import slots_of
from gputlb.explore._run import body_place
from gputlb.runtime import Cell, Lock, Runtime

if TYPE_CHECKING:
    from gputlb.explore._runtime import AgentSpec, ExploredRuntime

_ENOUGH = 200_000
_LEFT_ALONE = (Runtime, Cell, Lock, ModuleType)
_NOT_THE_USERS = {*sys.stdlib_module_names, __name__.partition(".")[0]} - {"__main__"}
_CACHING = {"logging", "enum"}
"""Modules whose objects remember what they have worked out, which is of no consequence."""

_WITHOUT_NAMES = (MethodType, CellType, partial, property, staticmethod, classmethod, bytearray, Random)
_PLAIN = (int, float, str, bytes)
_MISSING = object()
_Parts = dict[object, Any]


class _Seen(NamedTuple):
    """An object that was reached, who reaches it, what it held then, and through what it was reached."""

    each: Any
    spec: AgentSpec
    parts: _Parts
    holder: Any
    part: object


class Outliving:
    """A look at everything that the agents' bodies reach.

    It goes through closures, attributes, containers, and for code that is neither ours nor Python's also through the
    classes and the module variables that it names.
    """

    def __init__(self, runtime: ExploredRuntime) -> None:
        self._statistics = runtime.statistics
        self._seen: dict[int, _Seen] = {}
        for spec in runtime.agents:
            queue: list[tuple[Any, Any, object]] = [(spec.body, None, None)]
            for each, holder, part in queue:
                if id(each) in self._seen or isinstance(each, _LEFT_ALONE) or len(self._seen) > _ENOUGH:
                    continue
                parts = _parts(each)
                if parts is None:
                    continue
                self._seen[id(each)] = _Seen(each, spec, parts, holder, part)
                queue.extend((value, each, name) for name, value in parts.items())
                if not isinstance(each, type):
                    queue.extend((kind, holder, part) for kind in type(each).__mro__ if _is_users(kind))

    def check(self) -> None:
        """Raise `NondeterministicAgent` for the first object that is not as it was."""
        for seen in self._seen.values():
            before, now = seen.parts, _parts(seen.each) or {}
            for name in before | now:
                one, other = before.get(name, _MISSING), now.get(name, _MISSING)
                if one is other or (type(one) is type(other) and isinstance(one, _PLAIN) and one == other):
                    continue
                chain = self._chain(seen, name)
                what = _named(seen.each, name, chain)
                if what not in self._statistics:
                    raise NondeterministicAgent(
                        seen.spec.name,
                        body_place(seen.spec.body),
                        f"changed {what}, which outlives its round; keep what outlives a round in cells",
                        chain=chain,
                    )

    def _chain(self, seen: _Seen, part: object) -> tuple[Held, ...]:
        """Return through which attributes and variables a part is reached, outermost first."""
        chain = [_held(seen.each, part)]
        met = {id(seen.each)}
        while seen.holder is not None and id(seen.holder) not in met:
            chain.append(_held(seen.holder, seen.part))
            seen = self._seen[id(seen.holder)]
            met.add(id(seen.each))
        return tuple(held for held in reversed(chain) if held is not None)


def _parts(each: Any) -> _Parts | None:
    """Return what an object holds, by name or number; None if it can't be seen, or can't change."""
    if isinstance(each, type):
        return _class_parts(each) if _is_users(each) else None
    if isinstance(each, FunctionType):
        return _function_parts(each)
    if isinstance(each, MethodType):
        return {"self": each.__self__, "function": each.__func__}
    if isinstance(each, staticmethod | classmethod):
        return {"function": each.__func__}
    if isinstance(each, property):
        return {"getter": each.fget, "setter": each.fset}
    if isinstance(each, CellType):
        try:
            return {"contents": each.cell_contents}
        except ValueError:
            return {}
    if isinstance(each, partial):
        held: _Parts = {"function": each.func}
        return held | dict(enumerate(each.args)) | each.keywords
    if isinstance(each, dict):
        items = {("key", i): key for i, key in enumerate(each)} | dict(enumerate(each.values()))
        return items | _attributes(each)
    if isinstance(each, list | tuple | deque):
        return dict(enumerate(each)) | _attributes(each)
    if isinstance(each, set | frozenset):
        return {(type(item), item): item for item in each} | _attributes(each)
    if isinstance(each, bytearray):
        return {"bytes": int.from_bytes(each), "length": len(each)}
    kind: Any = type(each)
    if kind is Random:
        return {"state": hash(each.getstate())}
    if {kind.__module__.partition(".")[0], type(kind).__module__} & _CACHING:
        return None
    slots = slots_of(kind)
    if slots is None:
        return _attributes(each) if kind is SimpleNamespace or _is_users(kind) else None
    return {name: getattr(each, name, _MISSING) for name in slots} | _attributes(each)


def _attributes(each: Any) -> _Parts:
    return dict(getattr(each, "__dict__", None) or {})


def _is_users(kind: type) -> bool:
    """Whether a class is neither ours nor Python's, and does not remember things of its own accord."""
    return kind.__module__.partition(".")[0] not in _NOT_THE_USERS and type(kind).__module__ not in _CACHING


def _class_parts(kind: type) -> _Parts:
    """Return what the author of a class has put there."""
    return {name: value for name, value in vars(kind).items() if not name.startswith(("__", "_abc_"))}


def _function_parts(function: FunctionType) -> _Parts:
    cells = function.__closure__ or ()
    parts: _Parts = dict(zip(function.__code__.co_freevars, cells, strict=True))
    parts.update(enumerate(function.__defaults__ or ()))
    parts.update(function.__kwdefaults__ or {})
    parts.update((("attribute", name), value) for name, value in vars(function).items())
    if (function.__module__ or "").partition(".")[0] not in _NOT_THE_USERS:
        variables = function.__globals__
        parts.update((("global", name), variables[name]) for name in _names(function.__code__) if name in variables)
    return parts


@cache
def _names(code: CodeType) -> frozenset[str]:
    """Return the names that code looks up outside itself; attributes are among them."""
    inner = (_names(each) for each in code.co_consts if isinstance(each, CodeType))
    return frozenset(code.co_names).union(*inner)


def _held(each: Any, part: object) -> Held | None:
    """Return the attribute or variable that a part is; None where it is an item or a link without a name."""
    if isinstance(each, FunctionType):
        if isinstance(part, tuple):
            kind, name = part
            owner = each.__module__ if kind == "global" else each.__qualname__
            return Held(owner, name, "module" if kind == "global" else "instance")
        return None
    if isinstance(each, type):
        return Held(each.__name__, str(part), "class")
    if not isinstance(part, str) or isinstance(each, _WITHOUT_NAMES):
        return None
    return Held(type(each).__name__, part, "instance")


def _named(each: object, part: object, chain: tuple[Held, ...]) -> str:
    kind = type(each)
    if _held(each, part) is not None:
        return f"{chain[-1].owner}.{chain[-1].attribute}"
    if isinstance(each, FunctionType):
        return f"{part!r} of {each.__qualname__}"
    if isinstance(each, CellType):
        return "a variable that its function shares with others"
    where = f"in {chain[-1].owner}.{chain[-1].attribute}" if chain else "that its function reaches"
    return f"a {kind.__name__} {where}"
