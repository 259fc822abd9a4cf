"""The known bugs as small systems to explore: each with and without its fix, with what must come out."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

import msgspec

from gputlb import facts
from gputlb.check.check import Kind, Limits, check
from gputlb.check.defects import defect
from gputlb.check.scenario import scenario
from gputlb.driver import scheme

if TYPE_CHECKING:
    from gputlb.check.check import CheckResult
    from gputlb.check.scenario import Scenario

Role = Literal["without", "with", "variant"]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One system that shows something about a bug, small enough to be explored in seconds."""

    role: Role
    """`without` the fix, `with` it, or a `variant` that says something more about either."""
    platform: str
    scheme: str
    scenario: str
    expect: Kind
    """The verdict that exploring must come to."""
    defect: str = "none"
    ingredients: tuple[str, ...] = ()
    """What the scenario gets on top."""
    clients: int = 1
    rounds: int = 1
    engines_together: int = 1
    only_group: int | None = None
    """The only group of engines explored, where what matters is the numbers and not the engines; None for all."""
    sentence: str | None = None
    """What the witness must say went wrong."""
    remark: str | None = None
    """What is to be known beside the verdict."""

    def to_explore(self) -> Scenario:
        """Return the scenario in the size that is explored."""
        return replace(
            scenario(self.scenario).having(*self.ingredients),
            clients=self.clients,
            rounds=self.rounds,
            engines_together=self.engines_together,
        )

    def explore(self, limits: Limits | None = None) -> CheckResult:
        """Explore it anew. Raises: `KeyboardInterrupt` where Ctrl-C came first."""
        result = check(
            facts.platform(self.platform),
            scheme(self.scheme),
            self.to_explore(),
            defect=defect(self.defect),
            limits=limits or Limits(),
            only_group=self.only_group,
        )
        if result.interrupted:
            raise KeyboardInterrupt
        return result

    def agrees(self, result: CheckResult) -> bool:
        """Tell whether what exploring came to is what is recorded here, sentence included."""
        return result.kind == self.expect and (result.story.sentence if result.story else None) == self.sentence


class BugModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a known bug is modelled, or why it is not."""

    bug: str
    """Its number in `facts.bugs()`."""
    trials: tuple[Trial, ...] = ()
    not_modelled: str | None = None
    """The reason; None where there are trials."""

    def expected(self, role: Role) -> Kind | None:
        """Return the recorded verdict of the trials in this role: the worst; None where there are none."""
        found = [trial.expect for trial in self.trials if trial.role == role]
        order: tuple[Kind, ...] = ("violated", "deadlock", "safe")
        return next((kind for kind in order if kind in found), None)


@cache
def corpus() -> tuple[BugModel, ...]:
    """Return how each bug of `facts.bugs()` is modelled, in the same order."""
    rows = files("gputlb.check").joinpath("corpus.json").read_bytes()
    return msgspec.json.decode(rows, type=tuple[BugModel, ...])


def model_of(bug: facts.Bug) -> BugModel:
    """Return how a bug is modelled."""
    return next(model for model in corpus() if model.bug == bug.id)
