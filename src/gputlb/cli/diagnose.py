"""The verb `diagnose`: what went wrong, from kernel logs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gputlb import diagnose as room
from gputlb.cli._files import refuse_unknown_options
from gputlb.errors import GputlbError
from gputlb.report.diagnose_progress import ReadingProgress
from gputlb.report.terminal import rewrites_lines
from gputlb.report.whole_file import check_outputs, whole_file

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


class WrongOption(GputlbError):
    """Two options do not go together."""


def diagnose(
    *files: Annotated[str, Parameter(allow_leading_hyphen=True)],
    json: Flag = False,
    html: Path | None = None,
    upstream: Flag = False,
    follow: Flag = False,
) -> int:
    """Tell what went wrong with the GPU, from kernel logs.

    Without a file the log of the running system is read (`journalctl -k`, else `dmesg`).
    Exit status: 0 nothing found, 1 incidents found, 2 wrong input.

    Example: journalctl -k -b -1 | gputlb diagnose -

    Parameters
    ----------
    files
        Logs of one machine: dmesg, journal, syslog, mail or paste; plain or gzip, xz, zstd; - is
        standard input.
    json
        Print one JSON document; with --follow one JSON line an incident.
    html
        Write a self-contained report with timeline and plots to this file as well.
    upstream
        Print a text ready for a bug report, and what is still missing in it.
    follow
        Wait for new lines and report new incidents only; not with --html or --upstream.
    """
    refuse_unknown_options(files, diagnose)
    if json and upstream:
        raise WrongOption("--json prints a document, --upstream a text for people; leave one of them out")
    if follow:
        for option, given in (("--html", html is not None), ("--upstream", upstream)):
            if given:
                raise WrongOption(
                    f"{option} reports on a log that has ended, --follow on new lines; leave one of them out"
                )
        from gputlb.report.diagnose_follow import print_incidents_as_they_happen

        return print_incidents_as_they_happen(files, as_json=json)
    check_outputs({"--html": html}, files)
    sources = room.open_sources(files) or [room.open_live()]
    with ReadingProgress(sys.stderr) as progress:
        if rewrites_lines(sys.stderr):
            for source in sources:
                source.watch = progress.show
        diagnosis = room.diagnose(sources)
    if html is not None:
        from gputlb.report.diagnose_html import diagnosis_html

        with whole_file(html) as page:
            page.write(diagnosis_html(diagnosis).encode())
    if json:
        from gputlb.report.diagnose_json import diagnosis_json

        print(diagnosis_json(diagnosis))
    elif upstream:
        print(room.upstream_report(diagnosis))
    else:
        from gputlb.report.diagnose_text import print_diagnosis

        print_diagnosis(diagnosis)
    return 1 if diagnosis.incidents else 0
