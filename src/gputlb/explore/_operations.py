"""What an agent asks of the explorer: one operation on at most one cell, tabulated value by value."""

from __future__ import annotations

import sys
from copy import copy
from enum import IntEnum
from pathlib import Path
from types import CellType, FunctionType, coroutine
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import CodeType, FrameType

_ROOMS = (str(Path(__file__).parent), str(Path(__file__).parent.parent / "runtime"))


class Kind(IntEnum):
    """The seven things that an agent can await."""

    LOAD = 0
    STORE = 1
    UPDATE = 2
    UNTIL = 3
    ACQUIRE = 4
    RELEASE = 5
    CHOOSE = 6


_WRITING = (Kind.STORE, Kind.UPDATE, Kind.ACQUIRE, Kind.RELEASE)


class Outcome(NamedTuple):
    """What an operation does at one value of its cell: the value it leaves behind, and the agent's answer."""

    value: int
    answer: int | bool | None


class Place(NamedTuple):
    """An instruction in the user's code."""

    code: CodeType
    instruction: int

    def __str__(self) -> str:
        line = self.code.co_firstlineno
        for start, end, number in self.code.co_lines():
            if start <= self.instruction < end and number is not None:
                line = number
                break
        return f"{Path(self.code.co_filename).name}:{line} in {self.code.co_qualname}"


def place() -> Place:
    """Return the innermost running instruction outside the rooms `explore` and `runtime`."""
    frame: FrameType | None = sys._getframe(1)  # the stack is the subject here
    inner = frame
    while frame is not None and frame.f_code.co_filename.startswith(_ROOMS):
        inner, frame = frame, frame.f_back
    frame = frame or inner
    assert frame is not None
    return Place(frame.f_code, frame.f_lasti)


class Operation:
    """One awaited step: what it does to `cell` (an index into the runtime's cells; -1: none).

    `argument` is the value of a store, the function of an update, the predicate of an until, or the number of
    ways of a choice. `may_time_out` belongs to an until alone.
    """

    __slots__ = ("argument", "cell", "kind", "may_time_out", "place")

    def __init__(
        self,
        kind: Kind,
        cell: int,
        argument: int | Callable[[int], int] | Callable[[int], bool] | None = None,
        may_time_out: bool = False,
    ) -> None:
        self.kind = kind
        self.cell = cell
        self.argument = argument
        self.may_time_out = may_time_out
        self.place = place()

    @property
    def writes(self) -> bool:
        """Whether it may change its cell."""
        return self.kind in _WRITING

    @property
    def ways(self) -> int:
        """How many ways a choice has; 0 for everything else."""
        return self.argument if self.kind is Kind.CHOOSE else 0  # type: ignore[return-value]

    def outcome(self, value: int) -> Outcome | None:
        """Return what happens at `value` of the cell (at way `value` of a choice); None if the agent has to wait."""
        match self.kind:
            case Kind.LOAD:
                return Outcome(value, value)
            case Kind.STORE:
                return Outcome(self.argument, None)  # type: ignore[arg-type]
            case Kind.UPDATE:
                return Outcome(int(self.argument(value)), value)  # type: ignore[operator, misc]
            case Kind.UNTIL:
                if self.argument(value):  # type: ignore[operator, misc]
                    return Outcome(value, True)
                return Outcome(value, False) if self.may_time_out else None
            case Kind.ACQUIRE:
                return None if value else Outcome(1, None)
            case Kind.RELEASE:
                return Outcome(0, None)
            case Kind.CHOOSE:
                return Outcome(0, value)

    def words(self) -> str:
        """Return the operation as one reads it: `store 3`, `until`, `choose 1 of 2`, without the cell."""
        match self.kind:
            case Kind.STORE:
                return f"store {self.argument}"
            case Kind.CHOOSE:
                return f"choose of {self.argument}"
        return self.kind.name.lower()

    def lasting(self) -> Operation:
        """Return the operation with its function as it is now, whatever becomes of variables that it shares."""
        lasting = copy(self)
        if isinstance(self.argument, FunctionType):
            lasting.argument = _with_variables_of_its_own(self.argument, {})
        return lasting

    def like(self, other: Operation) -> bool:
        """Whether `other` is the same step as far as one can see without calling its function."""
        return (
            self.kind is other.kind
            and self.cell == other.cell
            and self.place == other.place
            and (callable(self.argument) or self.argument == other.argument)
        )


def _with_variables_of_its_own(function: FunctionType, copied: dict[int, FunctionType]) -> FunctionType:
    """Return a function that reads what it would read now: a coroutine that goes on may bind its variables anew."""
    if function.__closure__ is None:
        return function
    if id(function) in copied:
        return copied[id(function)]
    cells = tuple(CellType() for _ in function.__closure__)
    own = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, cells)
    own.__kwdefaults__ = function.__kwdefaults__
    copied[id(function)] = own
    for cell, shared in zip(cells, function.__closure__, strict=True):
        try:
            value = shared.cell_contents
        except ValueError:
            continue
        cell.cell_contents = _with_variables_of_its_own(value, copied) if isinstance(value, FunctionType) else value
    return own


@coroutine
def ask(operation: Operation) -> Generator[Operation, int | bool | None, int | bool | None]:
    """Hand an operation to whoever steps the coroutine, and return the answer."""
    return (yield operation)
