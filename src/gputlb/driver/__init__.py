"""The kernel's side of a GPU TLB invalidation, name by name as in i915.
"""

from gputlb.driver.description import EngineDescription, GtDescription
from gputlb.driver.engine import Engine
from gputlb.driver.gt import Gt, GucInterface, Once
from gputlb.driver.kernel_log import KernelLog, RateLimit
from gputlb.driver.mcr import Steering
from gputlb.driver.power import EnginePower, GtPower
from gputlb.driver.schemes import ProbeFailed, Scheme, UnknownScheme, scheme, schemes
from gputlb.driver.seqno import SeqnoOutOfRange, after_flush, distance, round_up_to_even, seqno_passed, stamp
from gputlb.driver.tlb import Tlb
from gputlb.driver.uncore import Uncore

__all__ = [
    "Engine",
    "EngineDescription",
    "EnginePower",
    "Gt",
    "GtDescription",
    "GtPower",
    "GucInterface",
    "KernelLog",
    "Once",
    "ProbeFailed",
    "RateLimit",
    "Scheme",
    "SeqnoOutOfRange",
    "Steering",
    "Tlb",
    "Uncore",
    "UnknownScheme",
    "after_flush",
    "distance",
    "round_up_to_even",
    "scheme",
    "schemes",
    "seqno_passed",
    "stamp",
]
