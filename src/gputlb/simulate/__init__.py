"""Workloads and metrics: what an invalidation scheme costs, and what it lets through."""

from gputlb.simulate.costs import COSTS, Cost, is_only_max
from gputlb.simulate.durations import DURATION_FORMS, WrongDuration, duration
from gputlb.simulate.machine import Machine, TooFewEngines
from gputlb.simulate.metrics import Metrics
from gputlb.simulate.number_columns import DamagedColumns
from gputlb.simulate.parameters import WorkloadParameter, WrongParameter
from gputlb.simulate.queues import QueueFigures
from gputlb.simulate.releases_seen import FlushRequests, ReleaseTime
from gputlb.simulate.replications import Replications, WrongReplications, cost_named, replicate
from gputlb.simulate.results import ReleaseLatency, RunResult
from gputlb.simulate.run import NothingToRun, simulate
from gputlb.simulate.run_length import replicate_long_enough
from gputlb.simulate.seeds import replication_seed
from gputlb.simulate.setup import Setup, run_setup
from gputlb.simulate.statistics import Interval, PairedDifference, Precision, StatisticsError, interval, paired
from gputlb.simulate.warm_up import FoundWarmUp, find_warm_up
from gputlb.simulate.workloads import Churn, Releases, UnknownWorkload, Workload, make_workload, workload, workloads

__all__ = [
    "COSTS",
    "DURATION_FORMS",
    "Churn",
    "Cost",
    "DamagedColumns",
    "FlushRequests",
    "FoundWarmUp",
    "Interval",
    "Machine",
    "Metrics",
    "NothingToRun",
    "PairedDifference",
    "Precision",
    "QueueFigures",
    "ReleaseLatency",
    "ReleaseTime",
    "Releases",
    "Replications",
    "RunResult",
    "Setup",
    "StatisticsError",
    "TooFewEngines",
    "UnknownWorkload",
    "Workload",
    "WorkloadParameter",
    "WrongDuration",
    "WrongParameter",
    "WrongReplications",
    "cost_named",
    "duration",
    "find_warm_up",
    "interval",
    "is_only_max",
    "make_workload",
    "paired",
    "replicate",
    "replicate_long_enough",
    "replication_seed",
    "run_setup",
    "simulate",
    "workload",
    "workloads",
]
