"""The obvious search, in plain Python: slow, short, and the oracle of the compiled one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gputlb.explore._errors import OutOfTime
from gputlb.explore._search import Found, Limits, Progress

if TYPE_CHECKING:
    from gputlb.explore._system import State, System

_BYTES_PER_FIELD = 8
_BYTES_PER_STATE = 250  # a tuple, its place in a dict and in two lists; measured on CPython 3.11
_LOOK_EVERY = 1024


def search(system: System, limits: Limits) -> Found:
    """Try every order, breadth first, until something is wrong, a limit is reached, Ctrl-C comes or nothing is left."""
    start = system.canonical(system.settled(system.initial))
    order: list[State] = [start]
    parents = [-1]
    known = {start}
    bytes_each = _BYTES_PER_STATE + _BYTES_PER_FIELD * len(start)
    invariants, goals = bool(system.invariants), _Goals(system)
    transitions = depth = checked = head = unsettled = 0
    level_end = 1

    def found(kind: str, at: int = -1, **rest: object) -> Found:
        path: list[State] = []
        while at >= 0:
            path.append(order[at])
            at = parents[at]
        done = Found(kind, len(order), transitions, depth, len(order) * bytes_each, path[::-1])
        done.goals = goals.reached
        done.unsettled = unsettled
        for name, value in rest.items():
            setattr(done, name, value)
        return done

    failed = system.failed_at_start()
    if failed is not None:
        return found("violated", 0, failed=failed)
    try:
        while True:
            if head in {0, level_end}:
                for index in range(checked, len(order)):
                    if invariants and system.broken_invariant(order[index]) is not None:
                        return found("invariant", index)
                    goals.look(order[index])
                checked = len(order)
                if head == len(order):
                    return found("all")
                if head:
                    depth += 1
                level_end = len(order)
            if limits.max_states is not None and len(order) >= limits.max_states:
                return found("bounded", limit=f"the limit of {limits.max_states:,} states was reached")
            if head % _LOOK_EVERY == 0:
                seconds = time.monotonic() - limits.began
                if limits.timeout_s is not None and seconds > limits.timeout_s:
                    return found("bounded", limit=f"the limit of {limits.timeout_s:g} s was reached")
                if limits.max_memory_bytes is not None and len(order) * bytes_each > limits.max_memory_bytes:
                    return found("bounded", limit=f"the limit of {limits.max_memory_bytes:,} bytes was reached")
                if limits.progress is not None:
                    limits.progress(Progress(len(order), transitions, depth, len(order) - head, seconds))
            state = order[head]
            moves: list[State] = []
            learned = -1
            while learned != len(system.learned):  # what was learned on the way may show that fewer steps are needed
                moves, learned = [], len(system.learned)
                for move in system.needed_steps(state):
                    if move.failed is not None:
                        return found("violated", head, failed=move.failed, agent=move.agent, slots=move.slots)
                    moves.append(system.canonical(system.settled(move.after)))
            if not moves and system.stuck(state):
                return found("deadlock", head)
            transitions += len(moves)
            unsettled += len(moves) == 1 and system.settled(state) != state
            for after in moves:
                if after not in known:
                    known.add(after)
                    order.append(after)
                    parents.append(head)
            head += 1
    except OutOfTime as over:
        return found("bounded", limit=str(over))
    except KeyboardInterrupt:
        return found("bounded", interrupted=True)


class _Goals:
    """Goals over cells that have been reached so far."""

    def __init__(self, system: System) -> None:
        self.first = system.agents
        self.reached: frozenset[str] = frozenset()
        self._left = list(system.goals)

    def look(self, state: State) -> None:
        for goal in self._left.copy():
            text, cells, predicate = goal
            if predicate(*(state[self.first + cell] for cell in cells)):
                self.reached |= {text}
                self._left.remove(goal)
