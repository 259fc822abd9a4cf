"""Defects by name: one thing done wrong in a scheme, in what surrounds it, or in what it relies on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from typing import TYPE_CHECKING

from gputlb.check.defective_schemes import (
    AsksAwakeEarly,
    ForgetsOa,
    NonStrict,
    StampWithoutLowBit,
    UnmaskedMmio,
    UnserialisedMmio,
    WaitsForOa,
    WithoutCompute,
)
from gputlb.driver import Tlb, Vma, reset_gt
from gputlb.driver.schemes import shown_name
from gputlb.errors import GputlbError, did_you_mean

if TYPE_CHECKING:
    from gputlb.driver import Gt, Scheme


_AND = "+"


class UnknownDefect(GputlbError):
    """No defect has this name."""


class DefectsCollide(GputlbError):
    """Two defects are in the same place, so that there is no system with both."""


class NotOfThisScheme(GputlbError):
    """A defect changes one scheme, and another was asked for."""


class CountsFirst(Tlb):
    """Moves the counter on first: who looks then believes in a flush that has not been done (bug I915-08)."""

    async def flush_and_count(self) -> None:
        """Count, then flush."""
        await self.count()
        await self.scheme.flush()


class StampedByValue(Vma):
    """The stamp is written into a copy that nobody looks at: bug I915-09, the July 2022 patch's parent tree."""

    async def invalidate_tlb(self) -> None:
        """Take the stamps, and lose them."""
        for tlb in self.gem_object.tlbs:
            await tlb.next_invalidate_full()


class StampedBeforeClearing(Vma):
    """The stamp is taken before the entries are cleared, so that it may count a flush that ran before it."""

    async def unbind(self) -> None:
        """Stamp, then clear."""
        await self.invalidate_tlb()
        await self.page_table.clear(self.first, self.gem_object.page_count)


async def _wedge_before_reset(gt: Gt) -> None:
    await gt.wedged.store(1)
    await reset_gt(gt)


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong, and everything else as it should be."""

    name: str
    summary: str
    scheme: type[Scheme] | None = None
    """The scheme that has it, in place of the one asked for."""
    tlb: type[Tlb] = Tlb
    """How flushes are numbered."""
    vma: type[Vma] = Vma
    """How objects are bound, unbound and stamped."""
    behaviour: Mapping[str, bool] = field(default_factory=dict)
    """What the hardware does not do, of all that a driver could rely on."""
    wedge: Callable[[Gt], Coroutine[object, None, None]] | None = None
    """How the GT is given up."""
    first_gt_only: bool = False
    """Stamps and flushes know GT0 alone."""

    def replaced(self, scheme: type[Scheme]) -> type[Scheme]:
        """Return the scheme that has the defect, in place of `scheme`. Raises: `NotOfThisScheme`."""
        if self.scheme is None:
            return scheme
        if not issubclass(self.scheme, scheme):
            sound = next(vars(kind)["name"] for kind in self.scheme.__mro__[1:] if "name" in vars(kind))
            raise NotOfThisScheme(
                f"defect {self.name!r} is something done wrong in scheme {sound!r}, so {shown_name(scheme)!r} cannot "
                f"have it; take scheme {sound!r}, or another defect"
            )
        return self.scheme


NO_DEFECT = Defect("none", "nothing is wrong")

DEFECTS = {
    defect.name: defect
    for defect in (
        Defect("non-strict", "a stamp counts as passed one flush too early: >= in place of >", scheme=NonStrict),
        Defect("no-low-bit", "the stamp is the counter itself, without | 1", scheme=StampWithoutLowBit),
        Defect("count-first", "the counter moves on before the flush, not after it", tlb=CountsFirst),
        Defect("unmasked", "masked registers are written without their write-enable bits", scheme=UnmaskedMmio),
        Defect("no-compute", "the register table has no row for compute engines", scheme=WithoutCompute),
        Defect("no-oa", "the OA unit's TLB is left alone", scheme=ForgetsOa),
        Defect("oa-waited", "no defect: the OA unit's TLB is waited for as well", scheme=WaitsForOa),
        Defect("unserialised", "requests are written without the uncore lock, into a reset", scheme=UnserialisedMmio),
        Defect("early-awake-test", "engines are asked whether they are awake before the flush", scheme=AsksAwakeEarly),
        Defect("stamp-by-value", "the stamp is stored in a copy", vma=StampedByValue),
        Defect("stamp-first", "the stamp is taken before the entries are cleared", vma=StampedBeforeClearing),
        Defect("wedge-first", "the GT is marked as given up before it is reset", wedge=_wedge_before_reset),
        Defect("first-gt-only", "objects are stamped and flushed on GT0 alone", first_gt_only=True),
        Defect(
            "tlb-survives-idle",
            "an engine that wakes up still has its old translations",
            behaviour={"requests_begin_with_invalidate": False, "tlb_lost_on_power_down": False},
        ),
        Defect(
            "walks-survive",
            "a walk under way fills the TLB although an invalidation has passed",
            behaviour={"invalidation_cancels_walks": False},
        ),
        Defect("reset-keeps-tlb", "a reset leaves the TLBs as they are", behaviour={"tlb_lost_on_reset": False}),
    )
}
"""All defects by name; each is tried by a test that must find it."""


def defect(name: str) -> Defect:
    """Return the defect called `name`, or several at once as `one+another`.

    Raises: `UnknownDefect` with the nearest names; `DefectsCollide`.
    """
    return reduce(_both, map(_named, name.split(_AND)))


def _named(name: str) -> Defect:
    if name == NO_DEFECT.name:
        return NO_DEFECT
    if name not in DEFECTS:
        raise UnknownDefect(f"defect {name!r} is unknown{did_you_mean(name, DEFECTS)}; there are {', '.join(DEFECTS)}")
    return DEFECTS[name]


def _both(one: Defect, other: Defect) -> Defect:
    """Return the defect that is both; raises `DefectsCollide` where both replace the same part."""
    for part in ("scheme", "tlb", "vma", "wedge"):
        normal = getattr(NO_DEFECT, part)
        if getattr(one, part) is not normal and getattr(other, part) is not normal:
            raise DefectsCollide(
                f"defects {one.name!r} and {other.name!r} both replace the {part}, so one system cannot have both; "
                "check them one after the other"
            )
    changed = {
        part.name: getattr(other, part.name)
        for part in fields(Defect)
        if getattr(other, part.name) != getattr(NO_DEFECT, part.name)
    }
    changed["name"] = one.name + _AND + other.name
    changed["summary"] = f"{one.summary}; and {other.summary}"
    changed["behaviour"] = {**one.behaviour, **other.behaviour}
    return replace(one, **changed)
