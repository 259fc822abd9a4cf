"""Workloads and metrics: what an invalidation scheme costs, and what it lets through."""

from gputlb.simulate.machine import Machine
from gputlb.simulate.metrics import Metrics
from gputlb.simulate.run import NothingToRun, ReleaseLatency, RunResult, simulate
from gputlb.simulate.workloads import Churn, UnknownWorkload, Workload, workload, workloads

__all__ = [
    "Churn",
    "Machine",
    "Metrics",
    "NothingToRun",
    "ReleaseLatency",
    "RunResult",
    "UnknownWorkload",
    "Workload",
    "simulate",
    "workload",
    "workloads",
]
