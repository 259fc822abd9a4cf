"""A check on every platform as a table: a line as soon as each is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gputlb.report import check_summary
from gputlb.report.story_lines import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.check import CheckResult, OnPlatform, Scenario

_HEAD = f"{'platform':22}{'verdict':12}{'engines':>7}{'groups':>8}{'states':>12}{'seconds':>9}"


def head(scheme: str, defect: str, scenario: Scenario) -> list[Line]:
    """Return what was asked, and the heads of the columns."""
    return [Line(check_summary.asked(scheme, "every platform", defect, scenario)), Line(""), Line(_HEAD)]


def row(done: OnPlatform) -> Line:
    """Return one platform's line."""
    name = _name(done)
    result = done.result
    if result is None:
        return Line(f"{name:22}{'not loaded' if done.fits else 'left out'}")
    engines = sum(len(group.engines) for group in result.groups)
    left = sum(map(len, result.not_explored))
    of = f"{engines}/{engines + left}" if left else str(engines)
    return Line(
        f"{name:22}{result.kind:12}{of:>7}{len(result.groups):>8}{result.states:>12,}{result.seconds:>9.1f}",
        hot=result.kind in {"violated", "deadlock"},
    )


def tail(done: Sequence[OnPlatform]) -> list[Line]:
    """Return the first thing that went wrong, why platforms are left out, and the sum of all."""
    results = _results(done)
    lines = [Line("")]
    for each in done:
        if each.result is not None and each.result.story is not None:
            lines += [Line(f"{_name(each)}: {each.result.story.sentence}", hot=True), Line("")]
            break
    reasons = [Line(f"{_name(each)}: {each.reason}") for each in done if each.result is None]
    lines += [*reasons, Line("")] if reasons else []
    kinds = dict.fromkeys(result.kind for result in results)
    told = ", ".join(f"{sum(result.kind == kind for result in results)} {kind}" for kind in kinds) or "none"
    states, seconds = sum(result.states for result in results), sum(result.seconds for result in results)
    loads = [each.fits for each in done if each.result is None]
    rest = f"; {loads.count(False)} left out" if False in loads else ""
    rest += f"; not loaded on {loads.count(True)}" if True in loads else ""
    return [*lines, Line(f"{told}{rest}; {check_summary.counted(states, 'state')}, {seconds:.1f} s")]


def table_json(done: Sequence[OnPlatform]) -> str:
    """Return the same as one JSON document: a check's own document for each platform, and why others have none."""
    document: dict[str, Any] = {
        "platforms": [
            {
                "platform": each.platform.kernel,
                "variant": each.platform.variant,
                "check": None if each.result is None else json.loads(check_summary.check_json(each.result)),
                "reason": each.reason or None,
            }
            for each in done
        ]
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def _name(done: OnPlatform) -> str:
    graphics = done.platform.graphics
    return f"{done.platform.kernel} {graphics[0]}.{graphics[1]:02d}"


def _results(done: Sequence[OnPlatform]) -> list[CheckResult]:
    return [each.result for each in done if each.result is not None]
