"""Finding a workload by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.errors import GputlbError, did_you_mean
from gputlb.simulate.parameters import parsed
from gputlb.simulate.workloads.churn import Churn
from gputlb.simulate.workloads.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.simulate.parameters import Scalar
    from gputlb.simulate.workloads._kinds import Workload


class UnknownWorkload(GputlbError):
    """No workload has this name."""


def workloads() -> dict[str, type[Workload]]:
    """Return the class of each workload, by name."""
    every: tuple[type[Workload], ...] = (Churn, Releases)
    return {each.name: each for each in every}


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
