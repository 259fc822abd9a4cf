"""The verdict: what happened, in words for somebody who has never heard of a TLB."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.diagnose._advising import Advised
    from gputlb.diagnose._incident import Incident
    from gputlb.diagnose._machine import GpuDevice, Machine

_WHAT = {
    "device_unreachable": "{name} could not be reached: its power or its connection failed first, and "
    "everything after that, "
    "TLB invalidation included, had to fail",
    "firmware_channel_dead_or_busy": "the graphics firmware of {name} stopped answering the driver",
    "engine_hang_then_failed_reset": "an engine of {name} hung and the reset that should have helped failed; "
    "the TLB messages are only its echo",
    "engine_hang": "an engine of {name} hung",
    "slow_invalidation": "{name} was too slow in dropping old address translations (TLB invalidation), "
    "but it did answer",
    "invalidation_only": "{name} did not confirm in time that it had dropped old address translations "
    "(TLB invalidation); "
    "nothing else of it failed beside that",
}
_OTHER_WORDS = {
    "engine_hang": "engine hangs", "job_timeout": "timed-out jobs",
    "forcewake_timeout": "power domains that do not wake",
    "mmio_unreliable": "registers that read as all "
                       "ones", "reset_started": "resets", "reset_failed": "failed resets",
    "reset_done": "finished resets", "guc_ct_error": "failed firmware "
                                                     "requests", "guc_crash": "firmware crashes",
    "wedged": "a device given up by its driver", "power_state_failed": "devices that do not wake up",
    "pcie_error": "bus errors", "context_reset": "programs that lost work", "ci_taint": "driver taints",
    "fence_expired": "requests waited for in "
                     "vain", "device_coredump": "device dumps", "memory_fault": "GPU memory faults",
    "mes_error": "scheduler firmware errors", "resume_failed": "failed resumes",
}  # fmt: skip


def kind_words(kind: str) -> str:
    """Return a kind of neighbour event in plain words."""
    return _OTHER_WORDS.get(kind, kind.replace("_", " "))


def device_name(device: str | None, machine: Machine) -> str:
    """Return `the graphics device 0000:00:02.0 (Meteor Lake, virtual function)`, as far as known."""
    gpu: GpuDevice | None = next((each for each in machine.devices if each.device == device), None)
    if device is None:
        return "the graphics device (the log does not say which)"
    known = [
        word
        for word in (
            gpu.platform if gpu else None,
            {"VF": "a virtual function", "PF": "the physical function"}.get((gpu.function or "") if gpu else ""),
        )
        if word
    ]
    return f"the graphics device {device}" + (f" ({', '.join(known)})" if known else "")


def worst_first(incidents: Sequence[Incident]) -> list[Incident]:
    """Return incidents with TLB failures first, then what did not recover, then the largest."""
    return sorted(
        incidents,
        key=lambda each: (each.count == 0, each.recovered is not False, each.recovered is True, -each.count),
    )


def verdict(
    incidents: Sequence[Incident],
    machine: Machine,
    advice: dict[str, Advised],
    other_trouble: dict[str, int],
    extent: str,
    *,
    quick: bool,
) -> str:
    """Return one short paragraph; `extent` tells how much was read: `346 lines`."""
    if not incidents:
        return _nothing(other_trouble, extent, quick=quick)
    worst = worst_first(incidents)[0]
    what = _WHAT[worst.class_].format(name=device_name(worst.device, machine))
    sentences = [what[0].upper() + what[1:] + ".", _how_often(worst), _how_it_ended(worst)]
    others = len({each.device for each in incidents} - {worst.device})
    more = len(incidents) - 1
    if more:
        where = f" on {others + 1} devices" if others else ""
        sentences.append(
            f"There {'is' if more == 1 else 'are'} {more} more incident{'s' * (more > 1)} in this log{where}."
        )
    # Advice with nothing to check and no help only warns: it explains no failure.
    best = next((each for each in map(advice.__getitem__, worst.advice) if each.check or each.helps), None)
    if best is not None:
        sure = {"strong": "This is very likely", "likely": "This looks like", "possible": "This may be"}[
            best.confidence
        ]
        sentences.append(f"{sure} a known issue: {best.title}.")
    return " ".join(sentence for sentence in sentences if sentence)


def _how_often(incident: Incident) -> str:
    if incident.count == 0:
        return ""
    times = "once" if incident.count == 1 else f"{incident.count} times"
    span = incident.duration_s
    within = f" within {_duration(span)}" if incident.count > 1 and span else ""
    hidden = f" ({incident.suppressed} of them not printed by the kernel)" if incident.suppressed else ""
    return f"A TLB invalidation failed {times}{within}{hidden}."


def _how_it_ended(incident: Incident) -> str:
    if incident.recovered is None:
        return f"Whether it recovered is unknown: {incident.recovered_because}."
    return f"It {'recovered' if incident.recovered else 'did not recover'}: {incident.recovered_because}."


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _nothing(other_trouble: dict[str, int], extent: str, *, quick: bool) -> str:
    text = f"No TLB invalidation trouble in {extent}."
    if other_trouble:
        named = ", ".join(f"{kind_words(kind)} ({count})" for kind, count in other_trouble.items())
        text += f" The log does hold other GPU trouble: {named}."
        text += " Whatever went wrong, TLB messages are not part of it."
    elif quick:
        text += " Other GPU trouble was looked for in its first MiB only."
    return text
