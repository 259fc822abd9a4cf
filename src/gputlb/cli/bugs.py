"""The verb `bugs`: known bugs, and what exploring shows of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gputlb import facts
from gputlb.cli._main import BAD_ANSWER, FINE
from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.report.bugs_table import Anew

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


class NoWitness(GputlbError):
    """There is nothing whose witness could be shown."""


class NothingToExplore(GputlbError):
    """A bug that is not modelled cannot be explored anew."""


def bugs(
    bug: str | None = None,
    /,
    *,
    witness: Flag = False,
    recompute: Annotated[bool, Parameter(name=["--recompute", "-r"], negative="", show_default=False)] = False,
    json: Flag = False,
) -> int:
    """Print the known bugs of TLB invalidation, with the verdicts that exploring comes to with and without the fix.

    Exits with 1 if something explored anew comes to another verdict, or to another sentence, than is recorded.

    Example: gputlb bugs CVE-2022-4139 --witness

    Parameters
    ----------
    bug
        Only this one, in full: its number (I915-02) or its CVE number.
    witness
        Explore the bug without its fix, and show the shortest way in which it happens.
    recompute
        Explore all that is modelled anew, and compare with what is recorded.
    json
        Print one JSON document instead.
    """
    from gputlb.check.corpus import model_of
    from gputlb.report import bugs_table

    if bug is None and witness:
        raise NoWitness("--witness needs a bug to show; gputlb bugs lists them")
    if witness and recompute:
        raise NoWitness("--witness explores one bug anew, --recompute compares what is recorded; leave one of them out")
    rows = facts.bugs() if bug is None else (facts.bug(bug),)
    if witness:
        return _show_witness(rows[0], json=json)
    if bug is not None and recompute and (reason := model_of(rows[0]).not_modelled):
        raise NothingToExplore(f"bug {rows[0].id} cannot be explored: {reason}")
    anew = _explore(rows) if recompute else {}
    if json:
        print(bugs_table.bugs_json(rows, anew))
    elif recompute:
        bugs_table.print_recomputed(anew)
    elif bug is None:
        bugs_table.print_bugs(rows)
    else:
        bugs_table.print_bug(rows[0], model_of(rows[0]))
    return BAD_ANSWER if any(each.differs for trials in anew.values() for each in trials) else FINE


def _show_witness(bug: facts.Bug, *, json: bool) -> int:
    from gputlb.check.corpus import model_of
    from gputlb.report import bugs_table

    model = model_of(bug)
    if model.not_modelled:
        raise NoWitness(f"bug {bug.id} has no witness: {model.not_modelled}")
    trial = model.trials[0]
    result = trial.explore()
    if json:
        print(bugs_table.witness_json(bug, trial, result))
    else:
        bugs_table.print_witness(bug, trial, result)
    return FINE if trial.agrees(result) else BAD_ANSWER


def _explore(rows: Sequence[facts.Bug]) -> Anew:
    from gputlb.check.corpus import model_of
    from gputlb.report.bugs_table import Recomputed
    from gputlb.report.terminal import CLEAR_LINE, rewrites_lines

    anew: Anew = {}
    for bug in rows:
        for trial in model_of(bug).trials:
            if rewrites_lines(sys.stderr):
                print(f"{CLEAR_LINE}{bug.id} …", end="", file=sys.stderr, flush=True)
            anew.setdefault(bug.id, []).append(Recomputed(trial, trial.explore()))
    if rewrites_lines(sys.stderr):
        print(CLEAR_LINE, end="", file=sys.stderr, flush=True)
    return anew
