"""Scenarios: who acts, what may go wrong around them, and what must be reachable so that `safe` means something."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module

from gputlb.errors import GputlbError, did_you_mean, why_not_imported

INGREDIENTS = {
    "park": "engines park and wake up at any moment",
    "asleep": "the GT sleeps while no engine is awake",
    "reset": "the GT is reset at any moment, between request and wait too",
    "wedge": "the GT is given up at any moment",
    "slow": "invalidation units may take longer than the driver waits",
    "stuck": "invalidation units never finish",
    "oa": "the OA unit reads through a TLB of its own",
    "posted": "page-table writes stay in the CPU's store buffer for a while",
    "power": "forcewake domains sleep; a register write while its domain sleeps is a violation",
    "two-gts": "the engines of all GTs are explored together, where a platform has several",
    "accounted": "a flush that was counted must really have reached every engine that was awake throughout",
}
"""What a scenario may be made of, beside clients, engines, TLBs, walks in flight and invalidation units."""


class UnknownScenario(GputlbError):
    """No scenario or ingredient has this name, or what the name stands for is none."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A situation to be explored in every order.

    Each client binds, unbinds and releases one object over and over; each engine reaches for any object at any
    time, through its TLB or by a walk; each invalidation unit takes any time. Ingredients add to that.
    """

    name: str
    summary: str
    clients: int = 2
    engines_together: int = 1
    """Engines explored together: all of a platform's are covered, in groups of at most this many."""
    rounds: int | None = None
    """How often each client does it; None for ever, which the explorer can follow as it divides the counter out."""
    ingredients: frozenset[str] = frozenset()

    def having(self, *ingredients: str) -> Scenario:
        """Return this scenario with more ingredients; raises `UnknownScenario`."""
        for ingredient in ingredients:
            if ingredient not in INGREDIENTS:
                raise UnknownScenario(
                    f"ingredient {ingredient!r} is unknown{did_you_mean(ingredient, INGREDIENTS)}; "
                    f"there are {', '.join(INGREDIENTS)}"
                )
        return replace(self, ingredients=self.ingredients | set(ingredients))


def _named(name: str, summary: str, *ingredients: str, **numbers: int) -> Scenario:
    return Scenario(name, summary, ingredients=frozenset(ingredients), **numbers)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        _named("default", "clients release objects while awake engines go on reaching for them"),
        _named("parked", "engines park and wake up at any moment", "park"),
        _named("asleep", "engines wake up a sleeping GT, and let it sleep again", "park", "asleep"),
        _named("reset", "the GT is reset at any moment", "reset"),
        _named("wedge", "the GT is given up at any moment", "wedge"),
        _named("slow", "invalidation units may take longer than the driver waits", "slow"),
        _named("stuck", "invalidation units never finish", "stuck"),
        _named("oa", "the OA unit reads what clients release", "oa"),
        _named("posted", "page-table writes reach memory late", "posted"),
        _named("power", "forcewake domains sleep between flushes", "power", clients=1),
        _named("two-gts", "objects are flushed on two GTs", "two-gts", clients=1),
        _named("accounted", "counted flushes must have reached every awake engine", "accounted"),
    )
}


def scenario(name: str) -> Scenario:
    """Return the scenario called `name`: ours, or the user's own as `module:NAME`; raises `UnknownScenario`."""
    if name in SCENARIOS:
        return SCENARIOS[name]
    if ":" in name:
        return _imported(name)
    raise UnknownScenario(
        f"scenario {name!r} is unknown{did_you_mean(name, SCENARIOS)}; there are {', '.join(SCENARIOS)}"
    )


def _imported(path: str) -> Scenario:
    module_name, _, attribute = path.partition(":")
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:
        raise UnknownScenario(f"scenario {path!r}: {why_not_imported(module_name, error)}") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, Scenario):
        known = [name for name, value in vars(module).items() if isinstance(value, Scenario)]
        raise UnknownScenario(
            f"scenario {path!r}: {module.__file__} has no Scenario {attribute!r}{did_you_mean(attribute, known)}"
        )
    return found
