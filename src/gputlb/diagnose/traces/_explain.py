"""A whole trace, read and explained."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from gputlb import facts
from gputlb.diagnose._errors import UnreadableInput
from gputlb.diagnose.traces._fences import Fence, FenceReader, FenceSummary
from gputlb.diagnose.traces._registers import RegisterCount, RegisterReader, access_in
from gputlb.diagnose.traces._rules import RuleChecker, Violation, engine_names
from gputlb.diagnose.traces._text import Header, Lost, TraceLine, TraceParser

if TYPE_CHECKING:
    from collections.abc import Collection

    from gputlb.diagnose.traces._sources import Trace
    from gputlb.diagnose.traces._vmas import VmaHistory

TRACE_SCHEMA = "gputlb.trace/1"
MOST_GT_TRACES = 1_000

STOCK_KERNELS_DO_NOT_TRACE = (
    "The register accesses of this trace hold no TLB invalidation. That proves nothing: stock kernels do "
    "not trace them. "
    "i915 writes and polls these registers with its raw accessors, which have no tracepoint (Linux 6.12)."
)
_INVALIDATED = re.compile(
    r"(?:(?P<device>[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d) )?invalidated engines (?P<mask>[0-9a-f]{1,16})\b"
)
_ACCESSES = frozenset({"i915_reg_rw", "xe_reg_rw"})
_PRINTK = ("bprint", "print")
_PRINTED_BY = re.compile(r"^\s*(?P<function>[\w.]+):\s*(?P<text>.*)$")


class GtTrace(msgspec.Struct):
    """The driver's own word on one flush (CONFIG_DRM_I915_TRACE_GEM)."""

    device: str | None
    time: float
    line: int
    mask: int
    engines: list[str]


class Explanation(msgspec.Struct, kw_only=True):
    """What a trace tells about TLB invalidation."""

    schema: str = TRACE_SCHEMA
    name: str
    format: str
    n_events: int
    """Every event line, markers included."""
    n_i915_reg_rw: int
    n_xe_reg_rw: int
    markers: int
    """Lines that somebody wrote into trace_marker."""
    lost_events: int
    first_time: float | None
    last_time: float | None
    fences: list[FenceSummary]
    fence_list: list[Fence]
    fences_left_out: int
    began_before: int
    """Fences signalled whose send lies before the trace."""
    vma_binds: int
    vma_unbinds: int
    gt_traces: list[GtTrace]
    gt_traces_left_out: int
    registers: list[RegisterCount]
    tlb_register_writes: int
    forcewake: dict[str, dict[str, int]]
    resets: list[str]
    flushes_checked: int
    violations: list[Violation]
    violations_left_out: int
    not_checked: dict[str, str]
    notes: list[str]

    @property
    def bad(self) -> bool:
        """Whether anything went wrong: unanswered or timed-out fences, broken rules."""
        return bool(self.violations) or any(lane.late + lane.lost + lane.unanswered for lane in self.fences)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def explain_trace(
    trace: Trace, *, platform: str | None = None, awake: Collection[str] = (), vmas: VmaHistory | None = None
) -> Explanation:
    """Read a trace and return what it tells.

    Args:
        trace: the trace, as `open_trace` returns it.
        platform: a platform's name or PCI id, for register names and forcewake domains.
        awake: engines that were awake at every flush, such as `rcs0`.
        vmas: follows what is bound and unbound meanwhile, since a trace on standard input can be read only once.

    Raises:
        UnreadableInput: where nothing in it looks like a trace; as `VmaHistory.read`.
        UnknownFact: for a platform or an engine that is not in the tables.
    """
    part = facts.platform(platform) if platform is not None else None
    parser, fences, registers, rules = (
        TraceParser(),
        FenceReader(),
        RegisterReader(part),
        RuleChecker(part, awake),
    )
    counts: Counter[str] = Counter()
    markers = lost = gt_left_out = number = n_events = 0
    first: float | None = None
    last = 0.0
    gt_traces: list[GtTrace] = []
    parse, read_fence, read_register, check = parser.parse, fences.read, registers.read, rules.read
    for number, line in enumerate(trace.lines(), 1):
        event = parse(line, number)
        if not isinstance(event, TraceLine):
            if event is not None:
                lost += event.events if isinstance(event, Lost) else _overwritten(event)
            continue
        n_events += 1
        if first is None:
            first = event.time
        last = event.time
        name = event.name
        if vmas is not None:
            vmas.read(event)
        if name in _ACCESSES:
            counts[name] += 1
            access = access_in(event)
            if access is not None:
                check(access, read_register(access))
        elif name.startswith("xe_") and read_fence(event):
            pass
        elif name == "tracing_mark_write" or (name in _PRINTK and event.fields.startswith("tracing_mark_write:")):
            markers += 1
        elif name in ("i915_vma_bind", "i915_vma_unbind"):
            counts[name] += 1
        elif "invalidated engines" in event.fields:
            found = _gt_trace(event)
            if found is not None:
                rules.engines_invalidated(found.mask, found.time, found.line)
                if len(gt_traces) < MOST_GT_TRACES:
                    gt_traces.append(found)
                else:
                    gt_left_out += 1
    if n_events == 0:
        raise UnreadableInput(
            f"{trace.name}: "
            f"{'is empty' if number == 0 else f'none of its {number} lines is a trace event'}; "
            "expected the text of tracefs, `trace-cmd report` or `perf script`, or a trace.dat"
        )
    lanes = fences.finish(last)
    rules.finish()
    notes = _notes(counts, registers, fences, lost, has_gt_traces=bool(gt_traces))
    return Explanation(
        name=trace.name,
        format=parser.format,
        n_events=n_events,
        n_i915_reg_rw=counts["i915_reg_rw"],
        n_xe_reg_rw=counts["xe_reg_rw"],
        markers=markers,
        lost_events=lost,
        first_time=first,
        last_time=last,
        fences=lanes,
        fence_list=fences.fences,
        fences_left_out=fences.left_out,
        began_before=fences.began_before,
        vma_binds=counts["i915_vma_bind"],
        vma_unbinds=counts["i915_vma_unbind"],
        gt_traces=gt_traces,
        gt_traces_left_out=gt_left_out,
        registers=registers.counts(),
        tlb_register_writes=registers.tlb_writes,
        forcewake={domain: {**counted} for domain, counted in registers.forcewake.items()},
        resets=registers.resets,
        flushes_checked=rules.flushes,
        violations=rules.violations,
        violations_left_out=rules.left_out,
        not_checked=rules.not_checked() if registers.tlb_writes else {},
        notes=notes,
    )


def _overwritten(header: Header) -> int:
    return max(0, header.written - header.kept)


def _gt_trace(event: TraceLine) -> GtTrace | None:
    found = _INVALIDATED.search(event.fields)
    if found is None:
        return None
    mask = int(found["mask"], 16)
    return GtTrace(found["device"], event.time, event.line, mask, engine_names(mask))


def _notes(
    counts: Counter[str], registers: RegisterReader, fences: FenceReader, lost: int, *, has_gt_traces: bool
) -> list[str]:
    notes = []
    if registers.accesses and not registers.tlb_writes:
        notes.append(STOCK_KERNELS_DO_NOT_TRACE)
    if not registers.accesses and not fences.events and not has_gt_traces:
        notes.append(
            "No event of this trace is about TLB invalidation: no xe fences, no register accesses, no GT "
            "trace. "
            "Record xe:xe_tlb_inval_fence_* (up to Linux 6.17 xe:xe_gt_tlb_invalidation_fence_*) with "
            "xe:xe_guc_ctb_*, or i915:i915_reg_rw; stock kernels do not trace i915's MMIO TLB writes at all."
        )
    if lost:
        notes.append(f"{lost} events were lost: a fence without an answer may have had one that was not recorded.")
    if fences.began_before:
        notes.append(f"{fences.began_before} fences were signalled whose request lies before the trace.")
    if counts["i915_reg_rw"] + counts["xe_reg_rw"] > registers.accesses:
        unread = counts["i915_reg_rw"] + counts["xe_reg_rw"] - registers.accesses
        notes.append(
            f"{unread} register events have fields of an unknown shape (raw output, -R?) and were only counted."
        )
    return notes
