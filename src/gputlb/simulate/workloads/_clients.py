"""Clients that go round: bind, use, unbind, and release the object before; and users who only keep engines busy."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.driver import Tlb, Vma
    from gputlb.runtime import Duration
    from gputlb.simulate.machine import Machine


class Client:
    """Walks round its objects, one more of which stays unbound until the next one is: others' flushes may cover it.

    Args:
        machine: where it acts.
        objects: at least two, unbound.
        engines: it picks one of these for each context.
        use: how long a context runs.
        think: time between two rounds.
        contexts: how often each object is used before it is unbound.

    """

    def __init__(
        self,
        machine: Machine,
        objects: Sequence[Vma],
        engines: Sequence[int],
        use: Duration,
        think: Duration,
        *,
        contexts: int = 1,
    ) -> None:
        self._machine = machine
        self._idle = list(objects)
        self._engines = engines
        self._use = use
        self._think = think
        self._contexts = contexts
        self._unbound: Vma | None = None

    async def act(self) -> None:
        """Do one round."""
        machine, runtime = self._machine, self._machine.runtime
        vma = self._idle.pop(0)
        runtime.emit("begin", "bind")
        await machine.bind(vma)
        runtime.emit("end", "bind")
        for _ in range(self._contexts):
            runtime.emit("begin", "use")
            await machine.use_engine(self._engines[await runtime.choose(len(self._engines))], self._use)
            runtime.emit("end", "use")
        runtime.emit("begin", "unbind")
        await vma.unbind()
        runtime.emit("end", "unbind")
        if self._unbound is not None:
            await machine.release(self._unbound)
            self._idle.append(self._unbound)
        self._unbound = vma
        await runtime.sleep(self._think)


def objects_of(
    machine: Machine, owner: str, number: int, count: int, pages: int, tlbs: tuple[Tlb, ...] | None = None
) -> list[Vma]:
    """Return the objects of the owner with this number, next to each other in the address space."""
    first = number * count * pages
    return [machine.new_object(f"{owner}.object{index}", first + index * pages, pages, tlbs) for index in range(count)]


def go_round(
    machine: Machine,
    owner: str,
    clients: int,
    objects: int,
    pages: int,
    engines: Sequence[int],
    use: Duration,
    think: Duration,
    *,
    contexts: int = 1,
) -> None:
    """Let so many clients, each called `owner` and its number, walk round so many objects of so many pages for ever."""
    for number in range(clients):
        name = f"{owner}{number}"
        own = objects_of(machine, name, number, objects, pages)
        client = Client(machine, own, engines, use, think, contexts=contexts)
        machine.runtime.agent(name, client.act, forever=True)


def keep_busy(machine: Machine, engines: Sequence[int], use: Duration, pause: Duration) -> None:
    """Let a user of its own run contexts on each of these engines, over and over, with a pause between two."""

    async def work(engine: int) -> None:
        await machine.use_engine(engine, use)
        await machine.runtime.sleep(pause)

    for engine in engines:
        machine.runtime.agent(f"user{engine}", partial(work, engine), forever=True)
