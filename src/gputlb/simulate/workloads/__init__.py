"""What clients do: each workload is modelled on a real situation."""

from gputlb.simulate.workloads._find import UnknownWorkload, Workload, workload, workloads
from gputlb.simulate.workloads.churn import Churn

__all__ = ["Churn", "UnknownWorkload", "Workload", "workload", "workloads"]
