"""Advice: which signature points to which known issue, what to check, what helps and what does not."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Confidence = Literal["possible", "likely", "strong"]


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an incident must look like; every given part must hold."""

    drivers: tuple[str, ...] = ()
    kinds_any: tuple[str, ...] = ()
    and_kinds_any: tuple[str, ...] = ()
    """A second set, of which one must be there as well."""
    classes: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    """Short platform names; see `Advice.confidence_if_platform_unknown`."""
    ecodes: tuple[str, ...] = ()
    function: Literal["PF", "VF"] | None = None
    function_not: Literal["PF", "VF"] | None = None
    discrete: bool = False
    """Only for cards of their own: by the platform table, else by a PCI bus other than 0."""
    integrated: bool = False
    """Only for graphics inside the processor: by the platform table, else by PCI bus 0."""
    spacing_s: tuple[float, float] | None = None
    single_answers: bool = False
    """Only where recv is always one behind."""
    kernel_before: str | None = None
    """Only for kernels older than this release; an unknown kernel does not match."""


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something for the reader to look at."""

    text: str
    command: str | None = None


class Stronger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A narrower signature that makes the advice surer."""

    when: Signature
    confidence: Confidence


class Advice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A known issue."""

    id: str
    title: str
    when: Signature
    confidence: Confidence
    explanation: str
    check: tuple[Check, ...]
    helps: tuple[str, ...]
    does_not_help: tuple[str, ...]
    sources: tuple[str, ...]
    confidence_if_platform_unknown: Confidence | None = None
    """None: no advice while the platform is unknown."""
    stronger: Stronger | None = None


@cache
def advice() -> tuple[Advice, ...]:
    """Return every known issue, the most specific first."""
    return msgspec.json.decode(files("gputlb.facts").joinpath("logs/advice.json").read_bytes(), type=tuple[Advice, ...])
