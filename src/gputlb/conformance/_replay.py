"""Running the driver through a vector's scenario, and comparing what it did event by event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.conformance._recorded_hardware import ContendedMutex, NotedGuc, NotedUncore, RecordedRegisters
from gputlb.driver import EngineDescription, Gt, GtDescription, ProbeFailed, Scheme, Tlb, scheme
from gputlb.facts import Version
from gputlb.runtime import DirectRuntime, SteppedClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.conformance._vectors import Call, Scenario, Vector
    from gputlb.runtime import Event

VectorEvent = list[object]

_FREE_TEXT = "WARN_ON"
"""A warning that quotes the failed C condition: its words are free, that it is given is not."""
_OFFSET_KINDS = frozenset({"write", "mcr_write", "wait", "mcr_wait", "sem_wait"})
_UNLISTED_KINDS = frozenset({"skip", "fw_awake", "fw_asleep"})
_LARGEST_BAR_BYTES = 16 << 20
_SHOWN_BEFORE = 3


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A vector whose events differ: the first place where they do."""

    where: str
    """`file:line`."""
    id: str
    category: str
    index: int
    """Number of the first differing event, from 0."""
    expected: VectorEvent | None
    """What the reference did there; None if it had ended."""
    got: VectorEvent | None
    before: tuple[VectorEvent, ...]
    """The last events that agree, three at most."""


def compare(where: str, vector: Vector) -> Mismatch | None:
    """Replay the vector's scenario; return the first difference, or None if there is none.

    The replay ends at the first difference: what a scenario can cost is bounded by the events recorded for it.
    """
    comparison = _Comparison(vector.events)
    try:
        _run(vector.scenario, where, comparison)
    except _Different:
        pass
    else:
        if comparison.index == len(vector.events):
            return None
    index, scenario = comparison.index, vector.scenario
    before = tuple(vector.events[max(0, index - _SHOWN_BEFORE) : index])
    expected = vector.events[index] if index < len(vector.events) else None
    return Mismatch(where, scenario.id, scenario.category, index, expected, comparison.got, before)


def replay(scenario: Scenario, where: str = "vector") -> list[VectorEvent]:
    """Run the driver through `scenario` and return the events, in the shape of a vector's."""
    events: list[VectorEvent] = []
    _run(scenario, where, events.append)
    return events


class _Different(Exception):
    """The driver has left the recorded path."""


class _Comparison:
    """Takes the driver's events one by one, and stops it at the first that was not recorded."""

    def __init__(self, expected: list[VectorEvent]) -> None:
        self._expected = expected
        self.index = 0
        self.got: VectorEvent | None = None
        self._over = False

    def __call__(self, event: VectorEvent) -> None:
        if self._over:  # on its way out the driver still unlocks what it holds
            return
        if self.index == len(self._expected) or not _same(event, self._expected[self.index]):
            self.got = event
            self._over = True
            raise _Different
        self.index += 1


def _run(scenario: Scenario, where: str, take: Callable[[VectorEvent], object]) -> None:
    def listen(event: Event) -> None:
        if event.kind not in _UNLISTED_KINDS:
            take(_in_vector_shape(event))

    runtime = DirectRuntime(clock=SteppedClock())
    registers = RecordedRegisters(runtime, scenario.wait_results, _LARGEST_BAR_BYTES, where)
    mutex = ContendedMutex(runtime)
    description = _description(scenario)
    pairs = zip(description.engines, scenario.engines, strict=True)
    runtime.events.listen(listen)
    gt = Gt(
        runtime,
        registers,
        description,
        awake=[engine for engine, recorded in pairs if recorded.awake],
        pm_references=int(scenario.gt_awake),
        mock=scenario.selftest_no_device,
        wedged=scenario.wedged,
        uncore=NotedUncore(runtime, registers),
        guc=NotedGuc(runtime, scenario.guc_ready),
    )
    tlb = Tlb(gt, _scheme(scenario)(gt), seqno=scenario.seqno_start, invalidate_lock=mutex)
    mutex.tlb = tlb
    runtime.run(_calls(tlb, mutex, scenario))


async def _calls(tlb: Tlb, mutex: ContendedMutex, scenario: Scenario) -> None:
    try:
        await tlb.scheme.set_up()
    except ProbeFailed:
        return
    for call in scenario.calls:
        mutex.flushes_by_others = call.contended
        tlb.gt.runtime.emit("return", await _call(tlb, call))


async def _call(tlb: Tlb, call: Call) -> int | None:
    if call.op == "seqno":
        return await tlb.seqno()
    if call.op == "next_invalidate":
        return await tlb.next_invalidate_full()
    assert call.seqno is not None, "checked when the vector was read"
    await tlb.invalidate_full(call.seqno)
    return None


def _scheme(scenario: Scenario) -> type[Scheme]:
    return scheme("mmio-2022" if scenario.revision == "2022-07-patch" else "guc")


def _description(scenario: Scenario) -> GtDescription:
    return GtDescription(
        platform=scenario.platform,
        graphics=Version(scenario.graphics_ver, scenario.graphics_rel),
        media=Version(scenario.media_ver, scenario.media_rel),
        engines=tuple(
            EngineDescription(engine.name, engine.engine_class, engine.instance) for engine in scenario.engines
        ),
        gt_type=scenario.gt_type,
        gt_id=scenario.gt_id,
        has_oa_workaround=any(row.wa_2207587034 for row in facts.platforms() if row.kernel == scenario.platform),
        guc_tlb_invalidation=scenario.guc_tlb_invalidation,
    )


def _in_vector_shape(event: Event) -> VectorEvent:
    if event.kind in _OFFSET_KINDS:
        offset, *rest = event.values
        return [event.kind, f"{offset:#x}", *rest]
    return [event.kind, *event.values]


def _same(ours: VectorEvent, theirs: VectorEvent) -> bool:
    """Tell whether two events are equal, `true` and 1 being different things."""
    if ours == theirs:
        return list(map(type, ours)) == list(map(type, theirs))
    return (
        ours[0] == "warn" == theirs[0]
        and len(theirs) == len(ours)
        and _FREE_TEXT in str(ours[1])
        and _FREE_TEXT in str(theirs[1])
    )
