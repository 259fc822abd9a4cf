"""Which known issues an incident looks like; none without a matching signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gputlb.diagnose._kernel_fixes import older_than
from gputlb.facts.advice import Advice, Check, Confidence, Signature, advice

if TYPE_CHECKING:
    from gputlb.diagnose._incident import Incident
    from gputlb.diagnose._incidents import Burst
    from gputlb.diagnose._machine import GpuDevice, Machine

_SUREST_FIRST: tuple[Confidence, ...] = ("strong", "likely", "possible")
_ONE_BEHIND = "one behind"


class Advised(msgspec.Struct, frozen=True):
    """A known issue that an incident looks like."""

    id: str
    title: str
    confidence: Confidence
    explanation: str
    check: tuple[Check, ...]
    helps: tuple[str, ...]
    does_not_help: tuple[str, ...]
    sources: tuple[str, ...]
    question: str | None
    """What the reader must tell before the advice can be surer."""


def advise(incident: Incident, burst: Burst, machine: Machine) -> list[Advised]:
    """Return the known issues whose signature the incident has."""
    gpu = next((device for device in machine.devices if device.device == incident.device), None)
    if gpu is None and len(machine.devices) == 1 and machine.devices[0].device == "unknown":
        gpu = machine.devices[0]
    found = []
    for known in advice():
        confidence = _confidence(known, incident, burst, gpu, machine)
        if confidence is None:
            continue
        unknown = bool(known.when.platforms) and (gpu is None or gpu.platform_short is None)
        question = (
            f"which platform is it? This advice is for {' and '.join(known.when.platforms)} alone: see "
            "`lspci -nn -d 8086:`"
            if unknown
            else None
        )
        device = incident.device or "DEVICE"
        check = tuple(
            Check(item.text, item.command.replace("DEVICE", device) if item.command else None) for item in known.check
        )
        helps = tuple(text.replace("DEVICE", device) for text in known.helps)
        found.append(
            Advised(
                known.id,
                known.title,
                confidence,
                known.explanation,
                check,
                helps,
                known.does_not_help,
                known.sources,
                question,
            )
        )
    return sorted(found, key=lambda item: _SUREST_FIRST.index(item.confidence))


def _confidence(
    known: Advice, incident: Incident, burst: Burst, gpu: GpuDevice | None, machine: Machine
) -> Confidence | None:
    if not _holds(known.when, incident, burst, gpu, machine):
        return None
    if known.when.platforms:
        if gpu is None or gpu.platform_short is None:
            return known.confidence_if_platform_unknown
        if gpu.platform_short not in known.when.platforms:
            return None
    if known.stronger is not None and _holds(known.stronger.when, incident, burst, gpu, machine):
        return known.stronger.confidence
    return known.confidence


def _holds(when: Signature, incident: Incident, burst: Burst, gpu: GpuDevice | None, machine: Machine) -> bool:
    kinds = incident.kinds.keys()
    return (
        (not when.drivers or incident.driver in when.drivers)
        and (not when.kinds_any or bool(kinds & set(when.kinds_any)))
        and (not when.and_kinds_any or bool(kinds & set(when.and_kinds_any)))
        and (not when.classes or incident.class_ in when.classes)
        and (not when.ecodes or bool(burst.ecodes & set(when.ecodes)))
        and (when.function is None or incident.function == when.function)
        and (when.function_not is None or incident.function != when.function_not)
        and (not when.discrete or _discrete(incident, gpu))
        and (not when.integrated or _may_be_integrated(incident, gpu))
        and (
            when.spacing_s is None
            or (incident.spacing_s is not None and when.spacing_s[0] <= incident.spacing_s <= when.spacing_s[1])
        )
        and (not when.single_answers or _ONE_BEHIND in (incident.answer_reading or ""))
        and (when.kernel_before is None or older_than(machine.kernel, when.kernel_before))
    )


def _discrete(incident: Incident, gpu: GpuDevice | None) -> bool:
    if gpu is not None and gpu.is_dgfx is not None:
        return gpu.is_dgfx
    if incident.function == "VF" or incident.device is None or incident.device.count(":") != 2:
        return False
    return incident.device.split(":")[1] != "00"


def _may_be_integrated(incident: Incident, gpu: GpuDevice | None) -> bool:
    if gpu is not None and gpu.is_dgfx is not None:
        return not gpu.is_dgfx
    return incident.device is None or incident.device.count(":") != 2 or incident.device.split(":")[1] == "00"
