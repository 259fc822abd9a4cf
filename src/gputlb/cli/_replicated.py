"""`gputlb run` with `--replications` or `--precision`: many runs, and how sure their costs are."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gputlb.simulate import Replications, Setup

_FEWEST, _MOST = 2, 10_000
_USUAL_LEAST, _USUAL_MOST = 10, 100
_USUAL_COST = "release_mean_us"
_NOT_PRECISE = 3  # as `gputlb check`: a limit came first


class WrongReplicationOptions(GputlbError):
    """Options of `gputlb run` that ask for many runs make no sense together."""


def replicated(
    setup: Setup,
    seed: int,
    *,
    replications: int | None,
    duration_is_given: bool,
    precision: str | None,
    precision_of: str | None,
    longest_ms: float | None,
    warm_up_ms: float | None,
    trace: Path | None,
    progress: Callable[[float], object] | None,
) -> Replications:
    """Run `setup` many times; the warm-up is found where it is None.

    With a precision, the length of the runs is chosen; where it is given, their number is.

    Raises: `WrongReplicationOptions`, and as `replicate`.
    """
    from gputlb.simulate import Precision, cost_named, replicate, replicate_long_enough
    from gputlb.simulate.run_length import LONGEST_MS

    if precision_of is not None:
        cost_named(precision_of)
        if precision is None:
            raise WrongReplicationOptions(
                f"--precision-of {precision_of} says what --precision is about; give both, e.g. --precision 2%"
            )
    cost = precision_of or _USUAL_COST
    if trace is not None:
        raise WrongReplicationOptions("--trace records one run; leave out --replications and --precision")
    if replications is not None and not _FEWEST <= replications <= _MOST:
        raise WrongReplicationOptions(f"--replications must be {_FEWEST} to {_MOST}, not {replications}")
    chooses_length = precision is not None and not duration_is_given
    if longest_ms is not None:
        if not chooses_length:
            raise WrongReplicationOptions(
                "--longest-ms bounds the length that --precision chooses; give --precision, and leave out --duration-ms"
            )
        if not setup.duration_ms <= longest_ms < inf:
            raise WrongReplicationOptions(f"--longest-ms must be {setup.duration_ms:g} or more, not {longest_ms:g}")
    finds_warm_up = warm_up_ms is None
    if precision is None:
        count = replications or _USUAL_LEAST
        return replicate(setup, seed, replications=count, warm_up=finds_warm_up, progress=progress)
    most = replications or _USUAL_MOST
    wanted = Precision.parse(precision, least=min(_USUAL_LEAST, most), most=most)
    if chooses_length:
        return replicate_long_enough(
            setup,
            seed,
            wanted,
            replications=replications or _USUAL_LEAST,
            longest_ms=LONGEST_MS if longest_ms is None else longest_ms,
            cost=cost,
            warm_up=finds_warm_up,
            progress=progress,
        )
    return replicate(setup, seed, precision=wanted, cost=cost, warm_up=finds_warm_up, progress=progress)


def print_replicated(runs: Replications, *, json: bool) -> int:
    """Print what the runs say together and return the exit status.

    That is 1 if a page was reached after it had been given back, 3 if the wanted precision was not.
    """
    from gputlb.report.replications_summary import replications_json, replications_text

    print(replications_json(runs) if json else replications_text(runs))
    if any(result.stale_accesses for result in runs.results):
        return 1
    return _NOT_PRECISE if runs.met is False else 0
