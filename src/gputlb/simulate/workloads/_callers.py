"""Those who serve what arrives: as many as are needed at once, and used again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gputlb.simulate.workloads._kinds import MOST_PENDING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gputlb.runtime import Cell, Duration
    from gputlb.simulate.machine import Machine

    Serve = Callable[[int], Coroutine[object, None, None]]


class Callers:
    """Agents that wait for work; who has waited least is called first, so that no more are made than are needed.

    Args:
        machine: where they act.
        name: of each, before its number.
        prepare: what each does, by number, before work comes: it must take no time when there is enough of all.
        serve: what each does with one piece of work.
        most: how many there may be; what arrives while all are busy is turned away, with a `turned_away` event.

    """

    def __init__(self, machine: Machine, name: str, prepare: Serve, serve: Serve, *, most: int = MOST_PENDING) -> None:
        self._machine = machine
        self._name = name
        self._prepare = prepare
        self._serve = serve
        self._most = most
        self._called: list[Cell] = []
        self._idle: list[int] = []

    def start(self, gaps: Duration) -> None:
        """Let work arrive from now on, with these times between."""
        self._machine.runtime.agent(f"{self._name}.arrivals", partial(self._arrive, gaps), forever=True)

    async def _arrive(self, gaps: Duration) -> None:
        runtime = self._machine.runtime
        await runtime.sleep(gaps)
        if self._idle:
            number = self._idle.pop()
        elif len(self._called) < self._most:
            number = len(self._called)
            self._called.append(runtime.cell(f"{self._name}{number}.called", 1))
            runtime.agent(f"{self._name}{number}", partial(self._act, number), forever=True)
        else:
            runtime.emit("turned_away")
            return
        await self._called[number].store(1)

    async def _act(self, number: int) -> None:
        called = self._called[number]
        await self._prepare(number)
        await called.until(bool)
        await self._serve(number)
        await called.store(0)
        self._idle.append(number)
