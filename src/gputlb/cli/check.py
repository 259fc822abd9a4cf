"""The verbs `check`, `scenarios` and `replay`: every order tried, and witnesses run again."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from gputlb.cli._signals import broken_pipes_are_errors, say_stopped
from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from gputlb.check import CheckResult, Defect, Limits, OnPlatform, Scenario, Swarming
    from gputlb.driver import Scheme

Flag = Annotated[bool, Parameter(negative="", show_default=False)]

PATIENCE_S = 5.0
"""How long a scheme may compute without an await."""

_EVERYWHERE = "all"
_STATUS = {"safe": 0, "violated": 1, "deadlock": 1, "vacuous": 1, "bounded": 3}
_MOST_WORKERS = 256
_SUFFIXES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class WrongOption(GputlbError):
    """An option's value makes no sense."""


def check(
    *,
    scheme: str = "mmio",
    platform: str = "tigerlake",
    scenario: str = "default",
    clients: int | None = None,
    engines: int | None = None,
    rounds: int | None = None,
    with_: Annotated[list[str] | None, Parameter(name="--with", negative="")] = None,
    defect: str | None = None,
    symmetry: Annotated[bool, Parameter(show_default=False)] = True,
    partial_order: Annotated[bool, Parameter(show_default=False)] = True,
    max_states: int | None = None,
    max_memory: str | None = None,
    timeout: float | None = None,
    workers: int = 1,
    engine: Literal["auto", "plain", "compiled"] | None = None,
    json: Flag = False,
    full: Annotated[bool, Parameter(name=["--full", "-v"], negative="", show_default=False)] = False,
    html: Path | None = None,
    trace: Path | None = None,
    save: Path | None = None,
    export: Annotated[tuple[str, Path] | None, Parameter(negative="")] = None,
    swarm: Flag = False,
    walkers: int | None = None,
    depth: int | None = None,
    seed: int | None = None,
    scheduler: str | None = None,
) -> int:
    """Try every order of clients, driver, engines and units, and show the shortest way to a stale access, if any.

    Exits with 0 if it is safe, 1 if it is not (or nothing happened at all), 3 if a limit came first.

    Example: gputlb check --scheme mmio-2022 --clients 1 --rounds 1 --html witness.html

    Parameters
    ----------
    scheme
        How a flush is done: mmio-2022, mmio, guc, unbatched, none, or your own package.module:Class.
    platform
        A name or PCI id, as `gputlb platforms` lists them; all for a table of every platform.
    scenario
        Who acts and what may go wrong; `gputlb scenarios` lists them. Or your own package.module:NAME.
    clients
        How many clients there are, in place of the scenario's number.
    engines
        How many engines of each GT are explored together; all are covered, in groups.
    rounds
        How often each client binds, unbinds and releases.
    with_
        Ingredients to add, separated by commas: reset,park and so on.
    defect
        Something to do wrong on purpose; `gputlb scenarios` lists what.
    symmetry
        --no-symmetry folds neither clients nor engines that are alike, nor counts flushes by their distance, to
        compare; clients that go on for ever then never come to an end: add --rounds.
    partial_order
        --no-partial-order tries every order of steps that nobody else can notice too, to compare.
    max_states
        Stop after this many states of one group.
    max_memory
        Stop before the search of one group takes more bytes: 2G, 500M.
    timeout
        Stop the search of one group after this many seconds, or its walkers with --swarm.
    workers
        Threads of the compiled engine, or processes of --swarm.
    engine
        Compiled needs numba; auto takes it where it is installed, unless given.
    json
        Print one JSON document instead.
    full
        Tell every step of a witness, not those alone that mattered.
    html
        Write the witness as a page with a sequence chart.
    trace
        Write the witness as a trace for Perfetto.
    save
        Write the witness for `gputlb replay`.
    export
        Write what was explored in another tool's language: promela FILE, for SPIN.
    swarm
        Send random walkers instead, for what is too big to be explored; never safe, and 3 if nothing is found.
    walkers
        How many of them, with --swarm, on --workers processes; 8 unless given.
    depth
        Random steps that each walker takes, with --swarm; 10000 unless given.
    seed
        Of the first walker, with --swarm; 0 unless given. What a seed finds it finds again.
    scheduler
        Address of a Dask cluster that runs the walkers, such as tcp://localhost:8786.
    """
    from gputlb import facts
    from gputlb.check import NO_DEFECT, Limits, engine_groups
    from gputlb.check import check as explore
    from gputlb.check import defect as defect_named
    from gputlb.check import scenario as scenario_named
    from gputlb.report.check_progress import CheckProgress
    from gputlb.report.terminal import rewrites_lines
    from gputlb.report.whole_file import check_outputs

    _in_range("--max-states", max_states, 1, None)
    _in_range("--workers", workers, 1, _MOST_WORKERS)
    _in_range("--walkers", walkers, 1, None)
    _in_range("--depth", depth, 1, None)
    if swarm:
        searching = {"--max-states": max_states, "--max-memory": max_memory, "--engine": engine, "--export": export}
        searching |= {"--no-symmetry": None if symmetry else 0, "--no-partial-order": None if partial_order else 0}
        _not_given(searching, "about trying every order; leave {} out, or --swarm")
    else:
        walking = {"--walkers": walkers, "--depth": depth, "--seed": seed, "--scheduler": scheduler}
        _not_given(walking, "about random walkers; add --swarm, or leave {} out")
    if timeout is not None and not timeout > 0:
        raise WrongOption(f"--timeout must be more than 0 s, not {timeout:g}")
    if export is not None and export[0] != "promela":
        raise WrongOption(f"--export knows promela FILE, not {export[0]!r}")
    check_outputs({"--html": html, "--trace": trace, "--save": save, "--export": export[1] if export else None})
    chosen = _changed(scenario_named(scenario), clients, engines, rounds, with_)
    if export is not None and chosen.rounds is None:
        raise WrongOption(
            f"--export writes what ends, and the clients of scenario {chosen.name!r} go on for ever; add --rounds 1, "
            "or more"
        )
    everywhere = platform == _EVERYWHERE
    if everywhere and any((html, trace, save, export, full)):
        raise WrongOption("--platform all gives a table; ask for a witness or an export on one platform")
    chosen_platform = None if everywhere else facts.platform(platform)
    chosen_defect = NO_DEFECT if defect is None or defect == NO_DEFECT.name else defect_named(defect)
    limits = Limits(max_states, _bytes(max_memory), timeout, symmetry, partial_order, workers, engine=engine or "auto")
    chosen_scheme = _scheme(scheme)
    if swarm:
        patience = _patience(scheme, chosen_scheme)
        limits = replace(limits, swarm=_swarming(patience, workers, scheduler, seed=seed, walkers=walkers, depth=depth))
    if chosen_platform is None:
        return _check_everywhere(scheme, chosen_scheme, chosen, chosen_defect, limits, json=json)
    groups = len(engine_groups(chosen_platform, chosen.engines_together, gts_together="two-gts" in chosen.ingredients))
    with CheckProgress(sys.stderr, groups) as progress, _patience(scheme, chosen_scheme)(), broken_pipes_are_errors():
        result = explore(
            chosen_platform,
            chosen_scheme,
            chosen,
            defect=chosen_defect,
            limits=limits,
            progress=progress.show if rewrites_lines(sys.stderr) else None,
        )
    _print(result, json=json, full=full)
    sys.stdout.flush()  # what is said of it comes after it, and not at all where nobody reads it
    _say_seeds(limits)
    if result.interrupted:
        return say_stopped("what it came to until then is above")
    if limits.swarm is not None and result.decisive.seed is not None:
        again = f"--swarm --walkers 1 --seed {result.decisive.seed} --depth {limits.swarm.depth}"
        print(f"found by a random walker, so it may not be the shortest way; {again} finds it again", file=sys.stderr)
    elif result.story is not None and not result.shortest:
        print("there may be a shorter way; --no-partial-order looks for it among all states", file=sys.stderr)
    _write(result, chosen_scheme, scheme, html=html, trace=trace, save=save)
    if export is not None:
        _export(result, export[1])
    return _STATUS[result.kind]


def scenarios(*, json: Flag = False) -> int:
    """List the scenarios of `gputlb check`, what they can be made of, and what can be done wrong on purpose.

    Example: gputlb scenarios

    Parameters
    ----------
    json
        Print one JSON document instead.
    """
    from gputlb.check import DEFECTS, INGREDIENTS, SCENARIOS
    from gputlb.report import check_summary

    defects = [(defect.name, defect.summary) for defect in DEFECTS.values()]
    if json:
        print(check_summary.scenarios_json(SCENARIOS.values(), INGREDIENTS, defects))
    else:
        print(check_summary.written(check_summary.scenario_lines(SCENARIOS.values(), INGREDIENTS, defects), sys.stdout))
    return 0


def replay(
    file: Annotated[Path, Parameter()],
    /,
    *,
    scheme: str | None = None,
    json: Flag = False,
    full: Annotated[bool, Parameter(name=["--full", "-v"], negative="", show_default=False)] = False,
    html: Path | None = None,
    trace: Path | None = None,
) -> int:
    """Run a witness again that `gputlb check --save` wrote, in virtual time, and show it.

    Exits with 1 if it goes wrong again as it did: the answer is as bad as it was. With 2 if it does not, or if the
    file can't be used.

    Example: gputlb replay witness.json

    Parameters
    ----------
    file
        What `gputlb check --save` wrote.
    scheme
        The scheme to run it with, package.module:Class; files import no code by themselves.
    json
        Print one JSON document instead.
    full
        Tell every step, not those alone that mattered.
    html
        Write the witness as a page with a sequence chart.
    trace
        Write the witness as a trace for Perfetto.
    """
    from gputlb.check import read_witness
    from gputlb.check import replay as run_again
    from gputlb.report import check_summary
    from gputlb.report.whole_file import check_outputs, whole_file
    from gputlb.report.witness_page import witness_page
    from gputlb.report.witness_trace import write_trace

    check_outputs({"--html": html, "--trace": trace}, [file])
    name = scheme or read_witness(file).scheme
    with _patience(name, _scheme(scheme) if scheme else None)():
        witness, story = run_again(file, scheme)
    if json:
        print(check_summary.replay_json(witness, story))
    else:
        print(check_summary.written(check_summary.replay_lines(witness, story, full=full), sys.stdout))
    heading = f"{witness.scheme} on {witness.platform}, scenario {witness.scenario.name}"
    if html is not None:
        with whole_file(html) as page:
            page.write(witness_page(heading, story, verdict=witness.ending.kind).encode())
    if trace is not None:
        write_trace(trace, story, f"gputlb replay: {heading}")
    return 1


def _scheme(name: str) -> type[Scheme]:
    from gputlb.check import patience
    from gputlb.driver import scheme

    with patience(name, _file_of(name), PATIENCE_S):
        return scheme(name)


def _file_of(name: str) -> frozenset[str]:
    """Return the file that a scheme of the user's own will be imported from, as far as that can be told."""
    from importlib.util import find_spec

    module = name.partition(":")[0]
    if ":" not in name or not all(part.isidentifier() for part in module.split(".")):
        return frozenset()
    try:
        spec = find_spec(module)
    except Exception:  # the import itself will say it better
        return frozenset()
    return frozenset() if spec is None or spec.origin is None else frozenset({spec.origin})


def _patience(name: str, scheme: type[Scheme] | None) -> Callable[[], AbstractContextManager[None]]:
    """Return what has patience with a scheme for a while, in the process where it is called."""
    from gputlb.check import patience

    modules = [sys.modules.get(kind.__module__) for kind in scheme.__mro__] if scheme else []
    files = frozenset(file for module in modules if (file := getattr(module, "__file__", None)))
    return partial(patience, name, files, PATIENCE_S)


def _swarming(
    patience: Callable[[], AbstractContextManager[None]], processes: int, scheduler: str | None, **given: int | None
) -> Swarming:
    from gputlb.check import Swarming

    told = {option: value for option, value in given.items() if value is not None}
    return Swarming(processes=processes, scheduler=scheduler, patience=patience, **told)


def _say_seeds(limits: Limits) -> None:
    swarm = limits.swarm
    if swarm is not None:
        from gputlb.report.check_summary import counted

        last = swarm.seed + swarm.walkers - 1
        seeds = f"seed {last}" if swarm.walkers == 1 else f"seeds {swarm.seed} to {last}"
        print(f"{counted(swarm.walkers, 'random walker')}, {seeds}", file=sys.stderr)


def _not_given(options: Mapping[str, object], remark: str) -> None:
    given = [option for option, value in options.items() if value is not None]
    if given:
        are, them = ("is", "it") if len(given) == 1 else ("are", "them")
        raise WrongOption(f"{' and '.join(given)} {are} {remark.format(them)}")


def _changed(
    scenario: Scenario, clients: int | None, engines: int | None, rounds: int | None, with_: list[str] | None
) -> Scenario:
    from gputlb.check import MOST_CLIENTS, MOST_ENGINES, MOST_ROUNDS

    _in_range("--clients", clients, 1, MOST_CLIENTS)
    _in_range("--engines", engines, 1, MOST_ENGINES)
    _in_range("--rounds", rounds, 1, MOST_ROUNDS)
    ingredients = [name for names in with_ or () for name in names.split(",") if name]
    return replace(
        scenario.having(*ingredients),
        clients=clients or scenario.clients,
        engines_together=engines or scenario.engines_together,
        rounds=rounds or scenario.rounds,
    )


def _in_range(option: str, value: int | None, least: int, most: int | None) -> None:
    if value is None or (value >= least and (most is None or value <= most)):
        return
    raise WrongOption(
        f"{option} must be {least} or more, not {value}"
        if most is None
        else f"{option} must be {least} to {most}, not {value}"
    )


def _bytes(text: str | None) -> int | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,18})([KMGT]?)(i?B)?", text.strip(), re.IGNORECASE | re.ASCII)
    if match is None or not int(match[1]):
        raise WrongOption(f"--max-memory must be a number of bytes such as 2G or 500M, not {text!r}")
    return int(match[1]) * _SUFFIXES[match[2].upper()]


def _check_everywhere(
    name: str, scheme: type[Scheme], scenario: Scenario, defect: Defect, limits: Limits, *, json: bool
) -> int:
    from gputlb import facts
    from gputlb.check import check_everywhere
    from gputlb.driver.schemes import shown_name
    from gputlb.report import check_table
    from gputlb.report.check_progress import CheckProgress
    from gputlb.report.check_summary import written
    from gputlb.report.terminal import rewrites_lines

    done: list[OnPlatform] = []
    if not json:
        shown = shown_name(defect.replaced(scheme))
        walked = limits.swarm is not None
        print(written(check_table.head(shown, defect.name, scenario, walked=walked), sys.stdout))
    names = [platform.kernel for platform in facts.platforms()]
    with _patience(name, scheme)(), CheckProgress(sys.stderr, len(names)) as progress:
        results = check_everywhere(scheme, scenario, defect=defect, limits=limits)
        while len(done) < len(names):
            if rewrites_lines(sys.stderr):
                progress.begin(names[len(done)], len(done) + 1)
            each = _next(results)
            progress.end()
            if each is None:
                break
            done.append(each)
            if not json:
                print(written([check_table.row(each)], sys.stdout), flush=True)
    print(check_table.table_json(done) if json else written(check_table.tail(done), sys.stdout))
    sys.stdout.flush()
    _say_seeds(limits)
    if done[-1].result is not None and done[-1].result.interrupted:
        return say_stopped("what it came to until then is above")
    statuses = {_STATUS[each.result.kind] for each in done if each.result is not None}
    return next((status for status in (1, 3, 0) if status in statuses), 2)


def _next(results: Iterator[OnPlatform]) -> OnPlatform | None:
    # Not around all of them: the rows that are printed in between end it when nobody reads them any more.
    with broken_pipes_are_errors():
        return next(results, None)


def _print(result: CheckResult, *, json: bool, full: bool) -> None:
    from gputlb.report import check_summary

    if json:
        print(check_summary.check_json(result))
    else:
        print(check_summary.written(check_summary.check_lines(result, full=full), sys.stdout))


def _write(
    result: CheckResult, scheme: type[Scheme], name: str, *, html: Path | None, trace: Path | None, save: Path | None
) -> None:
    from gputlb.check import saved
    from gputlb.report import check_summary
    from gputlb.report.whole_file import whole_file
    from gputlb.report.witness_page import check_page
    from gputlb.report.witness_trace import write_trace

    if html is not None:
        with whole_file(html) as page:
            page.write(check_page(result).encode())
        print(f"page written to {html}", file=sys.stderr)
    if result.story is None:
        for option, path in (("--trace", trace), ("--save", save)):
            if path is not None:
                print(f"{option}: nothing went wrong, so there is no witness to write to {path}", file=sys.stderr)
        return
    if trace is not None:
        write_trace(trace, result.story, f"gputlb check: {check_summary.title(result)}")
        print(f"trace written to {trace}; open it at ui.perfetto.dev", file=sys.stderr)
    if save is not None:
        with whole_file(save) as file:
            file.write(saved(result, scheme))
        own = f" --scheme {name}" if ":" in name else ""
        print(f"witness written to {save}; gputlb replay {save}{own} runs it again", file=sys.stderr)


def _export(result: CheckResult, path: Path) -> None:
    from gputlb.explore import export_promela
    from gputlb.report.whole_file import whole_file

    assert result.model is not None, "a check explores one group at least"
    if result.decisive.verdict.kind == "bounded":
        print(f"--export: the exploration was cut short, so there is nothing whole to write to {path}", file=sys.stderr)
        return
    text = export_promela(result.model.runtime)
    with whole_file(path) as file:
        file.write(text.encode())
    engines = ", ".join(result.groups[-1].engines)
    print(f"Promela of the last group, {engines}, written to {path}", file=sys.stderr)
