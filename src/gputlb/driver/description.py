"""What a GT is: versions, engines, domains. Said once, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gputlb import facts

if TYPE_CHECKING:
    from gputlb.facts import ForcewakeDomain, Platform, Version

GtType = Literal["primary", "media"]


@dataclass(frozen=True, slots=True)
class EngineDescription:
    """One engine: the name it is shown by, its class (i915's number) and its hardware instance."""

    name: str
    engine_class: int
    instance: int

    @property
    def id(self) -> int:
        """i915's engine id; engines are visited in its order."""
        return facts.engine(self.engine_class, self.instance).id


@dataclass(frozen=True, slots=True)
class GtDescription:
    """One GT of a platform, as the driver sees it when it loads."""

    platform: str
    """The kernel's platform name, `TIGERLAKE`; `UNKNOWN` is none of them."""
    graphics: Version
    engines: tuple[EngineDescription, ...]
    """In any order; the driver visits them by engine id."""
    media: Version | None = None
    """None where the graphics version says it all."""
    gt_type: GtType = "primary"
    gt_id: int = 0
    gsi_offset: int = 0
    """Bytes added to offsets below 0x40000 on their way to the BAR."""
    forcewake: tuple[ForcewakeDomain, ...] = ()
    """Domains with absolute register offsets; none means that nothing ever sleeps."""
    has_oa_workaround: bool = False
    """Wa_2207587034: the OA unit's TLB is dropped by a register of its own."""
    guc_tlb_invalidation: bool = False
    """The platform's flag: engines' TLBs are dropped by message to the GuC (Linux 6.7 and later)."""

    @classmethod
    def of(cls, platform: Platform, gt_type: GtType = "primary") -> GtDescription:
        """Return the description of a known platform's GT; `NotRecorded` if it has no such GT.

        Engines bear the names that i915 shows: counted within their class, so Tiger Lake's third decoder, the
        second one it has, is `vcs1`.
        """
        gt = platform.gt(gt_type)
        if gt is None:
            raise facts.NotRecorded(f"{platform.kernel} has no {gt_type} GT")
        names = facts.shown_names(gt.engines)
        return cls(
            platform=platform.kernel,
            graphics=platform.graphics,
            media=platform.media,
            engines=tuple(
                EngineDescription(name, engine.engine_class, engine.instance)
                for name, engine in zip(names, gt.engines, strict=True)
            ),
            gt_type=gt_type,
            gt_id=gt.id,
            gsi_offset=gt.gsi_offset,
            forcewake=facts.forcewake_domains(platform, gt_type=gt_type),
            has_oa_workaround=platform.wa_2207587034,
            guc_tlb_invalidation=platform.tlb_path == "guc_ct",
        )
