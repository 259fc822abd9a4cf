"""Facts as data: registers, platforms, bugs. Each with its source, loaded when first asked for.

Importing this room loads nothing; a name is imported, and a data file read, when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gputlb.facts._errors import (
    NotRecorded,
    UnknownBug,
    UnknownEngine,
    UnknownFact,
    UnknownPlatform,
    UnknownRegister,
)

if TYPE_CHECKING:
    from gputlb.facts._bugs import Bug, bug, bugs
    from gputlb.facts._engines import (
        Engine,
        EngineClass,
        engine,
        engine_class,
        engine_classes,
        engine_named,
        shown_names,
    )
    from gputlb.facts._facts_version import facts_version
    from gputlb.facts._forcewake import (
        ForcewakeDomain,
        ForcewakeNeed,
        domain_of,
        forcewake_domains,
        forcewake_needs,
    )
    from gputlb.facts._platform_registers import register_at, registers_for
    from gputlb.facts._platforms import (
        Gt,
        OlderPlatform,
        Platform,
        mmio_bar_bytes,
        older_platforms,
        platform,
        platform_rows,
        platforms,
    )
    from gputlb.facts._pte import PteLayout, pte_layout
    from gputlb.facts._read import Version, VersionRange
    from gputlb.facts._registers import (
        Field,
        Register,
        engine_base,
        invalidation_register,
        invalidation_registers,
        invalidation_rows,
        register_named,
        registers,
    )
    from gputlb.facts._timing import Timing, TimingRow, timing, timing_rows

__all__ = [
    "Bug",
    "Engine",
    "EngineClass",
    "Field",
    "ForcewakeDomain",
    "ForcewakeNeed",
    "Gt",
    "NotRecorded",
    "OlderPlatform",
    "Platform",
    "PteLayout",
    "Register",
    "Timing",
    "TimingRow",
    "UnknownBug",
    "UnknownEngine",
    "UnknownFact",
    "UnknownPlatform",
    "UnknownRegister",
    "Version",
    "VersionRange",
    "bug",
    "bugs",
    "domain_of",
    "engine",
    "engine_base",
    "engine_class",
    "engine_classes",
    "engine_named",
    "facts_version",
    "forcewake_domains",
    "forcewake_needs",
    "invalidation_register",
    "invalidation_registers",
    "invalidation_rows",
    "mmio_bar_bytes",
    "older_platforms",
    "platform",
    "platform_rows",
    "platforms",
    "pte_layout",
    "register_at",
    "register_named",
    "registers",
    "registers_for",
    "shown_names",
    "timing",
    "timing_rows",
]

_NAMES = {
    "_bugs": "Bug bug bugs",
    "_engines": "Engine EngineClass engine engine_class engine_classes engine_named shown_names",
    "_facts_version": "facts_version",
    "_forcewake": "ForcewakeDomain ForcewakeNeed domain_of forcewake_domains forcewake_needs",
    "_platform_registers": "register_at registers_for",
    "_platforms": "Gt OlderPlatform Platform mmio_bar_bytes older_platforms platform platform_rows platforms",
    "_pte": "PteLayout pte_layout",
    "_read": "Version VersionRange",
    "_registers": "Field Register engine_base invalidation_register invalidation_registers invalidation_rows"
    " register_named registers",
    "_timing": "Timing TimingRow timing timing_rows",
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
