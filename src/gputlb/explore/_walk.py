"""One random walk through a system: deep instead of everywhere, and taken again by its seed."""

from __future__ import annotations

import random
import time
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb.explore._explore import verdict_of
from gputlb.explore._outliving import Outliving
from gputlb.explore._search import Found, Goals
from gputlb.explore._system import System

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.explore._runtime import ExploredRuntime
    from gputlb.explore._system import Move, State
    from gputlb.explore._verdict import Verdict


@dataclass(frozen=True, slots=True)
class Walk:
    """What one walker met."""

    seed: int
    """Give it to `walk` to see the same again."""
    steps: int
    verdict: Verdict
    """`violated` or `deadlock` with the way that it went, which is not the shortest; else `bounded`. It counts no
    states; `transitions` are the steps, and `depth` is the longest way from the start."""
    out_of_time: bool = False
    """Whether its time was over before its steps were."""


def walk(build: Callable[[], ExploredRuntime], seed: int, depth: int, *, timeout_s: float | None = None) -> Walk:
    """Take `depth` random steps, or as many as `timeout_s` seconds allow; the seed decides them all.

    A walk sets out from the start again wherever nothing is left to do. Where every agent that is not `forever` has
    ended, it gives the others as many steps as it took to come there, and then sets out again: what is found only
    after that end is not missed, and no walk goes round there until its steps are over.
    """
    began = time.perf_counter()
    runtime = build()
    outliving = Outliving(runtime)
    system = System(runtime, symmetry=False)
    try:
        walker = _Walker(system, random.Random(seed), depth, timeout_s)
        found = walker.walk()
        outliving.check()
        verdict = verdict_of(system, found, "walk", time.perf_counter() - began)
        return Walk(seed, walker.steps, verdict, walker.out_of_time)
    finally:
        system.dismiss()


class _Walker:
    def __init__(self, system: System, generator: random.Random, depth: int, timeout_s: float | None) -> None:
        self.system = system
        self.steps = 0
        self.out_of_time = False
        self._generator = generator
        self._most = depth
        self._timeout_s = timeout_s
        self._finite = [agent for agent in range(system.agents) if not system.forever[agent]]
        self._goals = Goals(system)
        self._longest = 0
        self._state: State = system.initial
        # Which of the moves it took since it last set out: a few bytes a step, where the states would be hundreds.
        self._way = array("L")
        self._sets_out_after = -1

    def walk(self) -> Found:
        """Walk until something is wrong, or the steps or the time are over."""
        system = self.system
        self._goals.look(self._state)
        failed = system.failed_at_start()
        if failed is not None:
            return self._found("violated", failed=failed)
        if system.broken_invariant(self._state) is not None:
            return self._found("invariant")
        began = time.monotonic()
        while self.steps < self._most:
            if self._timeout_s is not None and time.monotonic() - began >= self._timeout_s:
                self.out_of_time = True
                break
            moves = list(system.steps(self._state))
            wrong = next((move for move in moves if move.failed is not None), None)
            if wrong is not None:
                return self._found("violated", failed=wrong.failed, agent=wrong.agent, slots=wrong.slots)
            if not moves and system.stuck(self._state):
                return self._found("deadlock")
            if len(self._way) == self._sets_out_after or not moves:
                if not self._way:
                    break  # nobody has anything to do, not even at the start
                self._set_out()
                continue
            self._take(moves)
            if system.broken_invariant(self._state) is not None:
                return self._found("invariant")
        limit = f"{self.steps:,} random steps were taken"
        if self.out_of_time:
            limit = f"the limit of {self._timeout_s:g} s was reached after {self.steps:,} random steps"
        return self._found("bounded", limit=limit)

    def _take(self, moves: list[Move]) -> None:
        chosen = self._generator.randrange(len(moves))
        self._state = moves[chosen].after
        self._way.append(chosen)
        self._longest = max(self._longest, len(self._way))
        self.steps += 1
        self._goals.look(self._state)
        if self._sets_out_after < 0 and self._finite and self._all_have_ended():
            self._sets_out_after = 2 * len(self._way)

    def _all_have_ended(self) -> bool:
        return all(self.system.node(self._state, agent).operation is None for agent in self._finite)

    def _set_out(self) -> None:
        self._state = self.system.initial
        del self._way[:]
        self._sets_out_after = -1

    def _found(self, kind: str, **rest: object) -> Found:
        found = Found(kind, 0, self.steps, self._longest, path=self._path() if kind != "bounded" else None)
        found.goals = self._goals.reached
        for name, value in rest.items():
            setattr(found, name, value)
        return found

    def _path(self) -> list[State]:
        path = [self.system.initial]
        for chosen in self._way:
            path.append(list(self.system.steps(path[-1]))[chosen].after)
        return path
