"""The kernel's side of a GPU TLB invalidation, name by name as in i915."""

from gputlb.driver.description import EngineDescription, GtDescription
from gputlb.driver.engine import Engine
from gputlb.driver.forcewake import ForcewakeNotHeld
from gputlb.driver.gem_object import GemObject, PageSource
from gputlb.driver.gt import Gt, GucInterface, Once
from gputlb.driver.kernel_log import KernelLog, RateLimit
from gputlb.driver.mcr import Steering
from gputlb.driver.page_table import AddressSpaceFull, PageTable
from gputlb.driver.power import EnginePower, GtPower
from gputlb.driver.reset import reset_gt, wedge_gt
from gputlb.driver.schemes import NotSetUp, ProbeFailed, Scheme, UnfitScheme, UnknownScheme, scheme, schemes
from gputlb.driver.seqno import SeqnoOutOfRange, after_flush, distance, round_up_to_even, seqno_passed, stamp
from gputlb.driver.tlb import Tlb
from gputlb.driver.uncore import Uncore
from gputlb.driver.vma import Vma

__all__ = [
    "AddressSpaceFull",
    "Engine",
    "EngineDescription",
    "EnginePower",
    "ForcewakeNotHeld",
    "GemObject",
    "Gt",
    "GtDescription",
    "GtPower",
    "GucInterface",
    "KernelLog",
    "NotSetUp",
    "Once",
    "PageSource",
    "PageTable",
    "ProbeFailed",
    "RateLimit",
    "Scheme",
    "SeqnoOutOfRange",
    "Steering",
    "Tlb",
    "Uncore",
    "UnfitScheme",
    "UnknownScheme",
    "Vma",
    "after_flush",
    "distance",
    "reset_gt",
    "round_up_to_even",
    "scheme",
    "schemes",
    "seqno_passed",
    "stamp",
    "wedge_gt",
]
