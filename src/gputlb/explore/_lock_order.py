"""Which lock is taken while which is held, over all agents and all orders: a cycle is a deadlock in waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.explore._errors import LockOrderInverted

if TYPE_CHECKING:
    from gputlb.explore._operations import Place
    from gputlb.explore._runtime import Actor, ExploredLock


class LockOrder:
    """The graph of locks that grows as agents ask for them (what the kernel's lockdep keeps for its classes)."""

    def __init__(self) -> None:
        self._then: dict[str, dict[str, tuple[str, str]]] = {}

    def asks(self, actor: Actor, lock: ExploredLock, place: Place) -> LockOrderInverted | None:
        """Remember that `actor` asks for `lock` while it holds others; return what is wrong with that, if anything."""
        for held in actor.held:
            chain = self._chain(lock.name, held.name)
            if chain is not None:
                steps = "; ".join(
                    f"agent {who!r} takes {then!r} under {first!r} at {where}" for first, then, who, where in chain
                )
                return LockOrderInverted(
                    actor.name, str(place), f"asked for {lock.name!r} while it held {held.name!r}, but {steps}"
                )
            self._then.setdefault(held.name, {}).setdefault(lock.name, (actor.name, str(place)))
        return None

    def _chain(self, first: str, last: str) -> list[tuple[str, str, str, str]] | None:
        """Return who takes what under what, from `first` to `last`; None if no chain leads there."""
        came: dict[str, tuple[str, str, str, str] | None] = {first: None}
        queue = [first]
        for here in queue:
            for then, (who, where) in self._then.get(here, {}).items():
                if then not in came:
                    came[then] = (here, then, who, where)
                    queue.append(then)
        if last not in came:
            return None
        chain = []
        step = came[last]
        while step is not None:
            chain.append(step)
            step = came[step[0]]
        return chain[::-1]
