"""Following the engines: what full flushes and resets cost them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from gputlb.simulate.machine import Machine

    Translation = tuple[int, int]  # virtual page and entry


class _Engine:
    __slots__ = ("busy_since_ns", "contexts", "dropped", "kept", "lost")

    def __init__(self) -> None:
        self.kept: dict[int, Translation] = {}  # by slot: what its TLB holds
        self.dropped: dict[int, Translation] = {}  # what it would hold, had no flush dropped it
        self.contexts: dict[str, int] = {}  # by agent, since when
        self.lost: dict[str, int] = {}  # by agent whose context a reset has lost, since when
        self.busy_since_ns = 0


class EnginesSeen:
    """What the engines' TLBs hold, whom flushes make walk again, and whose contexts a reset has lost.

    A miss is a flush's doing if the walk finds the very translation that the flush had dropped.
    """

    def __init__(self, machine: Machine) -> None:
        self._engines = {name: _Engine() for name in machine.gpu.engines}
        self._slots = {name: len(engine.tlb.slots) for name, engine in machine.gpu.engines.items()}
        self._of_gt = {
            f"{gt.name}.reset": [self._engines[engine.name] for engine in gt.engines.values()] for gt in machine.gpu.gts
        }
        self._starts_empty = machine.gpu.behaviour.requests_begin_with_invalidate
        self.begin(0)

    def begin(self, now_ns: int) -> None:
        """Count from now on; what the TLBs hold stays there."""
        self.walks = self.walks_cancelled = self.misses_by_flush = self.resets = 0
        self.walk_ns = self.walk_lost_ns = self.busy_ns = self.reset_lost_ns = 0
        for engine in self._engines.values():
            engine.busy_since_ns = now_ns
            engine.lost = dict.fromkeys(engine.lost, now_ns)

    def finish(self, now_ns: int) -> None:
        """Count contexts up to the end of the run."""
        for engine in self._engines.values():
            if engine.contexts:
                self.busy_ns += now_ns - engine.busy_since_ns
                engine.busy_since_ns = now_ns
            self.reset_lost_ns += sum(now_ns - since_ns for since_ns in engine.lost.values())

    def walk(self, _time_ns: int, _agent: str, values: tuple[Any, ...]) -> None:
        """Take note of a walk that has ended or was cancelled."""
        name, what, page, entry, took_ns = values
        engine = self._engines.get(name)
        if engine is None:
            return  # the observation unit, which no client uses
        self.walks += 1
        self.walk_ns += took_ns
        if what == "cancelled":
            self.walks_cancelled += 1
            self.walk_lost_ns += took_ns
            return
        slot = page % self._slots[name]
        found = page, entry
        if slot in engine.dropped and engine.dropped.pop(slot) == found:
            self.misses_by_flush += 1
            self.walk_lost_ns += took_ns
        engine.kept[slot] = found

    def unit(self, name: str) -> None:
        """Take note of an invalidation that has dropped the translations of the engine of this name."""
        engine = self._engines.get(name)
        if engine is not None:
            engine.dropped.update(engine.kept)
            engine.kept.clear()

    def context(self, time_ns: int, agent: str, values: tuple[Any, ...]) -> None:
        """Take note of a context that starts or ends; where each starts with an empty TLB, no flush is to blame."""
        name, what = values
        engine = self._engines.get(name)
        if engine is None:
            return
        if what == "start":
            if not engine.contexts:
                engine.busy_since_ns = time_ns
            engine.contexts[agent] = time_ns
            if self._starts_empty:
                engine.kept.clear()
                engine.dropped.clear()
            return
        lost_ns = engine.lost.pop(agent, None)
        if lost_ns is not None:
            self.reset_lost_ns += time_ns - lost_ns
        elif engine.contexts.pop(agent, None) is not None and not engine.contexts:
            self.busy_ns += time_ns - engine.busy_since_ns

    def reset(self, time_ns: int, agent: str, _values: tuple[Any, ...]) -> None:
        """Take note of a reset: every context of the GT is lost."""
        self.resets += 1
        for engine in self._of_gt.get(agent, ()):
            engine.kept.clear()
            engine.dropped.clear()
            if engine.contexts:
                self.busy_ns += time_ns - engine.busy_since_ns
                engine.lost.update(dict.fromkeys(engine.contexts, time_ns))
                engine.contexts.clear()
