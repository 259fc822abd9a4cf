"""What is done on the machine: each workload is modelled on a real situation."""

from gputlb.simulate.workloads._find import UnknownWorkload, make_workload, workload, workloads
from gputlb.simulate.workloads._kinds import ClosedWorkload, OpenWorkload, Workload
from gputlb.simulate.workloads.churn import Churn
from gputlb.simulate.workloads.releases import Releases

__all__ = [
    "Churn",
    "ClosedWorkload",
    "OpenWorkload",
    "Releases",
    "UnknownWorkload",
    "Workload",
    "make_workload",
    "workload",
    "workloads",
]
