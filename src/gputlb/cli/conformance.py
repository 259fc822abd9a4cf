"""The verb `conformance`: does the driver do, event for event, what the reference C did?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gputlb.cli._main import BAD_QUESTION, refuse
from gputlb.conformance import FileComparison
from gputlb.report import conformance_differences
from gputlb.report.conformance_differences import counted
from gputlb.report.conformance_progress import Progress

Json = Annotated[bool, Parameter(negative="", show_default=False)]


def conformance(file: Annotated[Path, Parameter()], /, *files: Path, json: Json = False) -> int:
    """Replay recorded vectors and show, for each that does not match, where the driver first differs.

    Exits with 0 if all match, 1 if one does not, 2 if a file cannot be read.

    Example: gputlb conformance vectors.jsonl.gz

    Parameters
    ----------
    file
        Vector files, .jsonl or .jsonl.gz; one or more.
    files
        More of them.
    json
        Print one JSON document instead of text.
    """
    comparison = FileComparison((file, *files))
    found = []
    with Progress(sys.stderr) as progress:
        for mismatch in comparison:
            progress.show(comparison.vectors, comparison.mismatches)
            if mismatch is None:
                continue
            if json:
                found.append(mismatch)
            else:
                progress.clear()
                print(conformance_differences.side_by_side(mismatch))
    if comparison.unreadable:
        for error in comparison.unreadable:
            refuse(str(error))
        return BAD_QUESTION
    if json:
        print(conformance_differences.as_json(comparison, found))
    else:
        print(f"{counted(comparison.vectors, 'vector')}, {counted(comparison.mismatches, 'mismatch')}")
    return 1 if comparison.mismatches else 0
