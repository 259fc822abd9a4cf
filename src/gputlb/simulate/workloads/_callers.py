"""Those who serve what arrives, used again and again."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from gputlb.simulate.workloads._kinds import MOST_PENDING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gputlb.runtime import Cell, Duration
    from gputlb.simulate.machine import Machine

    Serve = Callable[[int], Coroutine[object, None, None]]


class Callers:
    """Agents that wait for work; who has waited longest is called first, and another is made only if all are busy.

    Args:
        machine: where they act.
        name: of each, before its number.
        prepare: what each does, by number, before work comes: it must take no time when there is enough of all.
        serve: what each does with one piece of work.
        most: how many there may be; what arrives while all are busy is turned away, with a `turned_away` event.
        prepared: how many there are from the start.

    """

    def __init__(
        self, machine: Machine, name: str, prepare: Serve, serve: Serve, *, most: int = MOST_PENDING, prepared: int = 0
    ) -> None:
        self._machine = machine
        self._name = name
        self._prepare = prepare
        self._serve = serve
        self._most = most
        self._called: list[Cell] = []
        self._idle: deque[int] = deque()
        for _ in range(prepared):
            self._idle.append(self._make(called=False))

    def start(self, gaps: Duration) -> None:
        """Let work arrive from now on, with these times between."""
        self._machine.runtime.agent(f"{self._name}.arrivals", partial(self._arrive, gaps), forever=True)

    async def _arrive(self, gaps: Duration) -> None:
        runtime = self._machine.runtime
        await runtime.sleep(gaps)
        if self._idle:
            await self._called[self._idle.popleft()].store(1)
        elif len(self._called) < self._most:
            self._make(called=True)
        else:
            runtime.emit("turned_away")

    def _make(self, *, called: bool) -> int:
        runtime, number = self._machine.runtime, len(self._called)
        self._called.append(runtime.cell(f"{self._name}{number}.called", 1, int(called)))
        runtime.agent(f"{self._name}{number}", partial(self._act, number), forever=True)
        return number

    async def _act(self, number: int) -> None:
        called = self._called[number]
        await self._prepare(number)
        await called.until(bool)
        await self._serve(number)
        await called.store(0)
        self._idle.append(number)
