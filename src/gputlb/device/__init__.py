"""The virtual GPU's side: engines, TLBs, invalidation units, forcewake, power, faults."""

from gputlb.device.behaviour import Behaviour
from gputlb.device.engine import Engine, EngineTlb
from gputlb.device.faults import (
    FAULT_FORMS,
    DeadMmio,
    FailedAck,
    Fault,
    Faults,
    LostWrite,
    SlowUnit,
    StuckBit,
    UnknownFault,
    fault,
    faults_of,
)
from gputlb.device.forcewake import ForcewakeDomain
from gputlb.device.gpu import VirtualGpu
from gputlb.device.gt import HardwareGt
from gputlb.device.invalidation import InvalidationRegister, InvalidationUnit
from gputlb.device.memory import PAGE_BYTES, SYSTEM, OutOfMemory, SystemMemory
from gputlb.device.register_file import Register, RegisterFile, RegisterOutsideBar
from gputlb.device.reset import ResetUnit
from gputlb.device.steering import McrSelector, SteeringSemaphore

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
    "Faults",
    "ForcewakeDomain",
    "HardwareGt",
    "InvalidationRegister",
    "InvalidationUnit",
    "LostWrite",
    "McrSelector",
    "OutOfMemory",
    "Register",
    "RegisterFile",
    "RegisterOutsideBar",
    "ResetUnit",
    "SlowUnit",
    "SteeringSemaphore",
    "StuckBit",
    "SystemMemory",
    "UnknownFault",
    "VirtualGpu",
    "fault",
    "faults_of",
]
