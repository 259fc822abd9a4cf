"""What maintainers ask for in a bug report, and the commands that collect it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec


class UpstreamRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that belongs into a report."""

    id: str
    text: str
    command: str | None
    source: str
    drivers: tuple[str, ...] = ()
    """Empty: for every driver."""
    platforms: tuple[str, ...] = ()
    functions: tuple[Literal["PF", "VF"], ...] = ()
    kinds: tuple[str, ...] = ()
    """Only where an incident has an event of these kinds."""
    unless: Literal["boot_log", "kernel", "command_line", "pci_id", "guc_firmware", "csme_firmware"] | None = None
    """The fact that makes the request needless, where the log already tells it."""


@cache
def upstream_requests() -> tuple[UpstreamRequest, ...]:
    """Return everything that maintainers are known to ask for."""
    text = files("gputlb.facts").joinpath("logs/upstream_requests.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[UpstreamRequest, ...])
