"""Mutexes, spin locks and atomic sections in virtual time.

Those who wait for a lock get it in the order in which they came, each from the hands of the one before it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gputlb.runtime._coroutine import AT_ONCE, park, suspending
from gputlb.runtime._errors import LockNotHeld, LockReentered
from gputlb.runtime._place import place
from gputlb.runtime._vocabulary import Lock, Mutex, SpinLock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator

    from gputlb.runtime._simulated import SimulatedRuntime
    from gputlb.runtime._simulated_agent import SimulatedAgent


class SimulatedLock(Lock):
    __slots__ = ("holder", "observers", "queue", "runtime")

    def __init__(self, runtime: SimulatedRuntime, name: str) -> None:
        super().__init__(name)
        self.runtime = runtime
        self.holder: SimulatedAgent | None = None
        self.queue: deque[SimulatedAgent] = deque()
        self.observers = runtime.events.observers

    def _refuse_to_wait(self, agent: SimulatedAgent) -> None:
        if self.holder is agent:
            raise LockReentered(agent.name, place(), f"asked for {self.name!r}, which it holds already")
        self.runtime.might_sleep(f"waited for {self.name!r}")

    def _hand_on(self, agent: SimulatedAgent) -> None:
        agent.held.remove(self)
        if self.queue:
            self.holder = heir = self.queue.popleft()
            heir.held.append(self)
            self.runtime.ready.append(heir)
        else:
            self.holder = None

    def _refuse_release(self, agent: SimulatedAgent) -> None:
        # Nobody acts while Python closes the coroutine of an agent that a run left waiting: that is no offence.
        if agent is not self.runtime.nobody:
            raise LockNotHeld(agent.name, place(), f"released {self.name!r}, which it does not hold")

    def __str__(self) -> str:
        return f"{self.name!r}, held by {self.holder.name!r}" if self.holder else repr(self.name)


class SimulatedMutex(SimulatedLock, Mutex):
    __slots__ = ()

    @suspending
    def acquire(self) -> Generator[None, None, None]:
        agent = self.runtime.current
        if agent.awake_only:
            self.runtime.might_sleep(f"waited for mutex {self.name!r}")
        if self.holder is None:
            self.holder = agent
            agent.held.append(self)
        else:
            if self.holder is agent:
                self._refuse_to_wait(agent)
            self.queue.append(agent)
            agent.waits_for = self
            yield
        if self.observers:
            self.runtime.emit("mutex_lock", self.name)

    async def release(self) -> None:
        await self.__aexit__(None, None, None)

    # `async with` without a coroutine of its own, unless there is something to say or to wait for: it is most of
    # what a simulation of lock-hold cycles costs.
    def __aenter__(self) -> Awaitable[None]:
        agent = self.runtime.current
        holder = self.holder
        if holder is agent or agent.awake_only or self.observers:
            return self.acquire()
        if holder is None:
            self.holder = agent
            agent.held.append(self)
            return AT_ONCE
        self.queue.append(agent)
        agent.waits_for = self
        return park()

    def __aexit__(self, kind: object, error: object, trace: object) -> Awaitable[None]:
        runtime = self.runtime
        agent = runtime.current
        if self.holder is not agent:
            self._refuse_release(agent)
            return AT_ONCE
        agent.held.remove(self)
        queue = self.queue
        if queue:
            self.holder = heir = queue.popleft()
            heir.held.append(self)
            runtime.ready.append(heir)
        else:
            self.holder = None
        if self.observers:
            runtime.emit("mutex_unlock", self.name)
        return AT_ONCE


class SimulatedSpinLock(SimulatedLock, SpinLock):
    __slots__ = ()

    @suspending
    def acquire(self) -> Generator[None, None, None]:
        agent = self.runtime.current
        if self.holder is None:
            self.holder = agent
            agent.held.append(self)
        else:
            if self.holder is agent or agent.atomic:
                self._refuse_to_wait(agent)
            self.queue.append(agent)
            agent.waits_for = self
            yield
        agent.awake_only += 1
        if self.observers:
            self.runtime.emit("lock", self.name)

    async def release(self) -> None:
        agent = self.runtime.current
        if self.holder is not agent:
            self._refuse_release(agent)
            return
        self._hand_on(agent)
        agent.awake_only -= 1
        if self.observers:
            self.runtime.emit("unlock", self.name)

    __aenter__ = acquire

    def __aexit__(self, kind: object, error: object, trace: object) -> Awaitable[None]:
        return self.release()


class Indivisible:
    """`runtime.atomic()`: nobody else acts between two awaits anyway, unless one of them waits."""

    def __init__(self, runtime: SimulatedRuntime) -> None:
        self._runtime = runtime

    def __aenter__(self) -> Awaitable[None]:
        agent = self._runtime.current
        agent.atomic += 1
        agent.awake_only += 1
        return AT_ONCE

    def __aexit__(self, kind: object, error: object, trace: object) -> Awaitable[None]:
        agent = self._runtime.current
        agent.atomic -= 1
        agent.awake_only -= 1
        return AT_ONCE
