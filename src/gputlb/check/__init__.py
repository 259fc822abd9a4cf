"""GPU scenarios, properties and witnesses for `gputlb check`."""

from gputlb.check.check import CheckResult, GroupVerdict, Limits, check
from gputlb.check.defects import (
    DEFECTS,
    NO_DEFECT,
    Defect,
    DefectsCollide,
    NotOfThisScheme,
    UnknownDefect,
    defect,
)
from gputlb.check.everywhere import OnPlatform, check_everywhere
from gputlb.check.groups import Group, engine_groups
from gputlb.check.model import Model, build
from gputlb.check.patience import patience
from gputlb.check.replayed_runtime import ReplayDiverged, ReplayedRuntime
from gputlb.check.rerun import Ending, Rerun, rerun
from gputlb.check.scenario import (
    INGREDIENTS,
    MOST_CLIENTS,
    MOST_ENGINES,
    MOST_ROUNDS,
    SCENARIOS,
    BadScenario,
    NotOnPlatform,
    Scenario,
    UnknownScenario,
    scenario,
)
from gputlb.check.story import Story, StoryStep, tell
from gputlb.check.swarming import Swarming
from gputlb.check.unfit_scheme import SetUpWaits
from gputlb.check.witness_file import BadWitness, NotReproduced, SavedWitness, read_witness, replay, saved, scheme_name
from gputlb.driver.schemes import UnfitScheme

__all__ = [
    "DEFECTS",
    "INGREDIENTS",
    "MOST_CLIENTS",
    "MOST_ENGINES",
    "MOST_ROUNDS",
    "NO_DEFECT",
    "SCENARIOS",
    "BadScenario",
    "BadWitness",
    "CheckResult",
    "Defect",
    "DefectsCollide",
    "Ending",
    "Group",
    "GroupVerdict",
    "Limits",
    "Model",
    "NotOfThisScheme",
    "NotOnPlatform",
    "NotReproduced",
    "OnPlatform",
    "ReplayDiverged",
    "ReplayedRuntime",
    "Rerun",
    "SavedWitness",
    "Scenario",
    "SetUpWaits",
    "Story",
    "StoryStep",
    "Swarming",
    "UnfitScheme",
    "UnknownDefect",
    "UnknownScenario",
    "build",
    "check",
    "check_everywhere",
    "defect",
    "engine_groups",
    "patience",
    "read_witness",
    "replay",
    "rerun",
    "saved",
    "scenario",
    "scheme_name",
    "tell",
]
