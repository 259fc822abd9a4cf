"""The third runtime: every order of the agents is tried. Knows agents and cells, nothing of GPUs."""

from gputlb.explore._errors import (
    BadQuestion,
    Held,
    LockOrderInverted,
    NondeterministicAgent,
    NotSymmetric,
    Standing,
    StoppedFromOutside,
)
from gputlb.explore._promela import export_promela
from gputlb.explore._runtime import ExploredRuntime
from gputlb.explore._search import Progress
from gputlb.explore._swarm import Swarm, Walk, swarm, walk
from gputlb.explore._verdict import Step, Verdict, Witness

__all__ = [
    "BadQuestion",
    "ExploredRuntime",
    "Held",
    "LockOrderInverted",
    "NondeterministicAgent",
    "NotSymmetric",
    "Progress",
    "Standing",
    "Step",
    "StoppedFromOutside",
    "Swarm",
    "Verdict",
    "Walk",
    "Witness",
    "export_promela",
    "swarm",
    "walk",
]
