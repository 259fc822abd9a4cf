"""Which engines are explored together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gputlb.facts import Platform

from gputlb import facts

Group = tuple[tuple[str, ...], ...]
"""The engines of each GT, by name, that are explored together."""


def engine_groups(platform: Platform, at_most: int, *, gts_together: bool = False) -> list[Group]:
    """Return groups of at most `at_most` engines a GT that together cover every engine of the platform.

    Neighbours in engine order come together. GTs share no TLB, lock or number, so each is explored by itself and
    has no engines in the others' groups; unless `gts_together`, which gives every group engines of every GT: one
    with fewer groups than another has its first ones repeated.
    """
    per_gt = []
    for gt in platform.gts:
        names = facts.shown_names(gt.engines)
        per_gt.append([names[index : index + at_most] for index in range(0, len(names), at_most)])
    if not gts_together:
        return [
            tuple(names if index == other else () for other in range(len(per_gt)))
            for index, groups in enumerate(per_gt)
            for names in groups
        ]
    count = max(map(len, per_gt))
    return [tuple(groups[index % len(groups)] for groups in per_gt) for index in range(count)]
