"""A diagnosis on the terminal: the verdict, then the timeline, then the details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.report.plain_text import Page

if TYPE_CHECKING:
    from rich.console import Console

    from gputlb.diagnose import Advised, Diagnosis, Event, Incident

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
_RECOVERY = {
    True: ("recovered", "green"),
    False: ("not recovered", "red"),
    None: ("recovery unknown", "yellow"),
}


def print_diagnosis(diagnosis: Diagnosis, console: Console | None = None) -> None:
    """Print a diagnosis for a person."""
    page = Page(console)
    page.paragraph(diagnosis.verdict, style="bold")
    if diagnosis.incidents:
        _print_timeline(diagnosis, page)
        for incident in diagnosis.incidents[:MOST_INCIDENTS]:
            _print_incident(incident, page)
        page.more(len(diagnosis.incidents) - MOST_INCIDENTS, "incidents: see --json or --html")
        page.more(diagnosis.incidents_left_out, "incidents that were counted but not kept")
        _print_advice(diagnosis, page)
    _print_machine(diagnosis, page)
    _print_fixes(diagnosis, page)
    _print_reading(diagnosis, page)


def class_words(name: str) -> str:
    """Return an incident's class in words."""
    return _CLASS_WORDS[name]


def recovery_words(recovered: bool | None) -> str:
    """Return `recovered`, `not recovered` or `recovery unknown`."""
    return _RECOVERY[recovered][0]


def _print_timeline(diagnosis: Diagnosis, page: Page) -> None:
    page.title("Timeline")
    rows = timeline_rows(diagnosis.events)
    cells = [
        (str(first.line), first.stamp or "", first.device or "?", what_happened(first, count, last))
        for first, count, last in rows[:MOST_TIMELINE_ROWS]
    ]
    page.table(("line", "time", "device", "what"), cells)
    page.more(len(rows) - MOST_TIMELINE_ROWS, "entries: see --json or --html")


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
        words += f" \u00d7 {count}"
    if first.suppressed:
        words += f": {first.suppressed} more not printed"
    if first.gt is not None:
        words += f", GT{first.gt}"
    if first.engine:
        words += f", {first.engine}"
    if first.seqno is not None:
        words += f", seqno {first.seqno}" + (f"\u2013{last.seqno}" if count > 1 and last.seqno is not None else "")
    if first.recv is not None:
        words += f", recv {first.recv}" + (f"\u2013{last.recv}" if last.recv not in (None, first.recv) else "")
    details = [f"{name} {value}" for name, value in first.fields.items() if name in _SHOWN_FIELDS]
    if details:
        words += ", " + ", ".join(details)
    if not first.device_certain:
        words += " (device inferred)"
    if first.mention:
        words += " (a mention without data)"
    return words


_SHOWN_FIELDS = (
    "ecode",
    "process",
    "reason",
    "what",
    "domain",
    "action",
    "error",
    "engine_class",
    "from_state",
    "to_state",
)


def _print_incident(incident: Incident, page: Page) -> None:
    words, colour = _RECOVERY[incident.recovered]
    page.gap()
    function = f" [{incident.function}]" if incident.function else ""
    page.styled(
        (incident.device or "device unknown", "bold"),
        (f"{function}  {_CLASS_WORDS[incident.class_]}  ", ""),
        (words, colour),
    )
    for line in incident_lines(incident):
        page.item(line)


def incident_lines(incident: Incident) -> list[str]:
    """Return the facts of an incident, one sentence each."""
    lines = [f"first abnormal line {incident.first_line_number}: {incident.first_line}"]
    if incident.count:
        text = f"TLB failures: {incident.count}"
        parts = [
            f"{incident.event_lines} line{'s' * (incident.event_lines != 1)}",
            f"{incident.suppressed} not printed" if incident.suppressed else "",
            f"{incident.duplicates} duplicate{'s' * (incident.duplicates != 1)} left out"
            if incident.duplicates
            else "",
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


def _print_advice(diagnosis: Diagnosis, page: Page) -> None:
    for number, item in enumerate(distinct_advice(diagnosis)):
        if number == 0:
            page.title("What to do")
        page.gap()
        page.styled((item.title, "bold"), (f"  ({item.confidence})", ""))
        page.paragraph(item.explanation, indent=2)
        if item.question:
            page.item(f"question: {item.question}")
        for check in item.check:
            page.item(f"check: {check.text}")
            if check.command:
                page.command(check.command)
        for text in item.helps:
            page.item(f"helps: {text}")
        for text in item.does_not_help:
            page.item(f"does not help: {text}")
        page.item(f"sources: {', '.join(item.sources)}")


def distinct_advice(diagnosis: Diagnosis) -> list[Advised]:
    """Return every issue once, as the first incident has it."""
    found: dict[str, Advised] = {}
    for incident in diagnosis.incidents:
        for key in incident.advice:
            item = diagnosis.advice[key]
            found.setdefault(item.id, item)
    return list(found.values())


def machine_rows(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """Return what the log tells about the machine, as names and values."""
    machine = diagnosis.machine
    distribution = f" ({machine.distribution})" if machine.distribution else ""
    rows = [
        ("kernel", (machine.kernel or "") + distribution),
        ("command line", machine.command_line or ""),
        ("CSME firmware", machine.csme_firmware or ""),
    ]
    for gpu in machine.devices:
        words = [gpu.driver or "", gpu.platform or "", gpu.pci_id or "", gpu.function or ""]
        words += [f"{name} {version}" for name, version in gpu.firmware.items()]
        rows.append((gpu.device, ", ".join(word for word in words if word)))
    return [row for row in rows if row[1]]


def _print_machine(diagnosis: Diagnosis, page: Page) -> None:
    rows = machine_rows(diagnosis)
    if rows:
        page.title("Machine, as the log shows it")
        page.table(("what", "value"), rows)


def _print_fixes(diagnosis: Diagnosis, page: Page) -> None:
    counted = [fix for fix in diagnosis.fixes if fix.presence != "present"]
    if not counted:
        return
    page.title("Fixes this kernel lacks or may lack")
    if diagnosis.machine.kernel is None:
        page.item(
            f"unknown: the log does not tell the kernel's version, so {len(counted)} fixes cannot be "
            "judged (--json lists them)"
        )
        return
    for fix in counted:
        cve = f" [{fix.cve}]" if fix.cve else ""
        page.item(f"{fix.presence}: {fix.behaviour}{cve} ({fix.commits[0]}; {fix.because})")


def _print_reading(diagnosis: Diagnosis, page: Page) -> None:
    for log in diagnosis.logs:
        share = f", {log.lines_with_stamp} with a stamp" if log.lines_with_stamp and not log.quick else ""
        order = ", newest line first" if log.order == "newest first" else ""
        cut = f", {log.long_lines} overlong" if log.long_lines else ""
        size = f"{log.bytes_read / (1 << 20):.0f} MiB" if log.quick else f"{log.lines} line{'s' * (log.lines != 1)}"
        page.remark(f"{log.name}: {log.shape}, {size}{share}{order}{cut}")
        if log.cut_off:
            page.paragraph(cut_off_words(log.name), style="yellow")
        if not log.quick and log.lines and not log.lines_with_stamp and not diagnosis.n_tlb_events:
            page.paragraph(f"{log.name}: no line looks like a kernel log; was it the right file?", style="yellow")
    if diagnosis.events_left_out:
        page.paragraph(left_out_words(diagnosis, ", here, in --json or in --html"), style="dim")


def cut_off_words(name: str) -> str:
    """Return the sentence about a compressed log that ended too early."""
    return f"{name}: is cut off: what came before its end was read; fetch it again for the rest."


def left_out_words(diagnosis: Diagnosis, where: str = "") -> str:
    """Return the sentence about events beyond those that are kept."""
    return (
        f"The first {len(diagnosis.events)} events are listed; {diagnosis.events_left_out} further ones were "
        f"counted into their incidents but not listed{where}."
    )
