"""GPU TLB invalidation: is it correct, what does it cost, what went wrong on this machine?

>>> import gputlb
>>> gt = gputlb.open_gt("tigerlake")
>>> gt.invalidate_full(gt.next_invalidate_full())
>>> gt.seqno
2
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` takes longer to import than all the rest, and Ctrl-C is not heard until then

if TYPE_CHECKING:
    from gputlb._open_gt import OpenGt, PromptRegisters, open_gt
    from gputlb.driver import Gt, GtDescription, Scheme, Tlb, scheme
    from gputlb.errors import GputlbError
    from gputlb.facts import platform, platforms
    from gputlb.runtime import DirectRuntime, Event, PlainRegisters, Recorder, SimulatedRuntime

__version__ = "0.1.0"

__all__ = [
    "DirectRuntime",
    "Event",
    "GputlbError",
    "Gt",
    "GtDescription",
    "OpenGt",
    "PlainRegisters",
    "PromptRegisters",
    "Recorder",
    "Scheme",
    "SimulatedRuntime",
    "Tlb",
    "open_gt",
    "platform",
    "platforms",
    "scheme",
]

_NAMES = {
    "gputlb._open_gt": "OpenGt PromptRegisters open_gt",
    "gputlb.driver": "Gt GtDescription Scheme Tlb scheme",
    "gputlb.errors": "GputlbError",
    "gputlb.facts": "platform platforms",
    "gputlb.runtime": "DirectRuntime Event PlainRegisters Recorder SimulatedRuntime",
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Import a name when it is first used, so that `import gputlb` costs next to nothing."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - for the same reason

    value: object = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
