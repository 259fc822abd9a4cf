"""A sweep under way: what is there already, what is missing, and the results file at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gputlb import __version__, facts
from gputlb.file_names import why_not_writable
from gputlb.simulate.sweep._errors import JournalError, ResultsError, RunFailed
from gputlb.simulate.sweep._execute import execute
from gputlb.simulate.sweep._journal import Journal
from gputlb.simulate.sweep._result import Finished
from gputlb.simulate.sweep._results import require_duckdb, write_results
from gputlb.simulate.sweep._runs import read_results, run_key_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from gputlb.simulate.sweep._plan import Plan, Run
    from gputlb.simulate.sweep._pools import Pool


class Sweep:
    """Runs a plan into a results file, each run once.

    Runs that have finished before count: those in the journal beside `output`, of a sweep that was cut short, and
    those in `output` itself, of a sweep that is made larger. Equal parameters, seed and version make an equal run.

    Args:
        plan: what to run.
        output: the results file; the journal beside it ends in `.partial.jsonl`.
        discard: leave out finished runs that the plan no longer asks for. Otherwise they are an error.

    Raises: `ResultsError` where DuckDB is missing or `output` cannot be written or read; `JournalError`, also where
    runs would be left out.

    """

    def __init__(self, plan: Plan, output: Path, *, discard: bool = False) -> None:
        require_duckdb()
        why = why_not_writable(output)
        if why is not None:
            raise ResultsError(why)
        self.plan = plan
        self.output = output
        self._before = _runs_in(output) if output.exists() else {}
        wanted = {run.key for run in plan.runs()}
        _check_nothing_lost(
            output, self._before.keys() - wanted, discard, f"name another file with --output than {output}"
        )
        self._journal = Journal(output.with_suffix(".partial.jsonl"))
        try:
            path = self._journal.path
            _check_nothing_lost(
                path,
                self._journal.finished.keys() - wanted,
                discard,
                f"finish them with the file as it was, or remove {path}",
            )
        except BaseException:
            self._journal.close()
            raise
        self._finished = {
            key: finished for key, finished in (self._before | self._journal.finished).items() if key in wanted
        }
        self.found = len(self._finished)
        """Runs that had finished before."""

    @property
    def journal(self) -> Path:
        """Where finished runs are kept until all have."""
        return self._journal.path

    @property
    def done(self) -> int:
        """How many runs have finished."""
        return len(self._finished)

    @property
    def total(self) -> int:
        """How many there are to finish."""
        return self.plan.run_count

    def missing(self) -> list[Run]:
        """Return the runs that have not finished."""
        return [run for run in self.plan.runs() if run.key not in self._finished]

    def run(self, pool: Pool | None, *, tick: Callable[[int], object] = lambda _: None) -> None:
        """Run what is missing, keeping each result as it comes; then write the results file and drop the journal.

        `pool` may be None where nothing is missing.
        `tick` is called about four times a second with how many runs this call has finished.

        Raises: `RunFailed`, `JournalError` and `ResultsError`; what has finished is kept whatever happens.
        """
        missing = self.missing()
        if missing:
            if pool is None:
                raise ValueError(f"{len(missing)} runs are missing, and there is no pool to run them on")
            try:
                execute(missing, pool, self._keep, tick=tick)
            except RunFailed as error:
                raise RunFailed(f"{error}; {self.kept()}") from None
        if missing or len(self._before) != self.total:
            try:
                write_results(self.output, self.plan, self._finished)
            except ResultsError as error:
                raise ResultsError(f"{error}; {self.kept()}") from None
        self._journal.remove()

    def unstable_points(self) -> list[tuple[int, str]]:
        """Return the points at which a finished run could not keep up, each with the first reason given."""
        found: dict[int, str] = {}
        for run in self.plan.runs():
            finished = self._finished.get(run.key)
            if finished is not None and finished.unstable is not None:
                found.setdefault(run.point, finished.unstable)
        return sorted(found.items())

    def kept(self) -> str:
        """Return where the finished runs are, and how to go on."""
        if not self.done:
            return "no run has finished, so the same command begins anew"
        in_journal = self._journal.finished.keys() & self._finished.keys()
        places = [self.output] * bool(self._before.keys() & self._finished.keys()) + [self.journal] * bool(in_journal)
        finished = "has finished is" if self.done == 1 else "have finished are"
        return (
            f"the {self.done:,} of {self.total:,} runs that {finished} kept in {' and '.join(map(str, places))}, and "
            "the same command goes on from there"
        )

    def _keep(self, finished: Finished) -> None:
        self._journal.add(finished)
        self._finished[finished.key] = finished

    def __enter__(self) -> Sweep:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._journal.close()


def _runs_in(output: Path) -> dict[str, Finished]:
    results = read_results(output)
    provenance = results.provenance
    if (provenance.version, provenance.facts_version) != (__version__, facts.facts_version()):
        raise ResultsError(
            f"{output} was made by gputlb {provenance.version} with facts {provenance.facts_version}, and this is "
            f"{__version__} with {facts.facts_version()}; name another file with --output, or move that one away"
        )
    found = {}
    for row in results.rows:
        key = run_key_of(results, row)
        found[key] = Finished(
            key,
            {cost: row[cost] for cost in results.costs},
            row["unstable"],
            [*row["release_histogram"]],
        )
    return found


def _check_nothing_lost(path: Path, foreign: set[str], discard: bool, otherwise: str) -> None:
    if foreign and not discard:
        raise JournalError(
            f"{path} holds {len(foreign):,} finished runs that the sweep file does not ask for; {otherwise}, or leave "
            "them out with --discard"
        )
