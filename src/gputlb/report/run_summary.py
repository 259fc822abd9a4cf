"""One run's result, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from gputlb.simulate import RunResult

_WIDTH = 100
_SHOWN_STALE = 3
_REASONS = {
    "asleep": "the GT slept",
    "passed": "covered since",
    "passed while waiting": "covered while waiting",
    "wedged": "the GT is wedged",
}


def run_json(result: RunResult) -> str:
    """Return the result as one JSON document; times are µs unless the name says otherwise."""
    return json.dumps(asdict(result), indent=1)


def print_run(result: RunResult) -> None:
    """Print the result on stdout, the verdict last."""
    from rich.console import Console  # noqa: PLC0415 - slow to import

    console = Console(width=_WIDTH, highlight=False, soft_wrap=True)
    console.print(
        f"{result.workload} on {result.platform} with scheme {result.scheme}: "
        f"{result.clients} clients, {result.duration_ms:g} ms, seed {result.seed}\n",
        markup=False,
    )
    console.print(_counts(result))
    console.print()
    console.print(_engines(result))
    _print_stale(console, result)
    console.print(f"\n{_verdict(result)}", markup=False)


def _counts(result: RunResult) -> Table:
    table = _plain_table()
    table.show_header = False
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    reasons = ", ".join(f"{count} {_REASONS.get(why, why)}" for why, count in result.skipped_by_reason.items())
    latency = result.release_latency_us
    table.add_row("flushes done", str(result.flushes), "")
    table.add_row("flushes skipped", str(result.skipped), reasons)
    table.add_row("releases", str(result.releases), "")
    if latency.p50 is not None:
        spread = f"p50 {latency.p50:.1f}, p95 {latency.p95:.1f}, p99 {latency.p99:.1f}, max {latency.max:.1f}"
        table.add_row("release latency, µs", f"{latency.mean:.1f}", f"mean; {spread}")
    share = result.mutex_held_us / (result.duration_ms * 10)
    table.add_row("under the mutex, µs", f"{result.mutex_held_us:.0f}", f"{share:.1f} % of the time")
    table.add_row(
        "forcewake transitions",
        str(result.forcewake_wakes + result.forcewake_sleeps),
        f"{result.forcewake_wakes} awake",
    )
    late = ", ".join(f"{count} {register}" for register, count in result.timeouts_by_register.items())
    table.add_row("timeouts", str(result.timeouts), late)
    if result.lost_writes:
        table.add_row("lost register writes", str(result.lost_writes), "")
    table.add_row("stale accesses", str(result.stale_accesses), f"of {result.accesses} accesses to memory")
    return table


def _engines(result: RunResult) -> Table:
    table = _plain_table()
    table.add_column("engine")
    for title in ("asked to drop", "dropped", "stale accesses"):
        table.add_column(title, justify="right")
    table.add_column()
    for engine, asked in result.requests.items():
        dropped = result.served[engine]
        ignored = "its requests were ignored" if asked and not dropped else ""
        table.add_row(engine, str(asked), str(dropped), str(result.stale_by_engine.get(engine, 0)), ignored)
    return table


def _plain_table() -> Table:
    from rich.table import Table  # noqa: PLC0415 - slow to import

    return Table(box=None, padding=(0, 2, 0, 0), header_style="bold")


def _print_stale(console: Console, result: RunResult) -> None:
    for access in result.first_stale_accesses[:_SHOWN_STALE]:
        console.print(
            f"\nat {access['time_us']} µs, address {access['address']:#x}:", access["text"], markup=False, end=""
        )
    more = result.stale_accesses - min(_SHOWN_STALE, len(result.first_stale_accesses))
    if more > 0:
        console.print(f"\n… and {more} more", end="")
    if result.stale_accesses:
        console.print()


def _verdict(result: RunResult) -> str:
    if result.stale_accesses:
        engines = ", ".join(result.stale_by_engine)
        return f"UNSAFE: {engines} reached pages after they had been given back, {result.stale_accesses} times"
    if not result.releases:
        return "nothing was released: a longer --duration-ms or more clients would show more"
    return "no page was reached after it had been given back"
