"""Cells in virtual time, and those who wait for their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.runtime._coroutine import park
from gputlb.runtime._errors import CellOverflow, NegativeSpan, NeverPausing
from gputlb.runtime._place import place
from gputlb.runtime._vocabulary import Cell
from gputlb.runtime._waiting import ASLEEP, Naps, Spinning

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.runtime._simulated import SimulatedRuntime
    from gputlb.runtime._simulated_agent import Alarm, SimulatedAgent
    from gputlb.runtime._waiting import How


class SimulatedCell(Cell):
    __slots__ = ("runtime", "value", "waiters")

    def __init__(self, runtime: SimulatedRuntime, name: str, bits: int, initial: int) -> None:
        super().__init__(name, bits)
        self.runtime = runtime
        self.value = initial
        self.waiters: list[_Waiter] = []

    async def load(self) -> int:
        runtime = self.runtime
        runtime.steps_at_once += 1  # a loop around `load` never returns to the runtime, so it must be caught here
        if runtime.steps_at_once > runtime.most_steps_at_once:
            self._refuse_to_poll()
        return self.value

    async def store(self, value: int) -> None:
        if value >> self.bits:
            raise self._overflow(value)
        self.value = value
        if self.waiters:
            self.tell()

    async def update(self, f: Callable[[int], int]) -> int:
        runtime = self.runtime
        runtime.steps_at_once += 1
        if runtime.steps_at_once > runtime.most_steps_at_once:
            self._refuse_to_poll()
        old = self.value
        new = f(old)
        if new >> self.bits:
            raise self._overflow(new)
        self.value = new
        if self.waiters:
            self.tell()
        return old

    async def until(self, predicate: Callable[[int], bool], timeout_us: float | None = None, how: How = ASLEEP) -> bool:
        runtime = self.runtime
        agent = runtime.current
        if agent.awake_only and not isinstance(how, Spinning):
            runtime.might_sleep(f"waited for cell {self.name!r}")
        if timeout_us is not None and timeout_us < 0:
            raise NegativeSpan(agent.name, place(), f"waited for cell {self.name!r} with a timeout of {timeout_us} µs")
        if predicate(self.value):
            return True
        if agent.atomic:
            runtime.might_sleep(f"waited for cell {self.name!r}")
        waiter = (
            _NappingWaiter(self, agent, predicate, timeout_us, how)
            if isinstance(how, Naps)
            else _Waiter(self, agent, predicate, timeout_us)
        )
        self.waiters.append(waiter)
        agent.waits_for = self
        await park()
        return waiter.fulfilled

    def __str__(self) -> str:
        return f"cell {self.name!r}"

    def tell(self) -> None:
        """Let those who wait for the cell look at it."""
        for waiter in tuple(self.waiters):
            waiter.changed()

    def _overflow(self, value: int) -> CellOverflow:
        return CellOverflow(
            self.runtime.acting, place(), f"stored {value:#x} in cell {self.name!r} of {self.bits} bits"
        )

    def _refuse_to_poll(self) -> None:
        self.runtime.steps_at_once = 0
        raise NeverPausing(
            self.runtime.acting,
            place(),
            f"looks at cell {self.name!r} again and again without time passing; wait with `until`",
        )


class _Waiter:
    """An agent that waits for a cell's value, and is woken by the store that brings it."""

    __slots__ = ("agent", "alarm", "cell", "fulfilled", "over", "predicate")

    def __init__(
        self,
        cell: SimulatedCell,
        agent: SimulatedAgent,
        predicate: Callable[[int], bool],
        timeout_us: float | None,
    ) -> None:
        self.cell = cell
        self.agent = agent
        self.predicate = predicate
        self.fulfilled = False
        self.over = False
        self.alarm: Alarm | None = None
        if timeout_us is not None:
            runtime = cell.runtime
            self.alarm = runtime.call_at(
                self._last_look_ns(runtime.clock_ns + round(timeout_us * 1000)), agent, self._expire
            )

    def _last_look_ns(self, deadline_ns: int) -> int:
        return deadline_ns

    def changed(self) -> None:
        """Look at the cell, since somebody has just stored to it."""
        if self.predicate(self.cell.value):
            self._finish(True)

    def _expire(self) -> None:
        if not self.over:
            self._finish(self.predicate(self.cell.value))

    def _finish(self, fulfilled: bool) -> None:
        self.over = True
        self.fulfilled = fulfilled
        self.cell.waiters.remove(self)
        self.cell.runtime.step_at_once()
        self.cell.runtime.ready.append(self.agent)
        if self.alarm is not None:
            self.cell.runtime.cancel(self.alarm)
            self.alarm = None  # the two hold each other, and would stay until the garbage collector comes by


class _NappingWaiter(_Waiter):
    """An agent that looks at a cell between naps: it sees a change at its next look, if the change is still there.

    Looks that could see nothing new are not made; `_looked_ns` is the last one that was, in vain.
    """

    __slots__ = ("_look_is_due", "_looked_ns", "_naps", "_start_ns")

    def __init__(
        self,
        cell: SimulatedCell,
        agent: SimulatedAgent,
        predicate: Callable[[int], bool],
        timeout_us: float | None,
        naps: Naps,
    ) -> None:
        self._naps = naps
        self._start_ns = self._looked_ns = cell.runtime.clock_ns
        self._look_is_due = False
        super().__init__(cell, agent, predicate, timeout_us)

    def _last_look_ns(self, deadline_ns: int) -> int:
        return self._naps.look_ns(self._start_ns, deadline_ns)

    def changed(self) -> None:
        runtime = self.cell.runtime
        if self._look_is_due or not self.predicate(self.cell.value):
            return
        look_ns = self._naps.look_ns(self._start_ns, max(runtime.clock_ns, self._looked_ns + 1))
        if self.alarm is None or look_ns < self.alarm.time_ns:
            self._look_is_due = True
            runtime.call_at(look_ns, self.agent, self._look)

    def _look(self) -> None:
        self._look_is_due = False
        self._looked_ns = self.cell.runtime.clock_ns
        if self.predicate(self.cell.value):
            self._finish(True)
