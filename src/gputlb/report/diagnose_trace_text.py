"""An explained trace on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.report.plain_text import Page

if TYPE_CHECKING:
    from rich.console import Console

    from gputlb.diagnose.traces import Explanation, Fence, FenceSummary

MOST_ROWS = 20
BAR_CHARACTERS = 40


def print_explanation(explanation: Explanation, console: Console | None = None) -> None:
    """Print what a trace tells, the verdict first."""
    page = Page(console)
    page.paragraph(trace_verdict(explanation), style="bold")
    for note in explanation.notes:
        page.item(f"note: {note}")
    for lane in explanation.fences:
        _print_lane(lane, page)
    troubled = [fence for fence in explanation.fence_list if fence.outcome not in ("answered", "under way")]
    if troubled:
        page.title("Fences without an answer in time")
        page.table(
            ("line", "sent", "where", "seqno", "outcome"),
            [fence_row(fence) for fence in troubled[:MOST_ROWS]],
        )
        page.more(len(troubled) - MOST_ROWS, "fences: see --json")
    if explanation.violations:
        page.title("Broken rules")
        for violation in explanation.violations[:MOST_ROWS]:
            page.item(f"line {violation.line}: {violation.rule}: {violation.register}: {violation.text}")
        page.more(
            len(explanation.violations) - MOST_ROWS + explanation.violations_left_out,
            "violations: see --json",
        )
    for rule, reason in explanation.not_checked.items():
        page.item(f"not checked: {rule}: {reason}")
    if explanation.registers:
        page.title("Registers")
        rows = [
            (f"0x{row.offset:x}", row.name, row.purpose or "-", str(row.reads), str(row.writes))
            for row in explanation.registers[:MOST_ROWS]
        ]
        page.table(("offset", "register", "purpose", "reads", "writes"), rows)
        page.more(len(explanation.registers) - MOST_ROWS, "registers: see --json")
    for domain, counted in sorted(explanation.forcewake.items()):
        page.item(f"forcewake {domain}: {counted['requests']} requests, {counted['releases']} releases")
    for reset in explanation.resets[:MOST_ROWS]:
        page.item(f"reset at {reset}")
    for flush in explanation.gt_traces[:MOST_ROWS]:
        engines = ", ".join(flush.engines) or "none: every engine was asleep"
        page.item(f"line {flush.line}: {flush.device or 'the driver'} invalidated {engines}")
    if explanation.vma_binds or explanation.vma_unbinds:
        page.item(f"i915 VMAs: {explanation.vma_binds} bound, {explanation.vma_unbinds} unbound")
    lost = f", {explanation.lost_events} lost" if explanation.lost_events else ""
    page.remark(
        f"{explanation.name}: {explanation.format}, {explanation.n_events} events ({explanation.markers} markers){lost}"
    )


def trace_verdict(explanation: Explanation) -> str:
    """Return one short paragraph."""
    lanes = explanation.fences
    sentences = []
    if lanes:
        sent = sum(lane.sent for lane in lanes)
        sentences.append(f"{sent} invalidations were sent, {sum(lane.answered for lane in lanes)} answered in time.")
        parts = [
            (
                sum(lane.late for lane in lanes),
                "timed out while the firmware went on answering (late, not lost)",
            ),
            (sum(lane.lost for lane in lanes), "timed out with no answer to anything afterwards (lost)"),
            (sum(lane.unanswered for lane in lanes), "got neither answer nor timeout"),
            (sum(lane.under_way for lane in lanes), "were still under way when the trace ended"),
        ]
        sentences += [f"{count} {words}." for count, words in parts if count]
    if explanation.tlb_register_writes:
        sentences.append(
            f"{explanation.tlb_register_writes} writes to TLB invalidation registers in "
            f"{explanation.flushes_checked} flushes were checked: "
            + (
                f"{len(explanation.violations) + explanation.violations_left_out} broke a rule."
                if explanation.violations
                else "all rules kept."
            )
        )
    elif explanation.registers:
        sentences.append(
            f"{explanation.n_i915_reg_rw + explanation.n_xe_reg_rw} register accesses, none to a TLB "
            "invalidation register."
        )
    if not sentences:
        sentences.append("Nothing about TLB invalidation in this trace.")
    return " ".join(sentences)


def lane_name(lane: FenceSummary | Fence) -> str:
    """Return `0000:03:00.0 GT0`, as far as the trace tells."""
    return (lane.device or "device unknown") + (f" GT{lane.gt}" if lane.gt is not None else "")


def fence_row(fence: Fence) -> tuple[str, str, str, str, str]:
    """Return a fence as cells."""
    sent = f"{fence.sent_at:.6f}" if fence.sent_at is not None else ""
    return (str(fence.line), sent, lane_name(fence), str(fence.seqno), fence.outcome)


def microseconds(value_us: float) -> str:
    """Return a time with a fitting unit."""
    if value_us < 1000:
        return f"{value_us:g} µs"
    return f"{value_us / 1000:.4g} ms" if value_us < 1_000_000 else f"{value_us / 1_000_000:.4g} s"


def _print_lane(lane: FenceSummary, page: Page) -> None:
    page.title(lane_name(lane))
    page.item(f"{lane.sent} sent, {lane.answered} answered, at most {lane.most_in_flight} in flight")
    latency = lane.latency
    if latency is None:
        return
    quantiles = (
        ("min", latency.min_us),
        ("median", latency.p50_us),
        ("95 %", latency.p95_us),
        ("99 %", latency.p99_us),
        ("max", latency.max_us),
    )
    page.item("send to signal: " + ", ".join(f"{name} {microseconds(value)}" for name, value in quantiles))
    most = max(count for _, count in latency.histogram)
    rows = [
        (f"≤ {microseconds(bound)}", str(count), "█" * max(1, round(count / most * BAR_CHARACTERS)))
        for bound, count in latency.histogram
    ]
    page.table(("latency", "count", ""), rows)
