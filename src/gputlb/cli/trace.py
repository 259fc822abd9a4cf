"""The verb `trace`: what a trace tells about TLB invalidation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gputlb.cli._files import refuse_unknown_options
from gputlb.diagnose.traces import VmaHistory, explain_trace, open_trace
from gputlb.errors import GputlbError
from gputlb.report.diagnose_progress import ReadingProgress
from gputlb.report.terminal import rewrites_lines
from gputlb.report.whole_file import check_outputs, whole_file

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


class NoEngine(GputlbError):
    """Engines were to be named, and none is."""


def trace(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    platform: str | None = None,
    awake: str = "",
    json: Flag = False,
    html: Path | None = None,
    recording: Path | None = None,
) -> int:
    """Explain TLB invalidations in a trace: latencies, what was never answered, registers, broken rules.

    Exit status: 0 nothing wrong, 1 unanswered or late fences or broken rules, 2 wrong input.

    Example: trace-cmd report | gputlb trace -

    Parameters
    ----------
    file
        Text of tracefs, `trace-cmd report` or `perf script`, or a trace.dat; - is standard input.
    platform
        Name or PCI id of the GPU, for register names and forcewake: TGL, 8086:9a49.
    awake
        Engines that were awake, separated by commas: rcs0,bcs0. Each flush must then request them all.
    json
        Print one JSON document.
    html
        Write a self-contained report with latency plots to this file as well.
    recording
        Write when i915 bound, unbound and released what to this file as well, in columns that
        `gputlb run --workload replay --set file=FILE.csv` does again.
    """
    refuse_unknown_options([file], trace)
    check_outputs({"--html": html, "--recording": recording}, [file])
    names = [name.strip() for name in awake.split(",") if name.strip()]
    if awake and not names:
        raise NoEngine(f"--awake {awake!r} names no engine; write it like --awake rcs0,bcs0, or leave it out")
    opened = open_trace(file)
    vmas = None if recording is None else VmaHistory(opened.name)
    with ReadingProgress(sys.stderr) as progress:
        if rewrites_lines(sys.stderr):
            opened.source.watch = progress.show
        explanation = explain_trace(opened, platform=platform, awake=names, vmas=vmas)
    if html is not None:
        from gputlb.report.diagnose_html import trace_html

        with whole_file(html) as page:
            page.write(trace_html(explanation).encode())
    if json:
        from gputlb.report.diagnose_json import explanation_json

        print(explanation_json(explanation))
    else:
        from gputlb.report.diagnose_trace_text import print_explanation

        print_explanation(explanation)
    if recording is not None and vmas is not None:
        from gputlb.report.recording_csv import recording_csv

        text, remarks = recording_csv(vmas, opened.name)
        with whole_file(recording) as csv:
            csv.write(text.encode())
        print(f"recording written to {recording}: {remarks[0]}", *remarks[1:], sep="\n", file=sys.stderr)
    return 1 if explanation.bad else 0
