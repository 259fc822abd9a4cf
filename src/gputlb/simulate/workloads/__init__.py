"""What is done on the machine: each workload is modelled on a real situation."""

from gputlb.simulate.workloads._find import UnknownWorkload, make_workload, workload, workloads
from gputlb.simulate.workloads._kinds import ClosedWorkload, OpenWorkload, Workload
from gputlb.simulate.workloads.churn import Churn
from gputlb.simulate.workloads.compute import Compute
from gputlb.simulate.workloads.idle import Idle
from gputlb.simulate.workloads.releases import Releases
from gputlb.simulate.workloads.replay import Replay
from gputlb.simulate.workloads.reset_storm import ResetStorm
from gputlb.simulate.workloads.shrinker import Shrinker
from gputlb.simulate.workloads.sriov import Sriov
from gputlb.simulate.workloads.userptr import Userptr
from gputlb.simulate.workloads.video import Video

__all__ = [
    "Churn",
    "ClosedWorkload",
    "Compute",
    "Idle",
    "OpenWorkload",
    "Releases",
    "Replay",
    "ResetStorm",
    "Shrinker",
    "Sriov",
    "UnknownWorkload",
    "Userptr",
    "Video",
    "Workload",
    "make_workload",
    "workload",
    "workloads",
]
