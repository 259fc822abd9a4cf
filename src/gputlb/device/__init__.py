"""The virtual GPU's side: engines, TLBs, invalidation units, forcewake, power, faults."""

from gputlb.device.behaviour import Behaviour
from gputlb.device.engine import Engine, EngineTlb
from gputlb.device.faults import (
    FAULT_FORMS,
    DeadMmio,
    FailedAck,
    Fault,
    LostWrite,
    SlowUnit,
    StuckBit,
    UnknownFault,
    fault,
)
from gputlb.device.forcewake import ForcewakeDomain
from gputlb.device.gpu import VirtualGpu
from gputlb.device.invalidation import InvalidationUnit
from gputlb.device.memory import PAGE_BYTES, SYSTEM, SystemMemory
from gputlb.device.register_file import Register, RegisterFile, RegisterOutsideBar

__all__ = [
    "FAULT_FORMS",
    "PAGE_BYTES",
    "SYSTEM",
    "Behaviour",
    "DeadMmio",
    "Engine",
    "EngineTlb",
    "FailedAck",
    "Fault",
    "ForcewakeDomain",
    "InvalidationUnit",
    "LostWrite",
    "Register",
    "RegisterFile",
    "RegisterOutsideBar",
    "SlowUnit",
    "StuckBit",
    "SystemMemory",
    "UnknownFault",
    "VirtualGpu",
    "fault",
]
