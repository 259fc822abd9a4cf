"""The command that repeats one run of a sweep."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from gputlb.report.cost_points import value_text

if TYPE_CHECKING:
    from gputlb.simulate.sweep import Value


def faults_of(value: Value) -> tuple[str, ...]:
    """Return the faults of a results file's column, which has them in one text."""
    texts = (text.strip() for text in str(value or "").split(","))
    return tuple(text for text in texts if text not in {"", "none"})


def run_command(parameters: dict[str, Value], seed: int) -> str:
    """Return what to type to run a point's run again; every word is quoted as a shell needs it."""
    words = ["gputlb", "run"]
    for name, value in parameters.items():
        if value is None:
            continue
        if name == "faults":
            for fault in faults_of(value):
                words += ["--fault", fault]
            continue
        own = name.removeprefix("workload.")
        if own != name:
            words += ["--set", f"{own}={value_text(value)}"]
        else:
            words += [f"--{name.replace('_', '-')}", value_text(value)]
    return shlex.join([*words, "--seed", str(seed)])
