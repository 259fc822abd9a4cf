"""Workloads and metrics: what an invalidation scheme costs, and what it lets through."""

from gputlb.simulate.costs import COSTS, Cost
from gputlb.simulate.durations import DURATION_FORMS, WrongDuration, duration
from gputlb.simulate.machine import Machine, TooFewEngines
from gputlb.simulate.metrics import Metrics
from gputlb.simulate.number_columns import DamagedColumns
from gputlb.simulate.parameters import WorkloadParameter, WrongParameter
from gputlb.simulate.queues import QueueFigures
from gputlb.simulate.releases_seen import FlushRequests, ReleaseTime
from gputlb.simulate.results import ReleaseLatency, RunResult
from gputlb.simulate.run import NothingToRun, simulate
from gputlb.simulate.setup import Setup, run_setup
from gputlb.simulate.workloads import Churn, Releases, UnknownWorkload, Workload, make_workload, workload, workloads

__all__ = [
    "COSTS",
    "DURATION_FORMS",
    "Churn",
    "Cost",
    "DamagedColumns",
    "FlushRequests",
    "Machine",
    "Metrics",
    "NothingToRun",
    "QueueFigures",
    "ReleaseLatency",
    "ReleaseTime",
    "Releases",
    "RunResult",
    "Setup",
    "TooFewEngines",
    "UnknownWorkload",
    "Workload",
    "WorkloadParameter",
    "WrongDuration",
    "WrongParameter",
    "duration",
    "make_workload",
    "run_setup",
    "simulate",
    "workload",
    "workloads",
]
