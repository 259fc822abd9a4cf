"""Traces of the kernel: invalidation fences, register accesses, and the rules they must keep."""

from gputlb.diagnose.traces._explain import TRACE_SCHEMA, Explanation, explain_trace
from gputlb.diagnose.traces._fences import Fence, FenceSummary
from gputlb.diagnose.traces._rules import Violation
from gputlb.diagnose.traces._sources import open_trace
from gputlb.diagnose.traces._vmas import VmaDeed, VmaHistory, VmaRow

__all__ = [
    "TRACE_SCHEMA",
    "Explanation",
    "Fence",
    "FenceSummary",
    "Violation",
    "VmaDeed",
    "VmaHistory",
    "VmaRow",
    "explain_trace",
    "open_trace",
]
