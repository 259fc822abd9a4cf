"""`gputlb run` with `--replications` or `--precision`: many runs, and how sure their costs are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gputlb.simulate import Replications, Setup

_FEWEST, _MOST = 2, 10_000
_USUAL_LEAST, _USUAL_MOST = 10, 100
_NOT_PRECISE = 3  # as `gputlb check`: a limit came first


class WrongReplicationOptions(GputlbError):
    """Options of `gputlb run` that ask for many runs make no sense together."""


def replicated(
    setup: Setup,
    seed: int,
    *,
    replications: int | None,
    precision: str | None,
    precision_of: str,
    warm_up_ms: float | None,
    trace: Path | None,
    progress: Callable[[float], object] | None,
) -> Replications:
    """Run `setup` many times; the warm-up is found where it is None.

    Raises: `WrongReplicationOptions`, and as `replicate`.
    """
    from gputlb.simulate import Precision, cost_named, replicate

    if trace is not None:
        raise WrongReplicationOptions("--trace records one run; leave out --replications and --precision")
    if replications is not None and not _FEWEST <= replications <= _MOST:
        raise WrongReplicationOptions(f"--replications must be {_FEWEST} to {_MOST}, not {replications}")
    cost_named(precision_of)
    most = replications or _USUAL_MOST
    wanted = None if precision is None else Precision.parse(precision, least=min(_USUAL_LEAST, most), most=most)
    return replicate(
        setup,
        seed,
        replications=most,
        precision=wanted,
        cost=precision_of,
        warm_up=warm_up_ms is None,
        progress=progress,
    )


def print_replicated(runs: Replications, *, json: bool) -> int:
    """Print what the runs say together and return the exit status.

    That is 1 if a page was reached after it had been given back, 3 if the wanted precision was not.
    """
    from gputlb.report.replications_summary import replications_json, replications_text

    print(replications_json(runs) if json else replications_text(runs))
    if any(result.stale_accesses for result in runs.results):
        return 1
    return _NOT_PRECISE if runs.met is False else 0
