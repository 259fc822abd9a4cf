"""The results file: one Parquet table, one row a run, with all that is needed to get it again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import msgspec

from gputlb import __version__, facts
from gputlb.simulate.costs import COSTS
from gputlb.simulate.sweep._errors import ResultsError
from gputlb.simulate.sweep._plan import columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gputlb.simulate.parameters import Scalar
    from gputlb.simulate.sweep._plan import Plan
    from gputlb.simulate.sweep._result import Finished

SCHEMA = 1
_KEY = "gputlb"
_HISTOGRAM = "STRUCT(upper_us DOUBLE, releases BIGINT)[]"


class CostMeaning(msgspec.Struct, frozen=True):
    """What a cost's column means."""

    title: str
    unit: str
    lower_is_better: bool | None


class Provenance(msgspec.Struct, frozen=True, kw_only=True, rename={"schema_": "schema"}):
    """What a results file says of itself, under the key `gputlb`."""

    schema_: int
    name: str
    varied: list[str]
    """The parameters that differ between points; their values are columns."""
    parameters: dict[str, int | float | str]
    """The parameters that all points share, defaults included."""
    seed: int
    """The sweep's; each run's own is in its row."""
    replications: Annotated[int, msgspec.Meta(ge=1)]
    costs: dict[str, CostMeaning]
    file: str
    """The sweep file, word for word."""
    files: dict[str, str] = {}
    """The files that parameters name, each with the SHA-256 digest of what was in it."""
    version: str
    facts_version: str


def require_duckdb() -> Any:
    """Return the module; raises `ResultsError` where it is missing."""
    try:
        import duckdb  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        raise ResultsError(
            "results files need DuckDB, which is not installed; pip install 'gputlb[sweep]' brings it"
        ) from None
    return duckdb


def write_results(path: Path, plan: Plan, finished: Mapping[str, Finished]) -> None:
    """Write the results of all runs of a plan; the same plan and results give the same rows and provenance.

    Raises: `ResultsError` where the file cannot be written; what was there before is untouched then.
    """
    duckdb = require_duckdb()
    columns, rows = _table(plan, finished)
    described = ", ".join(f"{_name(name)} {kind}" for name, kind in columns.items())
    kinds = ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in columns.items())
    note = _text(msgspec.json.encode(_provenance(plan)).decode())
    try:
        target = path.resolve()
        with tempfile.TemporaryDirectory(prefix=".gputlb-", dir=target.parent) as temporary:
            made = Path(temporary, "results.parquet")
            with (
                tempfile.TemporaryFile(dir=temporary) as source,
                duckdb.connect(config={"threads": 1}) as database,
            ):
                for row in rows:
                    source.write(msgspec.json.encode(row) + b"\n")
                source.flush()
                database.execute(f"CREATE TABLE results ({described})")
                database.execute(
                    f"INSERT INTO results SELECT * FROM read_json('{_opened(source)}', "
                    f"format = 'newline_delimited', columns = {{{kinds}}})"
                )
                database.execute(
                    f"COPY (SELECT * FROM results ORDER BY point, replication) TO {_text(str(made))} "
                    f"(FORMAT parquet, KV_METADATA {{{_KEY}: {note}}})"
                )
            os.replace(made, target)  # noqa: PTH105
    except (OSError, duckdb.Error) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise ResultsError(f"{path} could not be written: {reason}") from None


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _opened(file: IO[bytes]) -> str:
    # Not by its name, in which DuckDB would take * and [ for patterns, and https:// for an order to fetch.
    return f"/dev/fd/{file.fileno()}"


def _table(plan: Plan, finished: Mapping[str, Finished]) -> tuple[dict[str, str], list[dict[str, Any]]]:
    points = [columns_of(setup) for setup in plan.points]
    names = _shown_columns(plan)
    columns = dict.fromkeys(("point", "replication", "seed"), "BIGINT")
    columns |= {name: _kind([row.get(name) for row in points]) for name in names}
    columns |= dict.fromkeys((cost.name for cost in COSTS), "DOUBLE")
    columns |= {"unstable": "VARCHAR", "release_histogram": _HISTOGRAM}
    columns |= dict.fromkeys(("gputlb_version", "facts_version"), "VARCHAR")
    rows = []
    for run in plan.runs():
        result = finished[run.key]
        row: dict[str, Any] = {"point": run.point, "replication": run.replication, "seed": run.seed}
        for name in names:
            value = points[run.point].get(name)
            row[name] = str(value) if columns[name] == "VARCHAR" and value is not None else value
        row |= {cost.name: result.costs.get(cost.name) for cost in COSTS}
        row["unstable"] = result.unstable
        row["release_histogram"] = [{"upper_us": upper, "releases": count} for upper, count in result.histogram]
        row |= {"gputlb_version": __version__, "facts_version": facts.facts_version()}
        rows.append(row)
    return columns, rows


def _shown_columns(plan: Plan) -> list[str]:
    """The run's own parameters always; of the workload's those that the file sets, or that differ."""
    varied = set(plan.varied)
    return [
        column
        for column in plan.columns
        if "." not in column or column.partition(".")[2] in plan.given or column in varied
    ]


def _kind(values: Sequence[Scalar | None]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return "BIGINT"
    return "DOUBLE" if kinds and kinds <= {int, float} else "VARCHAR"


def _provenance(plan: Plan) -> Provenance:
    varied = plan.varied
    first = columns_of(plan.points[0])
    return Provenance(
        schema_=SCHEMA,
        name=plan.name,
        varied=varied,
        parameters={name: value for name, value in first.items() if name not in varied},
        seed=plan.seed,
        replications=plan.replications,
        costs={cost.name: CostMeaning(cost.title, cost.unit, cost.lower_is_better) for cost in COSTS},
        file=plan.text,
        files=plan.files(),
        version=__version__,
        facts_version=facts.facts_version(),
    )
