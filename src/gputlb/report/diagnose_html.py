"""Diagnoses and traces as one HTML file that loads nothing from anywhere."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from gputlb.facts.messages import invalidation_waits
from gputlb.report.diagnose_svg import Dot, Mark, histogram, scatter, timeline
from gputlb.report.diagnose_text import (
    class_words,
    cut_off_words,
    distinct_advice,
    incident_lines,
    left_out_words,
    machine_rows,
    recovery_words,
    timeline_rows,
    what_happened,
)
from gputlb.report.diagnose_trace_text import fence_row, lane_name, microseconds, trace_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gputlb.diagnose import Diagnosis, Event, LogRead
    from gputlb.diagnose.traces import Explanation

MOST_MARKS = 2_000
MOST_ROWS = 400

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--quiet:#5b6470;--paper:#fff;--card:#f4f6f8;--line:#d5dae0;
--tlb:#b3261e;--firmware:#8e44ad;--hang:#c77700;--reset:#2a6fb0;--good:#1d7d46;--effect:#7b8794}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaee;--quiet:#9aa5b1;--paper:#14171a;--card:#1e2328;
  --line:#39424c;
--tlb:#ff7b72;--firmware:#d2a8ff;--hang:#ffb454;--reset:#79b8ff;--good:#56d48a;--effect:#8b98a5}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1000px;padding:24px;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.3rem;margin:0 0 4px}
h2{font-size:1.1rem;margin:32px 0 8px}
h3{font-size:1rem;margin:0 0 4px}
.quiet{color:var(--quiet);font-size:.9rem}
.verdict{font-size:1.15rem;padding:16px 20px;background:var(--card);border-left:5px solid var(--tlb);
  border-radius:4px}
.verdict.fine{border-color:var(--good)}
.card{background:var(--card);border-radius:6px;padding:14px 18px;margin:12px 0}
.badge{display:inline-block;padding:0 8px;border-radius:10px;border:1px solid currentColor;
  font-size:.85rem;margin-left:6px}
.bad{color:var(--tlb)}
.ok{color:var(--good)}
.unsure{color:var(--hang)}
ul{margin:6px 0;padding-left:20px}
li{margin:2px 0}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:4px;
  padding:6px 10px;margin:4px 0}
.scroll{overflow-x:auto}
.verdict,.card,.quiet,td{overflow-wrap:anywhere}
.drawing{overflow-x:auto}
.drawing svg{min-width:640px}
@media(max-width:640px){body{padding:14px}.verdict{padding:12px 14px}.card{padding:10px 12px}
  table:has(td:nth-child(4)){min-width:600px}}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--quiet);font-weight:600}
svg{width:100%;height:auto;background:var(--card);border-radius:6px}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}
svg .note{fill:var(--quiet);font-size:11px}
svg .lane,svg .grid{stroke:var(--line)}
svg .guide{stroke:var(--quiet);stroke-dasharray:5 4}
svg .tlb{fill:var(--tlb)}
svg .firmware,svg .unreachable{fill:var(--firmware)}
svg .hang{fill:var(--hang)}
svg .reset{fill:var(--reset)}
svg .good,svg .bar{fill:var(--good)}
svg .effect{fill:var(--effect)}
.legend span{margin-right:14px}
.legend i{display:inline-block;width:10px;height:10px;margin-right:5px;border-radius:2px}
"""
_ROLE_STYLE = {
    "firmware": "firmware",
    "unreachable": "unreachable",
    "hang": "hang",
    "reset_started": "reset",
    "reset_failed": "reset",
    "reset_done": "good",
    "wedged": "hang",
    "effect": "effect",
}
_LEGEND = (
    ("tlb", "TLB invalidation"),
    ("firmware", "firmware, power, bus"),
    ("hang", "hang"),
    ("reset", "reset"),
    ("good", "reset done"),
    ("effect", "consequence"),
)


def diagnosis_html(diagnosis: Diagnosis) -> str:
    """Return the whole page."""
    fine = "" if diagnosis.incidents else " fine"
    body = [
        f'<p class="verdict{fine}">{escape(diagnosis.verdict)}</p>',
        _drawing(diagnosis.events),
        *(_spacing_plot(diagnosis.events)),
        _incident_cards(diagnosis),
        _advice_cards(diagnosis),
        _event_table(diagnosis),
        _section("Machine, as the log shows it", _table(("what", "value"), machine_rows(diagnosis))),
        _fix_table(diagnosis),
    ]
    body += [_note(cut_off_words(log.name)) for log in diagnosis.logs if log.cut_off]
    logs = ", ".join(f"{log.name} ({log.shape}, {_how_much(log)})" for log in diagnosis.logs)
    return _page("GPU TLB invalidation: what went wrong", logs, body)


def trace_html(explanation: Explanation) -> str:
    """Return the whole page."""
    body = [f'<p class="verdict{"" if explanation.bad else " fine"}">{escape(trace_verdict(explanation))}</p>']
    body += [f'<p class="quiet">{escape(note)}</p>' for note in explanation.notes]
    kept = explanation.fence_list[:MOST_MARKS]
    dots = [
        Dot(
            fence.sent_at,
            fence.latency_us,
            "good",
            f"{lane_name(fence)} seqno {fence.seqno}: {microseconds(fence.latency_us)}",
        )
        for fence in kept
        if fence.sent_at is not None and fence.latency_us is not None
    ]
    if dots:
        plot = scatter(
            dots, x_label="seconds from the first request", y_label="send to signal, µs",
            guides=((2_250_000.0, "xe gives up after 2.25 s"),),
        )  # fmt: skip
        left = (
            f'<p class="quiet">{explanation.fences_left_out} further fences are not drawn.</p>'
            if explanation.fences_left_out
            else ""
        )
        body.append(_section("Latency of each request", plot + left))
    for lane in explanation.fences:
        if lane.latency is not None:
            buckets = [(f"≤ {microseconds(bound)}", count) for bound, count in lane.latency.histogram]
            facts = (
                f"{lane.sent} sent, {lane.answered} answered, {lane.late} late, {lane.lost} lost, "
                f"{lane.unanswered} unanswered, "
                f"at most {lane.most_in_flight} in flight; median {microseconds(lane.latency.p50_us)}, "
                f"99 % {microseconds(lane.latency.p99_us)}, max {microseconds(lane.latency.max_us)}"
            )
            title = f"Latencies of {lane_name(lane)}"
            body.append(_section(title, f"<p>{escape(facts)}</p>" + histogram(buckets, title)))
    troubled = [fence for fence in explanation.fence_list if fence.outcome not in ("answered", "under way")]
    if troubled:
        rows = [fence_row(fence) for fence in troubled[:MOST_ROWS]]
        body.append(
            _section(
                "Fences without an answer in time",
                _table(("line", "sent", "where", "seqno", "outcome"), rows),
            )
        )
    if explanation.violations:
        broken = [(str(each.line), each.rule, each.register, each.text) for each in explanation.violations[:MOST_ROWS]]
        body.append(_section("Broken rules", _table(("line", "rule", "register", "what"), broken)))
    if explanation.registers:
        counted = [
            (f"0x{row.offset:x}", row.name, row.purpose, str(row.reads), str(row.writes))
            for row in explanation.registers[:MOST_ROWS]
        ]
        body.append(_section("Registers", _table(("offset", "register", "purpose", "reads", "writes"), counted)))
    counts = f"{explanation.n_events} events, {explanation.lost_events} lost"
    source = f"{explanation.name} ({explanation.format}, {counts})"
    return _page("GPU TLB invalidation: what the trace tells", source, body)


def _page(title: str, source: str, body: Iterable[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src '
        "'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{escape(title)}</h1><p class="quiet">{escape(source)}</p>{"".join(body)}</body></html>\n'
    )


def _note(sentence: str) -> str:
    return f'<p class="quiet">{escape(sentence)}</p>'


def _how_much(log: LogRead) -> str:
    if log.quick:
        return f"{log.bytes_read / (1 << 20):.0f} MiB"
    return f"{log.lines} line{'s' * (log.lines != 1)}"


def _section(title: str, inner: str) -> str:
    return f"<h2>{escape(title)}</h2>{inner}" if inner else ""


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{lines}</table></div>'


def _timed(events: Sequence[Event]) -> list[tuple[float, Event]]:
    """Events on the clock that most of them share; two clocks cannot stand on one axis."""
    clocks = [event.clock for event in events if event.time is not None]
    if not clocks:
        return []
    clock = max(dict.fromkeys(clocks), key=clocks.count)
    return [(event.time, event) for event in events if event.time is not None and event.clock == clock]


def _drawing(events: Sequence[Event]) -> str:
    timed = _timed(events)
    if not timed:
        return ""
    marks = [
        Mark(
            event.device or "device unknown",
            time,
            "tlb" if event.tlb else _ROLE_STYLE.get(event.role or "", "effect"),
            f"line {event.line}, {event.stamp}: {event.text}",
        )
        for time, event in timed[:MOST_MARKS]
    ]
    legend = "".join(f'<span><i style="background:var(--{name})"></i>{escape(text)}</span>' for name, text in _LEGEND)
    left = f" The first {MOST_MARKS} of {len(timed)} events." if len(timed) > MOST_MARKS else ""
    note = f'<p class="quiet legend">{legend}{left}</p>'
    return _section("Timeline", timeline(marks, "seconds from the first event") + note)


def _spacing_plot(events: Sequence[Event]) -> list[str]:
    """Time between failures of one device: it tells which wait ran out."""
    by_device: dict[str | None, list[tuple[float, Event]]] = {}
    for time, event in _timed([event for event in events if event.tlb and not event.suppressed])[:MOST_MARKS]:
        by_device.setdefault(event.device, []).append((time, event))
    dots = [
        Dot(
            later[0],
            abs(later[0] - earlier[0]),
            "tlb",
            f"{device}: {abs(later[0] - earlier[0]):g} s before line {later[1].line}",
        )
        for device, timed in by_device.items()
        for earlier, later in pairwise(timed)
        if later[0] != earlier[0]
    ]
    if len(dots) < 3:
        return []
    kinds = {event.kind for event in events}
    guides = [
        (wait.wait_us / 1e6, wait.text.split(":")[0].removesuffix(" apart") + " wait")
        for wait in invalidation_waits()
        if kinds & set(wait.kinds)
    ]
    plot = scatter(
        dots,
        x_label="seconds from the first failure",
        y_label="time since the failure before, s",
        guides=guides,
    )
    return [_section("Time between failures", plot)]


def _incident_cards(diagnosis: Diagnosis) -> str:
    cards = []
    for incident in diagnosis.incidents[:MOST_ROWS]:
        style = {True: "ok", False: "bad", None: "unsure"}[incident.recovered]
        function = f" ({incident.function})" if incident.function else ""
        items = "".join(f"<li>{escape(line)}</li>" for line in incident_lines(incident))
        cards.append(
            f'<div class="card"><h3>{escape((incident.device or "device unknown") + function)}: '
            f"{escape(class_words(incident.class_))}"
            '<span class="badge '
            f'{style}">{escape(recovery_words(incident.recovered))}</span></h3><ul>{items}</ul></div>'
        )
    beyond = max(0, len(diagnosis.incidents) - MOST_ROWS) + diagnosis.incidents_left_out
    if beyond:
        cards.append(_note(f"{beyond} further incidents are not shown."))
    return _section("Incidents", "".join(cards))


def _advice_cards(diagnosis: Diagnosis) -> str:
    cards = []
    for item in distinct_advice(diagnosis):
        parts = [f"<p>{escape(item.explanation)}</p>"]
        if item.question:
            parts.append(f"<p><b>Question:</b> {escape(item.question)}</p>")
        for check in item.check:
            command = f"<pre>{escape(check.command)}</pre>" if check.command else ""
            parts.append(f"<div>Check: {escape(check.text)}{command}</div>")
        for title, texts in (
            ("Helps", item.helps),
            ("Does not help", item.does_not_help),
            ("Sources", item.sources),
        ):
            if texts:
                parts.append(f"<div>{title}<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul></div>")
        cards.append(
            f'<div class="card"><h3>{escape(item.title)}<span '
            f'class="badge">{escape(item.confidence)}</span></h3>{"".join(parts)}</div>'
        )
    return _section("What to do", "".join(cards))


def _event_table(diagnosis: Diagnosis) -> str:
    runs = timeline_rows(diagnosis.events)
    rows = [
        (
            str(first.line),
            first.stamp or "",
            first.device or "?",
            what_happened(first, count, last),
            first.text,
        )
        for first, count, last in runs[:MOST_ROWS]
    ]
    table = _table(("line", "time", "device", "what", "as printed"), rows)
    if len(runs) > MOST_ROWS:
        table += _note(f"The first {MOST_ROWS} of {len(runs)} rows.")
    if diagnosis.events_left_out:
        table += _note(left_out_words(diagnosis))
    return _section("Events", table)


def _fix_table(diagnosis: Diagnosis) -> str:
    rows = [(fix.presence, fix.behaviour, fix.commits[0], fix.because, fix.missing) for fix in diagnosis.fixes]
    return _section(
        "Fixes by kernel version",
        _table(("in this kernel", "behaviour", "commit", "because", "without it"), rows),
    )
