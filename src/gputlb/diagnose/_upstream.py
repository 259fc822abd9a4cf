"""A text for a bug report: what maintainers ask for, and what is still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.diagnose._redaction import host_names, redacted
from gputlb.diagnose._verdict import worst_first
from gputlb.facts.upstream_requests import UpstreamRequest, upstream_requests

if TYPE_CHECKING:
    from gputlb.diagnose._diagnosis import Diagnosis
    from gputlb.diagnose._events import Event

MOST_LINES = 120
_TRACKERS = {
    "i915": "https://gitlab.freedesktop.org/drm/i915/kernel/-/issues",
    "xe": "https://gitlab.freedesktop.org/drm/xe/kernel/-/issues",
    "amdgpu": "https://gitlab.freedesktop.org/drm/amd/-/issues",
    "nouveau": "https://gitlab.freedesktop.org/drm/nouveau/-/issues",
}


def upstream_report(diagnosis: Diagnosis) -> str:
    """Return a bug report in Markdown, with a list of what is missing and the commands that collect it.

    Host and user names, serial numbers, UUIDs, MAC and IP addresses are removed.
    """
    if not diagnosis.incidents:
        return "Nothing to report: " + diagnosis.verdict
    drivers = {each.driver for each in diagnosis.incidents if each.driver}
    where = [f"{driver}: {_TRACKERS[driver]}" for driver in sorted(drivers) if driver in _TRACKERS]
    worst = worst_first(diagnosis.incidents)[0]
    parts = [
        f"# [{worst.driver or 'drm'}] {_headline(diagnosis)}",
        diagnosis.verdict,
        "## Machine\n\n" + _machine(diagnosis),
        "## What happened\n\n" + _incidents(diagnosis),
        "## Lines\n\n```\n" + "\n".join(_lines(diagnosis)) + "\n```",
        "## Still missing\n\n" + _missing(diagnosis, drivers),
    ]
    if where:
        parts.append("## Where to send it\n\n" + "\n".join(f"- {line}" for line in where))
    return "\n\n".join(parts)


def _headline(diagnosis: Diagnosis) -> str:
    worst = worst_first(diagnosis.incidents)[0]
    gpu = next((each for each in diagnosis.machine.devices if each.device == worst.device), None)
    platform = gpu.platform if gpu and gpu.platform else "unknown platform"
    return f"{worst.class_.replace('_', ' ')} on {platform}, kernel {diagnosis.machine.kernel or 'unknown'}"


def _machine(diagnosis: Diagnosis) -> str:
    machine = diagnosis.machine
    rows = [
        f"- kernel: {machine.kernel or 'not in the log'}"
        + (f" ({machine.distribution})" if machine.distribution else ""),
        f"- command line: {redacted(machine.command_line or 'not in the log', _hosts(diagnosis))}",
    ]
    if machine.csme_firmware:
        rows.append(f"- CSME firmware: {machine.csme_firmware}")
    for gpu in machine.devices:
        words = [gpu.driver, gpu.platform, gpu.pci_id, gpu.function]
        words += [f"{name} {version}" for name, version in gpu.firmware.items()]
        rows.append(f"- {gpu.device}: " + ", ".join(word for word in words if word))
    return "\n".join(rows)


def _incidents(diagnosis: Diagnosis) -> str:
    rows = []
    for number, each in enumerate(diagnosis.incidents[:20], 1):
        recovered = {True: "recovered", False: "did not recover", None: "recovery unknown"}[each.recovered]
        where, what = each.device or "device unknown", each.class_.replace("_", " ")
        text = f"{number}. {where}: {what}; {recovered} ({each.recovered_because})."
        if each.count:
            text += f" {each.count} TLB failures"
            text += f", seqno {each.seqno_first} to {each.seqno_last}" if each.seqno_first is not None else ""
            text += f", {each.spacing_s:g} s apart" if each.spacing_s else ""
            text += f"; {each.answer_reading}" if each.answer_reading else ""
            text += "."
        text += f" First abnormal line: `{redacted(each.first_line, _hosts(diagnosis))}`"
        rows.append(text)
    return "\n".join(rows)


def _hosts(diagnosis: Diagnosis) -> list[str]:
    return host_names(event.text for event in _shown(diagnosis.events))


def _shown(events: list[Event]) -> list[Event]:
    half = MOST_LINES // 2
    return events if len(events) <= MOST_LINES else [*events[:half], *events[-half:]]


def _lines(diagnosis: Diagnosis) -> list[str]:
    hosts = _hosts(diagnosis)
    texts = [redacted(event.text, hosts) for event in _shown(diagnosis.events)]
    left_out = len(diagnosis.events) - len(texts)
    if left_out:
        texts.insert(MOST_LINES // 2, f"[… {left_out} lines left out …]")
    return texts


def _missing(diagnosis: Diagnosis, drivers: set[str]) -> str:
    rows = []
    for request in upstream_requests():
        if _wanted(request, diagnosis, drivers):
            rows.append(f"- {request.text}" + (f"\n  $ {request.command}" if request.command else ""))
    return "\n".join(rows)


def _wanted(request: UpstreamRequest, diagnosis: Diagnosis, drivers: set[str]) -> bool:
    machine = diagnosis.machine
    if request.drivers and not drivers & set(request.drivers):
        return False
    if request.functions and not any(gpu.function in request.functions for gpu in machine.devices):
        return False
    if request.kinds and not any(each.kinds.keys() & set(request.kinds) for each in diagnosis.incidents):
        return False
    if request.platforms:
        known = {gpu.platform_short for gpu in machine.devices if gpu.platform_short}
        if known and not known & set(request.platforms):
            return False
    hit = {each.device for each in diagnosis.incidents}
    gpus = [gpu for gpu in machine.devices if gpu.device in hit]
    known_facts = {
        "boot_log": machine.kernel is not None and machine.command_line is not None,
        "kernel": machine.kernel is not None,
        "command_line": machine.command_line is not None,
        "pci_id": bool(gpus) and all(gpu.pci_id for gpu in gpus),
        "guc_firmware": bool(gpus) and all("GuC" in gpu.firmware for gpu in gpus),
        "csme_firmware": machine.csme_firmware is not None,
    }
    return request.unless is None or not known_facts[request.unless]
