"""Running one run of a sweep, and what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gputlb import __version__, facts
from gputlb.errors import GputlbError
from gputlb.runtime._place import place_raised
from gputlb.simulate.costs import COSTS
from gputlb.simulate.setup import run_setup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gputlb.simulate.sweep._plan import Run


class Finished(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of one run; it goes from worker to journal to results file."""

    key: str
    """Which run: `Run.key`."""
    costs: dict[str, float | None]
    unstable: str | None
    """The sentence why the system cannot keep up, or None."""
    histogram: list[tuple[float, int]]
    """Upper bounds in µs, ascending, and the releases below each and above the one before."""
    error: str | None = None
    """What the run ended with instead of a result; such runs are not kept."""


def run_all(runs: Sequence[Run], wanted: tuple[str, str]) -> list[Finished]:
    """Run them one after the other: what a worker does. It must be of the version and the facts that are wanted."""
    here = made_by()
    if here != wanted:
        error = f"a worker of another version: gputlb {here[0]} with facts {here[1]}, not {wanted[0]} with {wanted[1]}"
        return [Finished(run.key, {}, None, [], error) for run in runs]
    return [_run(run) for run in runs]


def made_by() -> tuple[str, str]:
    """Return the version of `gputlb` and of its facts: runs of different ones are different runs."""
    return __version__, facts.facts_version()


def _run(run: Run) -> Finished:
    try:
        result = run_setup(run.setup, run.seed)
    except GputlbError as error:
        return Finished(run.key, {}, None, [], str(error))
    except BaseException as error:  # what ends a worker would otherwise end the sweep, without a word
        where = place_raised(error)
        return Finished(run.key, {}, None, [], f"{where} raised {error!r}")
    costs = {cost.name: None if (value := cost.of(result)) is None else float(value) for cost in COSTS}
    return Finished(run.key, costs, result.unstable, list(result.release_histogram))
