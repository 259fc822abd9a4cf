"""What a suspended coroutine is made of: its local state as a value that can be compared.

Two runs of an agent that were given different answers are in the same local state if nothing that they can still
read differs: the instruction, the live locals and the evaluation stack of every frame that waits. To tell what
belongs to a run from what outlives it, two runs with the *same* answers are walked side by side: where both hold
the very same object it is shared and stands for itself; where they hold two objects of one type these were made
by the run, and are compared by their parts. Where they hold different values, the agent did not repeat itself.
"""

from __future__ import annotations

import gc
import operator
from collections import deque
from functools import cache, partial
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    coroutine,
)
from typing import TYPE_CHECKING, Any

from gputlb.explore._liveness import live_locals

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable

_SCALARS = frozenset({int, bool, str, bytes, float, complex, type(None), type(Ellipsis), type(NotImplemented)})
_SEQUENCES = frozenset({tuple, list, deque})
_ITERABLES: tuple[Iterable[Any], ...] = (
    (),
    [],
    range(0),
    {},
    {}.keys(),
    {}.values(),
    {}.items(),
    "",
    b"",
    range(1 << 70),
)
_ITERATORS = frozenset(type(iter(each)) for each in _ITERABLES) | {
    enumerate,
    zip,
    map,
    filter,
    reversed,
    type(reversed([])),
    type(reversed({})),
}
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE


async def _empty() -> AsyncGenerator[None, None]:
    yield None


def _async_generator_awaitables() -> frozenset[type]:
    generator = _empty()
    sending, throwing = generator.asend(None), generator.athrow(GeneratorExit)
    found = frozenset({type(sending), type(throwing)})
    sending.close()
    throwing.close()
    return found


async def _nothing() -> None:
    """Be a coroutine."""


def _coroutine_wrapper() -> type:
    waiting = _nothing()
    wrapper = type(waiting.__await__())
    waiting.close()
    return wrapper


_TRANSPARENT = _async_generator_awaitables() | {_coroutine_wrapper()}


class Differs(Exception):
    """Two runs with the same answers hold different values."""


class Shared:
    """An object that outlives the run: equal to itself alone."""

    __slots__ = ("target",)

    def __init__(self, target: object) -> None:
        self.target = target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shared) and other.target is self.target

    def __hash__(self) -> int:
        return id(self.target)

    def __repr__(self) -> str:
        return f"Shared({self.target!r})"


def fingerprint(one: object, other: object) -> tuple[object, ...]:
    """Return the local state of two runs that were given the same answers; `Differs` if they do not agree."""
    walk = _Walk()
    walk.pair(one, other)
    return tuple(walk.tokens)


class _Walk:
    def __init__(self) -> None:
        self.tokens: list[object] = []
        self._met: dict[int, tuple[int, object, object]] = {}

    def pair(self, one: Any, other: Any) -> None:
        tokens = self.tokens
        kind = type(one)
        if kind is not type(other):
            raise Differs(f"{_shown(one)} in one run and {_shown(other)} in the next")
        if kind in _SCALARS:
            if one != other and not (one != one and other != other):  # noqa: PLR0124 (NaN)
                raise Differs(f"{_shown(one)} in one run and {_shown(other)} in the next")
            tokens.append(kind)
            tokens.append(one if one == one else "nan")  # noqa: PLR0124
            return
        if one is other:
            tokens.append(Shared(one))
            return
        met = self._met.get(id(one))
        if met is not None:
            if met[2] is not other:
                raise Differs(f"{_shown(one)} is one object in one run and two in the next")
            tokens.append(("again", met[0]))
            return
        self._met[id(one)] = (len(self._met), one, other)
        tokens.append(kind)
        self._parts(kind, one, other)

    def _parts(self, kind: type, one: Any, other: Any) -> None:
        if kind in _SEQUENCES:
            self._all(one, other)
        elif kind is CoroutineType:
            self._frame(one, other, one.cr_frame, other.cr_frame)
        elif kind is GeneratorType:
            self._frame(one, other, one.gi_frame, other.gi_frame)
        elif kind is AsyncGeneratorType:
            self._frame(one, other, one.ag_frame, other.ag_frame)
        elif kind in _TRANSPARENT:
            self._all(gc.get_referents(one), gc.get_referents(other))
        elif kind is MethodType:
            self._all((one.__func__, one.__self__), (other.__func__, other.__self__))
        elif kind is FunctionType:
            self._all(_function_parts(one), _function_parts(other))
        elif kind is CellType:
            self._all(_cell_parts(one), _cell_parts(other))
        elif kind in _ITERATORS:
            self._all(one.__reduce__(), other.__reduce__())
        elif kind is dict:
            self._all(one.keys(), other.keys())
            self._all(one.values(), other.values())
        elif kind in {set, frozenset}:
            self._set(list(one), list(other))
        elif kind is range or kind is slice:
            self._all((one.start, one.stop, one.step), (other.start, other.stop, other.step))
        elif kind is partial:
            self._all((one.func, one.args, one.keywords), (other.func, other.args, other.keywords))
        elif kind is BuiltinFunctionType:
            self._all((one.__name__, one.__self__), (other.__name__, other.__self__))
        else:
            self._instance(kind, one, other)

    def _all(self, ones: Iterable[Any], others: Iterable[Any]) -> None:
        ones, others = tuple(ones), tuple(others)
        if len(ones) != len(others):
            raise Differs(f"{len(ones)} items in one run and {len(others)} in the next")
        self.tokens.append(len(ones))
        for one, other in zip(ones, others, strict=True):
            self.pair(one, other)

    def _set(self, ones: list[Any], others: list[Any]) -> None:
        # What is hashed by its address comes in another order each time; such a set is left to its history.
        if all(type(each) in _SCALARS for each in ones) or all(map(operator.is_, ones, others)):
            self._all(ones, others)
        else:
            self.tokens.append(object())

    def _frame(self, one: object, other: object, here: FrameType | None, there: FrameType | None) -> None:
        if (here is None) is not (there is None):
            raise Differs("a coroutine that has ended in one run only")
        if here is None or there is None:
            self.tokens.append("ended")
            return
        if here.f_code is not there.f_code or here.f_lasti != there.f_lasti:
            raise Differs(f"{_spot(here)} in one run and {_spot(there)} in the next")
        self.tokens.append(Shared(here.f_code))
        self.tokens.append(here.f_lasti)
        variables, others = _variables(one, here), _variables(other, there)
        if variables is None or others is None:
            self.tokens.append(object())  # equal to nothing: this state is told apart by its history
            return
        self._all(variables, others)

    def _instance(self, kind: type, one: Any, other: Any) -> None:
        slots = slots_of(kind)
        if slots is None:
            self.tokens.append(object())
            return
        if issubclass(kind, tuple):
            self._all(one, other)
        missing = _Missing
        for slot in slots:
            self.pair(getattr(one, slot, missing), getattr(other, slot, missing))
        self.pair(getattr(one, "__dict__", None), getattr(other, "__dict__", None))


class _Missing:
    """Stands for a slot without a value."""


def _function_parts(function: FunctionType) -> tuple[object, ...]:
    return (
        function.__code__,
        function.__globals__,
        function.__closure__,
        function.__defaults__,
        function.__kwdefaults__,
        function.__dict__ or None,
    )


def _cell_parts(cell: CellType) -> tuple[object, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


@cache
def slots_of(kind: type) -> tuple[str, ...] | None:
    """Return the slots of a class written in Python; None for one that may hide something from us."""
    slots: list[str] = []
    for base in kind.__mro__:
        if base in {object, tuple}:
            continue
        if not base.__flags__ & _HEAP_TYPE or issubclass(base, BaseException):
            return None
        own = base.__dict__.get("__slots__", ())
        slots.extend(
            f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name
            for name in ((own,) if isinstance(own, str) else own)
            if name not in {"__dict__", "__weakref__"}
        )
    if kind.__module__ in {"_random", "random", "itertools", "weakref", "_weakrefset", "threading", "io"}:
        return None
    return tuple(slots)


def _variables(owner: object, frame: FrameType) -> list[object] | None:
    """Return the live locals, closure cells and evaluation stack of a suspended frame; None if they can't be seen."""
    if not _READABLE:
        return None
    code = frame.f_code
    bound = frame.f_locals
    referents = gc.get_referents(owner)
    # The frame's own variables come last, right behind its code.
    start = max((i for i, each in enumerate(referents) if each is code), default=-1) + 1
    if not start:
        return None
    cells = set(code.co_cellvars)
    names = [name for name in code.co_varnames if name in cells or name in bound]
    names += [name for name in code.co_cellvars if name not in code.co_varnames]
    names += code.co_freevars
    variables = referents[start:]
    if len(variables) < len(names):
        return None
    live = live_locals(code, frame.f_lasti)
    kept: list[object] = []
    for name, value in zip(names, variables, strict=False):
        plain = name not in cells and name not in code.co_freevars
        if plain and value is not bound[name]:
            return None
        if not plain and type(value) is not CellType:
            return None
        if plain and live is not None and name not in live:
            continue
        kept.append(name)
        kept.append(value)
    stack = variables[len(names) :]
    # Behind it stands the exception that is being handled: nothing before the first one, None ever after. How deep the
    # stack is hangs on the instruction alone, so nothing is lost with what is None.
    while stack and stack[-1] is None:
        stack.pop()
    kept.extend(stack)
    return kept


@coroutine
def _pause() -> Generator[None, None, object]:
    return (yield)


async def _sample(argument: object) -> None:
    captured = argument
    for _ in (object(), object()):
        repr((argument, await _pause(), lambda: captured))


def _readable() -> bool:
    """Whether this interpreter shows what a suspended frame holds, in the order in which we expect it."""
    global _READABLE  # noqa: PLW0603 (asked once, when the room is imported)
    _READABLE = True
    argument = object()
    sample: Any = _sample(argument)
    sample.send(None)
    seen = _variables(sample, sample.cr_frame)
    sample.close()
    if seen is None:
        return False
    held = [each for each in seen if type(each) is not str]
    stack = [type(iter(())), BuiltinFunctionType, object, GeneratorType]
    return [type(each) for each in held[-4:]] == stack and held[-2] is argument and CellType in map(type, held[:-4])


_READABLE = False
_READABLE = _readable()


def _spot(frame: FrameType) -> str:
    return f"{frame.f_code.co_qualname} at line {frame.f_lineno}"


def _shown(value: object) -> str:
    if isinstance(value, CodeType | FunctionType):
        return getattr(value, "__qualname__", "code")
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
