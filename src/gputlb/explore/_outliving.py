"""What outlives an agent's round without being a cell must not change: objects that its body can reach."""

from __future__ import annotations

from collections import deque
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from gputlb.explore._automaton import body_place
from gputlb.explore._errors import NondeterministicAgent
from gputlb.explore._fingerprint import slots_of
from gputlb.runtime import Cell, Lock, Runtime

if TYPE_CHECKING:
    from gputlb.explore._runtime import AgentSpec, ExploredRuntime

_ENOUGH = 200_000
_LEFT_ALONE = (Runtime, Cell, Lock, ModuleType, type)
_MISSING = object()


class Outliving:
    """A look at everything that the agents' bodies reach through closures, attributes and containers."""

    def __init__(self, runtime: ExploredRuntime) -> None:
        self._statistics = runtime.statistics
        self._seen: dict[int, tuple[Any, AgentSpec, dict[object, Any]]] = {}
        for spec in runtime.agents:
            queue: list[Any] = [spec.body]
            for each in queue:
                if id(each) in self._seen or isinstance(each, _LEFT_ALONE) or len(self._seen) > _ENOUGH:
                    continue
                parts = _parts(each)
                if parts:
                    self._seen[id(each)] = (each, spec, parts)
                    queue.extend(parts.values())

    def check(self) -> None:
        """Raise `NondeterministicAgent` for the first object that is not as it was."""
        for each, spec, before in self._seen.values():
            now = _parts(each)
            for name in before | now:
                one, other = before.get(name, _MISSING), now.get(name, _MISSING)
                if one is other or (type(one) is type(other) and isinstance(one, int | str) and one == other):
                    continue
                if _named(each, name) not in self._statistics:
                    raise NondeterministicAgent(
                        spec.name,
                        body_place(spec.body),
                        f"changed {_named(each, name)}, which outlives its round; keep what outlives a round in cells",
                    )


def _parts(each: Any) -> dict[object, Any]:
    """Return what an object holds, by name or number."""
    if isinstance(each, FunctionType):
        cells = each.__closure__ or ()
        parts: dict[object, Any] = dict(zip(each.__code__.co_freevars, cells, strict=True))
        parts.update(enumerate(each.__defaults__ or ()))
        parts.update(each.__kwdefaults__ or {})
        return parts
    if isinstance(each, MethodType):
        return {"self": each.__self__, "function": each.__func__}
    if isinstance(each, CellType):
        try:
            return {"contents": each.cell_contents}
        except ValueError:
            return {}
    if isinstance(each, partial):
        held: dict[object, Any] = {"function": each.func}
        return held | dict(enumerate(each.args)) | each.keywords
    if type(each) is dict:
        return {("key", i): key for i, key in enumerate(each)} | dict(enumerate(each.values()))
    if isinstance(each, list | tuple | deque):
        return dict(enumerate(each))
    if type(each) in {set, frozenset}:
        return {(type(item), item): item for item in each}
    kind: Any = type(each)
    slots = slots_of(kind)
    if slots is None:
        return {}
    parts = {name: getattr(each, name, _MISSING) for name in slots}
    parts.update(getattr(each, "__dict__", {}))
    return parts


def _named(each: object, part: object) -> str:
    kind = type(each)
    if isinstance(each, FunctionType):
        return f"{part!r} of {each.__qualname__}"
    if isinstance(each, CellType):
        return "a variable that its function shares with others"
    if kind in {dict, list, set, deque, tuple}:
        return f"a {kind.__name__} that its function reaches"
    return f"{kind.__name__}.{part}"
