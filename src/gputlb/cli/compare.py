"""The verb `compare`: two results, or two halves of one, against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gputlb.errors import GputlbError

_MOST_LEVEL = 99.9999
"""Nothing is known so surely; beyond it, the arithmetic of the intervals has no digits left."""


class WrongOption(GputlbError):
    """What is to be compared is not said, or said twice."""


def compare(
    a: Path,
    b: Path | None = None,
    /,
    *,
    by: str | None = None,
    cost: Annotated[list[str] | None, Parameter(negative="")] = None,
    level: float = 95.0,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Say how much one scheme, or whatever else differs, costs more or less than the other, and where they cross.

    Runs with the same seed are paired, so that small differences show. A is the base: B is faster or slower than A.

    Example: gputlb compare clients.parquet --by scheme

    Parameters
    ----------
    a
        A results file of gputlb sweep.
    b
        Another one; each point is compared with the one that has the same parameters in A.
    by
        Instead of B: the parameter whose two values are compared, or NAME=FIRST,SECOND to pick two.
    cost
        What is compared: a cost's name, as the columns of a results file are called; may be given several times.
        release_p99_us if not given.
    level
        How sure the intervals are, in percent, 50 to 99.9999.
    json
        Print one JSON document instead.
    """
    from gputlb.report.comparison_json import comparison_json
    from gputlb.report.comparison_text import comparison_text
    from gputlb.simulate.comparison import DEFAULT_COSTS, by_column, two_files
    from gputlb.simulate.comparison import compare as compared
    from gputlb.simulate.sweep import read_results

    if (b is None) == (by is None):
        raise WrongOption("name two results files, or one with --by and the parameter to compare by, e.g. --by scheme")
    if not 50 <= level <= _MOST_LEVEL:
        raise WrongOption(f"--level must be 50 to {_MOST_LEVEL} percent, not {str(level).removesuffix('.0')}")
    if b is not None:
        sides = two_files(read_results(a, histograms=False), read_results(b, histograms=False))
    else:
        assert by is not None
        column, picked, values = by.partition("=")
        first, comma, second = values.partition(",")
        if picked and not (first and comma and second):
            raise WrongOption(f"--by {by} must name two values: --by {column}=FIRST,SECOND")
        sides = by_column(read_results(a, histograms=False), column, (first, second) if picked else None)
    comparison = compared(sides, [*dict.fromkeys(cost or DEFAULT_COSTS)], level=level / 100)
    print(comparison_json(comparison) if json else comparison_text(comparison))
    return 0
