"""Finding a workload by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.errors import GputlbError, did_you_mean
from gputlb.simulate.parameters import parsed
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

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.simulate.parameters import Scalar
    from gputlb.simulate.workloads._kinds import Workload


class UnknownWorkload(GputlbError):
    """No workload has this name."""


_EVERY: tuple[type[Workload], ...] = (
    Churn,
    Shrinker,
    Userptr,
    Video,
    Compute,
    Idle,
    ResetStorm,
    Sriov,
    Replay,
    Releases,
)


def workloads() -> dict[str, type[Workload]]:
    """Return the class of each workload, by name."""
    return {each.name: each for each in _EVERY}


def workload(name: str) -> type[Workload]:
    """Return the class of the workload called `name`; raises `UnknownWorkload` with the nearest names."""
    known = workloads()
    if name not in known:
        raise UnknownWorkload(f"workload {name!r} is unknown{did_you_mean(name, known)}; there are {', '.join(known)}")
    return known[name]


def make_workload(name: str, given: Iterable[tuple[str, Scalar]] = ()) -> Workload:
    """Return the workload called `name`, told what is `given`, as text or numbers.

    Raises: `UnknownWorkload`, `WrongParameter`, `DamagedColumns`.
    """
    made = workload(name)
    return made(**parsed(name, made.parameters(), given))
