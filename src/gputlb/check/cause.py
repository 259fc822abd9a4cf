"""Why a flush did not help: read off the witness, for the sentence of a story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gputlb import facts
from gputlb.check.reached_flush import FLUSHED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gputlb.check.model import Model
    from gputlb.explore import Step
    from gputlb.runtime import Event

_WRITES = {"write", "mcr_write"}
_WAITS = {"wait", "mcr_wait"}
_ENDS = {"seqno", "skip"}
"""Events with which a client is through with one GT."""


def why(model: Model[Any], engine: str, client: int, steps: Sequence[Step], events: Sequence[Event]) -> str:
    """Return why `engine` still had a translation that `client` believed flushed: the second half of a sentence."""
    return _Witness(model, engine, steps, events).why(f"client{client}", client)


def why_not_reached(model: Model[Any], engine: str, agent: str, steps: Sequence[Step], events: Sequence[Event]) -> str:
    """Return why the flush that `agent` is about to count did not reach `engine`."""
    witness = _Witness(model, engine, steps, events)
    ends = [index for index, event in enumerate(events) if event.agent == agent and event.kind in _ENDS]
    flush = [event for event in events[ends[-1] + 1 if ends else 0 :] if event.agent == agent]
    if not any(event.kind == FLUSHED for event in flush):
        return "it was counted before it was done"
    return witness.why_no_use(flush, agent)


class _Witness:
    """A witness with the engine whose translation was stale."""

    def __init__(self, model: Model[Any], engine: str, steps: Sequence[Step], events: Sequence[Event]) -> None:
        self._model = model
        self._engine = engine
        self._steps = steps
        self._events = events
        self._units = [unit for unit in model.gpu.units if unit.name == engine]
        # Of the GTs that are explored, which need not be all of the platform's.
        self._place = next((i for i, gt in enumerate(model.gts) if any(each.name == engine for each in gt.engines)), 0)
        self._gt = model.gts[self._place].id
        self._cells = {step.cell or "" for step in steps}

    def why(self, agent: str, client: int) -> str:
        """Return why the flush that `agent` counted on did not help."""
        stamp = f"object{client}.mm.tlb{self._gt}"
        if stamp not in self._cells:
            others = [f"GT{gt.id}" for gt in self._model.gts if f"object{client}.mm.tlb{gt.id}" in self._cells]
            return f"nobody flushed GT{self._gt}, as the object carried a stamp for {' and '.join(others)} alone"
        bound = self._last(lambda step: step.cell == f"ppgtt.pte{client}" and bool(step.after))
        cleared = self._last(lambda step: step.cell == f"ppgtt.pte{client}" and bool(step.before) and not step.after)
        if cleared < bound:  # the clearing has not come to memory at all
            cleared = self._steps[-1].transition + 1
        released = self._releases(agent)
        if self._place >= len(released):
            if not any(step.cell == stamp and step.operation.startswith("store") for step in self._steps):
                return "no flush was asked for, as its object was never stamped"
            return "no flush was asked for, as its stamp was 0, which says that nothing is pending"
        end, flush = released[self._place]
        if end.kind == "seqno":
            return self.why_no_use(flush, agent, cleared, client)
        reason = str(end.values[0])
        if reason.startswith("passed"):
            stamped = self._last(lambda step: step.cell == stamp and step.before != step.after != 0)
            return self._why_passed(client, cleared, stamped)
        awake = self._why_awake(self._engine, client, cleared)
        return {
            "asleep": f"its flush was skipped, as the GT was asleep, but {awake}",
            "wedged": "its flush was skipped, as the GT was marked as given up before the reset had dropped its TLBs",
        }.get(reason, f"its flush was skipped ({reason})")

    def _why_passed(self, client: int, cleared: int, stamped: int) -> str:
        counted = [step for step in self._steps if self._counts(step)]
        if not counted:
            return "its flush was skipped, as one was believed to have passed, and none ever had"
        skipped = "its flush was skipped, as the counter said that one had passed since"
        flusher = counted[-1].agent
        dropped = [step.transition for step in self._steps if self._drops(step)]
        if dropped and dropped[-1] > cleared:
            return f"{skipped}; {self.why_no_use(self._last_flush(flusher), flusher, cleared, client)}"
        if any(number < counted[-1].transition for number in dropped):
            if stamped < cleared:
                buffered = f"cpu{client}.buffer" in self._cells
                where = ", whose clearing still stood in its CPU's store buffer" if buffered else " was cleared"
                return f"{skipped}; but the stamp was taken before the entry{where}"
            return f"{skipped}; but that one had begun before the entry was cleared"
        if any(self._requests(step) for step in self._steps) or self._asks_later(counted[-1]):
            return f"{skipped}; but {_spoken(flusher)} had counted it before it was done"
        return f"{skipped}; but {self.why_no_use(self._last_flush(flusher), flusher, cleared, client)}"

    def _why_awake(self, it: str, client: int | None, cleared: int) -> str:
        """Return how the engine, spoken of as `it`, came to `client`'s translation though it or its GT was asleep."""
        engine = self._engine
        if engine == "oa":
            return "the OA unit, which is on all the time, kept what it had"
        woke = self._last(lambda step: step.cell == f"{engine}.contexts" and not step.before and bool(step.after))
        walked = self._last(lambda step: step.cell == f"{engine}.walking{client}" and step.after == 1)
        if f"cpu{client}.buffer" in self._cells and woke < walked < cleared:
            where = f"the store buffer of client {client}'s CPU"
            return f"{it} woke up and walked the entry, whose clearing still stood in {where}"
        return f"{it} woke up with what it had kept"

    def why_no_use(self, flush: Sequence[Event], agent: str, cleared: int = 0, client: int | None = None) -> str:
        """Return what was wrong with a flush that was carried out by `agent`, of which `flush` are the events."""
        engine = self._engine
        written = [event for event in flush if event.kind in _WRITES and self._kind(event).startswith("tlb_inv")]
        waited = [event for event in flush if event.kind in _WAITS]
        own = [facts.register_named(unit.requests.name.rpartition(".")[2]) for unit in self._units]
        asked = [event for event in written if any(event.values[0] == row.offset for row in own)]
        answers = [event.values[-1] for event in waited if any(event.values[0] == row.offset for row in own)]
        if engine == "oa":
            if not asked:
                return "nobody asked the OA unit to drop its TLB"
            if not answers:
                return "the OA unit was asked to drop its TLB, but nobody waited until it had"
        if not asked:
            return self._why_not_asked(flush, written, own, self._why_awake("it", client, cleared))
        if not self._bits_of(asked):
            return f"the flush wrote {own[0].name} without the bit of {engine}"
        if self._ignored(flush):
            return (
                f"the request to {own[0].name} was ignored, its mask bits were not set"
                if all(int(event.values[1]) >> 16 == 0 for event in asked)  # type: ignore[call-overload]
                else f"the request to {own[0].name} reached one copy of it alone, where accesses were steered to"
            )
        if "timeout" in answers:
            return (
                f"{engine} had not dropped its TLB when the driver gave up waiting, and the flush was counted as done"
            )
        requested = self._last(lambda step: step.agent == agent and self._requests(step))
        dropped = self._last(self._drops)
        if dropped < requested:
            if self._last(self._resets) > requested:
                return "a reset cleared the request, which the driver took for done, and left the TLB as it was"
            return f"{engine} had not dropped its TLB yet when the flush was counted"
        if self._walked(dropped, cleared):
            return "a page walk that had read the entry before it was cleared filled the TLB after the invalidation"
        return "the TLB was filled again, or kept its translation, after the invalidation"

    def _why_not_asked(
        self, flush: Sequence[Event], written: Sequence[Event], own: Sequence[facts.Register], awake: str
    ) -> str:
        engine = self._engine
        states = [
            bool(event.values[1]) for event in flush if event.kind == "engine_awake" and event.values[0] == engine
        ]
        if states and not states[-1]:
            return f"the flush left {engine} out, as it was asleep when asked, but {awake}"
        if not states or not written or not own:
            return f"the flush left {engine} out: the scheme has no request for it"
        names = " and ".join(dict.fromkeys(map(self._register, written)))
        return f"the flush wrote {names}, and {engine} drops its TLB by {own[0].name} alone"

    def _releases(self, agent: str) -> list[tuple[Event, list[Event]]]:
        """Return, for the agent's last release, how it ended on each GT and what led there."""
        done: list[tuple[Event, list[Event]]] = []
        flush: list[Event] = []
        for event in self._events:
            if event.agent != agent:
                continue
            if event.kind in _ENDS:
                done.append((event, flush))
                flush = []
            else:
                flush.append(event)
        stamps = f"object{agent.removeprefix('client')}.mm.tlb"
        gts = sum(cell.startswith(stamps) for cell in self._cells)
        return done[-gts:] if gts else []

    def _last_flush(self, agent: str) -> list[Event]:
        flush: list[Event] = []
        last: list[Event] = []
        for event in self._events:
            if event.agent != agent:
                continue
            flush.append(event)
            if event.kind in _ENDS:
                if event.kind == "seqno":
                    last = flush
                flush = []
        return last

    def _last(self, wanted: Callable[[Step], bool]) -> int:
        return max((step.transition for step in self._steps if wanted(step)), default=0)

    def _counts(self, step: Step) -> bool:
        return step.cell == f"gt{self._gt}.tlb.seqno" and step.before != step.after

    def _drops(self, step: Step) -> bool:
        return any(
            step.agent == f"{unit.name} unit"
            and step.cell == unit.requests.name
            and (step.before or 0) & unit.bit > (step.after or 0) & unit.bit
            for unit in self._units
        )

    def _requests(self, step: Step) -> bool:
        return any(
            step.cell == unit.requests.name and (step.after or 0) & unit.bit > (step.before or 0) & unit.bit
            for unit in self._units
        )

    def _resets(self, step: Step) -> bool:
        return step.agent.endswith("reset unit") and any(step.cell == unit.requests.name for unit in self._units)

    def _walked(self, dropped: int, cleared: int) -> bool:
        """Tell whether a walk that read the entry before it was cleared outlived the drop."""
        begun = self._last(lambda step: (step.cell or "").startswith(f"{self._engine}.walking") and step.after == 1)
        return 0 < begun < dropped and (begun < cleared or not cleared)

    def _asks_later(self, count: Step) -> bool:
        """Tell whether who counted had not come to its requests by then."""
        return not any(event.agent == count.agent and event.kind in _WRITES for event in self._events)

    def _ignored(self, flush: Sequence[Event]) -> bool:
        return any(
            event.kind == "request_ignored" and any(event.values[0] == unit.requests.name for unit in self._units)
            for event in flush
        )

    def _bits_of(self, asked: Sequence[Event]) -> bool:
        return any(int(event.values[1]) & unit.bit for event in asked for unit in self._units)  # type: ignore[call-overload]

    def _row_at(self, event: Event) -> facts.Register | None:
        offset = event.values[0]
        assert isinstance(offset, int)
        absolute = self._model.gts[self._place].uncore.absolute(offset)
        return facts.register_at(absolute, self._model.platform)

    def _kind(self, event: Event) -> str:
        row = self._row_at(event)
        return row.kind if row else ""

    def _register(self, event: Event) -> str:
        """Return a register's name, with the class of engines that it serves."""
        row = self._row_at(event)
        assert row is not None, "registers of invalidation are recorded"
        if row.engine_class is None:
            return row.name
        return f"{row.name} ({facts.engine_class(row.engine_class).name.replace('_', ' ')} engines)"


def _spoken(agent: str) -> str:
    return agent.replace("client", "client ")
