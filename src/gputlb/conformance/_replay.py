"""Running the driver through a vector's scenario, and comparing what it did event by event."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.conformance._recorded_hardware import ContendedMutex, NotedGuc, NotedUncore, RecordedRegisters
from gputlb.driver import EngineDescription, Gt, GtDescription, ProbeFailed, Scheme, Tlb, scheme
from gputlb.facts import Version
from gputlb.runtime import DirectRuntime, Recorder, SteppedClock

if TYPE_CHECKING:
    from gputlb.conformance._vectors import Call, Scenario, Vector
    from gputlb.runtime import Event

VectorEvent = list[object]

_FREE_TEXT = "WARN_ON"
"""A warning that quotes the failed C condition: its words are free, that it is given is not."""
_OFFSET_KINDS = frozenset({"write", "mcr_write", "wait", "mcr_wait", "sem_wait"})
_UNLISTED_KINDS = frozenset({"skip", "fw_awake", "fw_asleep"})
_LARGEST_BAR_BYTES = 16 << 20


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
    """The last events that agree."""


def compare(where: str, vector: Vector) -> Mismatch | None:
    """Replay the vector's scenario; return the first difference, or None if there is none."""
    got = replay(vector.scenario, where)
    for index, (ours, theirs) in enumerate(zip_longest(got, vector.events)):
        if ours is None or theirs is None or not _same(ours, theirs):
            before = tuple(got[max(0, index - 3) : index])
            return Mismatch(where, vector.scenario.id, vector.scenario.category, index, theirs, ours, before)
    return None


def replay(scenario: Scenario, where: str = "vector") -> list[VectorEvent]:
    """Run the driver through `scenario` and return the events, in the shape of a vector's."""
    runtime = DirectRuntime(clock=SteppedClock())
    recorder = Recorder(runtime.events)
    registers = RecordedRegisters(runtime, scenario.wait_results, _LARGEST_BAR_BYTES, where)
    mutex = ContendedMutex(runtime)
    gt = Gt(
        runtime,
        registers,
        _description(scenario),
        awake=[engine.name for engine in scenario.engines if engine.awake],
        pm_references=int(scenario.gt_awake),
        mock=scenario.selftest_no_device,
        wedged=scenario.wedged,
        uncore=NotedUncore(runtime, registers),
        guc=NotedGuc(runtime, scenario.guc_ready),
    )
    tlb = Tlb(gt, _scheme(scenario)(gt), seqno=scenario.seqno_start, invalidate_lock=mutex)
    mutex.tlb = tlb
    runtime.run(_calls(tlb, mutex, scenario))
    return [_in_vector_shape(event) for event in recorder if event.kind not in _UNLISTED_KINDS]


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
    if ours[0] == theirs[0] == "warn" and _FREE_TEXT in str(ours[1]) and len(theirs) == len(ours):
        return _FREE_TEXT in str(theirs[1]) or ours == theirs
    return ours == theirs
