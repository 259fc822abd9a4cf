"""Scenarios: who acts, what may go wrong around them, and what must be reachable so that `safe` means something."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from gputlb import facts
from gputlb.errors import GputlbError, did_you_mean, line_in_module, why_not_imported

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.facts import Platform

INGREDIENTS = {
    "park": "engines park and wake up at any moment",
    "asleep": "the GT sleeps while no engine is awake; brings park along",
    "reset": "the GT is reset at any moment, between request and wait too",
    "wedge": "the GT is given up at any moment",
    "slow": "invalidation units may take longer than the driver waits",
    "stuck": "invalidation units never finish",
    "oa": "the OA unit reads through a TLB of its own",
    "posted": "page-table writes stay in the CPU's store buffer for a while",
    "power": "forcewake domains sleep; a register write while its domain sleeps is a violation; brings park along",
    "two-gts": "the engines of all GTs are explored together",
    "accounted": "a flush that was counted must really have reached every engine that was awake throughout",
}
"""What a scenario may be made of, beside clients, engines, TLBs, walks in flight and invalidation units."""

_BRINGS = {"asleep": "park", "power": "park"}
"""What an ingredient cannot be without: neither a GT nor a domain sleeps under a context, so contexts come and go."""

MOST_CLIENTS = 8
MOST_ENGINES = 16
MOST_ROUNDS = 1000


class UnknownScenario(GputlbError):
    """No scenario or ingredient has this name, or what the name stands for is none."""


class BadScenario(GputlbError):
    """A scenario's field is not what it must be; the text says which and what."""


class NotOnPlatform(GputlbError):
    """A platform lacks what an ingredient is about, so that it would never happen there."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(f"{reason}; {mend}")
        self.reason = reason
        """What is lacking, without what to do about it."""


def _has_oa(platform: Platform) -> bool:
    return any(row.kind == "tlb_inv_oa" for gt in platform.gts for row in facts.registers_for(platform, gt))


def _has_several_gts(platform: Platform) -> bool:
    return len(platform.gts) > 1


_NEEDS: dict[str, tuple[str, Callable[[Platform], bool]]] = {
    "oa": ("has no OA unit with a TLB of its own", _has_oa),
    "two-gts": ("has one GT alone", _has_several_gts),
}
"""What a platform lacks where an ingredient means nothing, and whether it does not."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A situation to be explored in every order.

    Each client binds, unbinds and releases one object over and over; each engine reaches for any object at any
    time, through its TLB or by a walk; each invalidation unit takes any time. Ingredients add to that.

    Raises: `BadScenario` for a value out of its range or of another type; `UnknownScenario` for an ingredient that
    there is not.
    """

    name: str
    summary: str
    clients: int = 2
    """1 to 8."""
    engines_together: int = 1
    """Engines explored together, 1 to 16: all of a platform's are covered, in groups of at most this many."""
    rounds: int | None = None
    """How often each client does it, 1 to 1000; None for ever, which the explorer can follow as it divides the counter
    out."""
    ingredients: frozenset[str] = frozenset()
    """Some of `INGREDIENTS`; what they cannot be without is added."""

    def __post_init__(self) -> None:
        for field in ("name", "summary"):
            self._must("be a string", field, isinstance(getattr(self, field), str))
        for field, most in (("clients", MOST_CLIENTS), ("engines_together", MOST_ENGINES), ("rounds", MOST_ROUNDS)):
            value = getattr(self, field)
            number = type(value) is int and 1 <= value <= most
            if field == "rounds":
                self._must(f"be None or a whole number from 1 to {most}", field, value is None or number)
            else:
                self._must(f"be a whole number from 1 to {most}", field, number)
        self._must(
            "be a frozenset of names, such as frozenset({'park'})",
            "ingredients",
            isinstance(self.ingredients, frozenset),
        )
        for ingredient in sorted(self.ingredients, key=str):
            if ingredient not in INGREDIENTS:
                raise UnknownScenario(
                    f"ingredient {ingredient!r} is unknown{did_you_mean(str(ingredient), INGREDIENTS)}; "
                    f"there are {', '.join(INGREDIENTS)}"
                )
        brought = {_BRINGS[each] for each in self.ingredients if each in _BRINGS}
        object.__setattr__(self, "ingredients", self.ingredients | brought)

    def _must(self, what: str, field: str, holds: bool) -> None:
        if not holds:
            raise BadScenario(f"a scenario's {field} must {what}, not {getattr(self, field)!r}")

    def must_fit(self, platform: Platform) -> None:
        """Make sure that `platform` has what the ingredients are about; raises `NotOnPlatform`."""
        for ingredient, (lack, has) in _NEEDS.items():
            if ingredient in self.ingredients and not has(platform):
                others = dict.fromkeys(each.kernel for each in facts.platforms() if has(each))
                raise NotOnPlatform(
                    f"{platform.kernel} {lack}, so ingredient {ingredient!r} would do nothing",
                    f"leave it out, or choose one of {', '.join(others)}",
                )

    def having(self, *ingredients: str) -> Scenario:
        """Return this scenario with more ingredients; raises `UnknownScenario`."""
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
        _named("power", "forcewake domains sleep between flushes", "park", "power", clients=1),
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
    except (BadScenario, UnknownScenario) as error:
        raise type(error)(
            f"scenario {path!r}, {line_in_module(error) or module_name}: {error}; mend that line"
        ) from None
    except (Exception, SystemExit) as error:
        raise UnknownScenario(f"scenario {path!r}: {why_not_imported(module_name, error)}") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, Scenario):
        known = [name for name, value in vars(module).items() if isinstance(value, Scenario)]
        raise UnknownScenario(
            f"scenario {path!r}: {module.__file__} has no Scenario {attribute!r}{did_you_mean(attribute, known)}"
        )
    return found
