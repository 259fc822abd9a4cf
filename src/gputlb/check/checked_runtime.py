"""The exploring runtime with what a check wants to know of the driver's events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.check.goals import shown_by
from gputlb.explore import ExploredRuntime

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.runtime import Cell, Event


class CheckedRuntime(ExploredRuntime):
    """Explores, and notes the events by which driver and device show that a goal was reached."""

    def __init__(self, *, may_time_out: bool | Callable[[str], bool] = False) -> None:
        super().__init__(may_time_out=may_time_out, statistics={"ClientMemory.accesses"})
        self.events.listen(_ignore)  # emitting code asks whether anybody listens

    def emit(self, kind: str, *values: object) -> None:
        """Note what a goal asks for; publish, while a witness is replayed."""
        goal = shown_by(kind, values)
        if goal is not None:
            self.note(goal)
        super().emit(kind, *values)

    def start_with(self, cell: Cell, value: int) -> None:
        """Let `cell` have `value` at the start."""
        self.cells[cell.number].initial = value  # type: ignore[attr-defined]


def _ignore(_event: Event) -> None:
    """Be somebody who listens."""
