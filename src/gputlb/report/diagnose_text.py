"""A diagnosis on the terminal: the verdict, then the timeline, then the details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from gputlb.diagnose import Diagnosis, Event, Incident

MOST_TIMELINE_ROWS = 40
MOST_INCIDENTS = 12
_CLASS_WORDS = {
    "device_unreachable": "device unreachable",
    "firmware_channel_dead_or_busy": "firmware channel dead or busy",
    "engine_hang_then_failed_reset": "engine hang, then failed reset",
    "engine_hang": "engine hang",
    "slow_invalidation": "slow invalidation",
    "invalidation_only": "invalidation only",
}
_RECOVERY = {True: ("recovered", "green"), False: ("not recovered", "red"), None: ("recovery unknown", "yellow")}


def print_diagnosis(diagnosis: Diagnosis, console: Console | None = None) -> None:
    """Print a diagnosis for a person."""
    out = console or Console(highlight=False, soft_wrap=False)
    out.print(Text(diagnosis.verdict, style="bold"))
    if diagnosis.incidents:
        _print_timeline(diagnosis, out)
        for incident in diagnosis.incidents[:MOST_INCIDENTS]:
            _print_incident(incident, diagnosis, out)
        if len(diagnosis.incidents) > MOST_INCIDENTS:
            out.print(f"\n{len(diagnosis.incidents) - MOST_INCIDENTS} further incidents: see --json or --html.")
        _print_advice(diagnosis, out)
    _print_machine(diagnosis, out)
    _print_fixes(diagnosis, out)
    _print_reading(diagnosis, out)


def class_words(name: str) -> str:
    """Return an incident's class in words."""
    return _CLASS_WORDS[name]


def recovery_words(recovered: bool | None) -> str:
    """Return `recovered`, `not recovered` or `recovery unknown`."""
    return _RECOVERY[recovered][0]


def _title(out: Console, text: str) -> None:
    out.print()
    out.print(Text(text, style="bold underline"))


def _print_timeline(diagnosis: Diagnosis, out: Console) -> None:
    _title(out, "Timeline")
    table = Table(box=None, show_header=True, header_style="dim", pad_edge=False)
    for heading in ("line", "time", "device", "what"):
        table.add_column(heading, no_wrap=heading != "what", overflow="fold")
    rows = timeline_rows(diagnosis.events)
    for first, count, last in rows[:MOST_TIMELINE_ROWS]:
        table.add_row(str(first.line), first.stamp or "", first.device or "?", what_happened(first, count, last))
    out.print(table)
    if len(rows) > MOST_TIMELINE_ROWS:
        out.print(f"… and {len(rows) - MOST_TIMELINE_ROWS} further entries: see --json or --html.", style="dim")


def timeline_rows(events: list[Event]) -> list[tuple[Event, int, Event]]:
    """Return runs of equal events: the first, how many lines, the last."""
    rows: list[tuple[Event, int, Event]] = []
    for event in events:
        if rows:
            first, count, last = rows[-1]
            if (event.kind, event.device, event.file) == (first.kind, first.device, first.file):
                rows[-1] = (first, count + 1, event)
                continue
            del last
        rows.append((event, 1, event))
    return rows


def what_happened(first: Event, count: int, last: Event) -> str:
    """Return one run of the timeline as words."""
    words = first.kind.replace("_", " ")
    if count > 1:
        words += f" × {count}"
    if first.suppressed:
        words += f": {first.suppressed} more not printed"
    if first.gt is not None:
        words += f", GT{first.gt}"
    if first.engine:
        words += f", {first.engine}"
    if first.seqno is not None:
        words += f", seqno {first.seqno}" + (f"–{last.seqno}" if count > 1 and last.seqno is not None else "")
    if first.recv is not None:
        words += f", recv {first.recv}" + (f"–{last.recv}" if last.recv not in (None, first.recv) else "")
    details = [f"{name} {value}" for name, value in first.fields.items() if name in _SHOWN_FIELDS]
    if details:
        words += ", " + ", ".join(details)
    if not first.device_certain:
        words += " (device inferred)"
    if first.mention:
        words += " (a mention without data)"
    return words


_SHOWN_FIELDS = ("ecode", "process", "reason", "what", "domain", "action", "error", "engine_class", "from_state", "to_state")


def _print_incident(incident: Incident, diagnosis: Diagnosis, out: Console) -> None:
    words, colour = _RECOVERY[incident.recovered]
    title = Text.assemble(
        (incident.device or "device unknown", "bold"),
        (f" [{incident.function}]" if incident.function else ""),
        f"  {_CLASS_WORDS[incident.class_]}  ",
        (words, colour),
    )
    out.print()
    out.print(title)
    for line in incident_lines(incident):
        out.print(Padding(Text(line), (0, 0, 0, 2)))


def incident_lines(incident: Incident) -> list[str]:
    """Return the facts of an incident, one sentence each."""
    lines = [f"first abnormal line {incident.first_line_number}: {incident.first_line}"]
    if incident.count:
        text = f"TLB failures: {incident.count}"
        parts = [
            f"{incident.event_lines} line{'s' * (incident.event_lines != 1)}",
            f"{incident.suppressed} not printed" if incident.suppressed else "",
            f"{incident.duplicates} duplicate{'s' * (incident.duplicates != 1)} left out" if incident.duplicates else "",
        ]
        lines.append(f"{text} ({', '.join(part for part in parts if part)})")
    if incident.engines or incident.gts:
        where = [f"GT{gt}" for gt in incident.gts] + incident.engines
        lines.append(f"where: {', '.join(where)}")
    if incident.seqno_first is not None:
        lines.append(f"seqno {incident.seqno_first} to {incident.seqno_last}")
    if incident.answer_reading:
        lines.append(incident.answer_reading)
    if incident.spacing_reading:
        lines.append(f"spacing {incident.spacing_s:g} s: {incident.spacing_reading}")
    lines.append(f"{recovery_words(incident.recovered)}: {incident.recovered_because}")
    lines += [
        f"silent for {gap.seconds:g} s before line {gap.before_line}: {gap.reading}" for gap in incident.silent_gaps[:5]
    ]
    lines += [f"uncertain: {sentence}" for sentence in incident.uncertain]
    return lines


def _print_advice(diagnosis: Diagnosis, out: Console) -> None:
    shown: set[str] = set()
    for incident in diagnosis.incidents:
        for key in incident.advice:
            item = diagnosis.advice[key]
            if item.id in shown:
                continue
            if not shown:
                _title(out, "What to do")
            shown.add(item.id)
            out.print()
            out.print(Text.assemble((item.title, "bold"), f"  ({item.confidence})"))
            out.print(Padding(Text(item.explanation), (0, 0, 0, 2)))
            lines = [f"question: {item.question}"] if item.question else []
            for check in item.check:
                lines.append(f"check: {check.text}" + (f"\n         $ {check.command}" if check.command else ""))
            lines += [f"helps: {text}" for text in item.helps]
            lines += [f"does not help: {text}" for text in item.does_not_help]
            lines.append(f"sources: {', '.join(item.sources)}")
            for line in lines:
                out.print(Padding(Text(line), (0, 0, 0, 2)))


def _print_machine(diagnosis: Diagnosis, out: Console) -> None:
    machine = diagnosis.machine
    rows = [
        ("kernel", " ".join(part for part in (machine.kernel, f"({machine.distribution})" if machine.distribution else "") if part)),
        ("command line", machine.command_line or ""),
        ("CSME firmware", machine.csme_firmware or ""),
    ]
    for gpu in machine.devices:
        words = [gpu.driver or "", gpu.platform or "", gpu.pci_id or "", gpu.function or ""]
        words += [f"{name} {version}" for name, version in gpu.firmware.items()]
        rows.append((gpu.device, ", ".join(word for word in words if word)))
    rows = [row for row in rows if row[1]]
    if rows:
        _title(out, "Machine, as the log shows it")
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for row in rows:
            table.add_row(*row)
        out.print(table)


def _print_fixes(diagnosis: Diagnosis, out: Console) -> None:
    counted = [fix for fix in diagnosis.fixes if fix.presence != "present"]
    if not counted:
        return
    _title(out, "Fixes this kernel lacks or may lack")
    for fix in counted:
        cve = f" [{fix.cve}]" if fix.cve else ""
        out.print(Padding(Text(f"{fix.presence}: {fix.behaviour}{cve} ({fix.commits[0]}; {fix.because})"), (0, 0, 0, 2)))


def _print_reading(diagnosis: Diagnosis, out: Console) -> None:
    out.print()
    for log in diagnosis.logs:
        share = f", {log.lines_with_stamp} of them with a stamp" if log.lines_with_stamp and not log.quick else ""
        order = ", newest line first" if log.order == "newest first" else ""
        cut = f", {log.long_lines} overlong" if log.long_lines else ""
        out.print(Text(f"{log.name}: {log.shape}, {log.lines} lines{share}{order}{cut}", style="dim"))
        if not log.quick and log.lines and not log.lines_with_stamp and not diagnosis.n_tlb_events:
            out.print(Text(f"{log.name}: no line looks like a kernel log; was it the right file?", style="yellow"))
    if diagnosis.events_left_out:
        out.print(Text(f"{diagnosis.events_left_out} further events were counted but not listed.", style="dim"))
