"""Witnesses on disk: everything that it takes to run one again, in one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from gputlb import __version__, facts
from gputlb.check.defects import NO_DEFECT, defect
from gputlb.check.model import build
from gputlb.check.rerun import Ending, rerun
from gputlb.check.scenario import BadScenario, Scenario, UnknownScenario
from gputlb.check.story import tell
from gputlb.check.unfit_scheme import unfit
from gputlb.driver import scheme as scheme_named
from gputlb.driver import schemes
from gputlb.errors import GputlbError, did_you_mean
from gputlb.file_names import directory_name
from gputlb.runtime import AgentError

if TYPE_CHECKING:
    from pathlib import Path

    from gputlb.check.check import CheckResult
    from gputlb.check.story import Story
    from gputlb.driver import Scheme

_FORMAT = "gputlb witness"
_VERSION = 1
_MOST_BYTES = 16 << 20


class BadWitness(GputlbError):
    """A file holds no witness, or one that cannot be run; the text says where and why."""


class NotReproduced(GputlbError):
    """A witness was run again and came to no harm, or to another."""


class SavedScenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario as it was explored."""

    name: str
    summary: str
    clients: int
    engines_together: int
    rounds: int | None
    ingredients: list[str]


class SavedEnding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What went wrong."""

    kind: Literal["violated", "deadlock"]
    rule: str
    agent: str
    text: str


class SavedWitness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A witness with its question."""

    format: str
    version: int
    gputlb: str
    """The version that wrote the file."""
    platform: str
    scheme: str
    defect: str
    scenario: SavedScenario
    group: list[list[str]]
    """The engines of each GT that were explored together."""
    ending: SavedEnding
    sentence: str
    schedule: list[tuple[str, list[int | bool | None]]]
    """Who acts and what it is answered, step by step."""


class _Header(msgspec.Struct, frozen=True):
    format: str = ""
    version: int = 0
    gputlb: str = ""


def scheme_name(scheme: type[Scheme]) -> str:
    """Return the name by which a scheme is found again: ours, or `module:Class`."""
    return scheme.name if schemes().get(scheme.name) is scheme else f"{scheme.__module__}:{scheme.__qualname__}"


def saved(result: CheckResult, scheme: type[Scheme]) -> bytes:
    """Return the witness of `result`, found for `scheme`, as the content of a file."""
    story, model = result.story, result.model
    assert story is not None, "only what went wrong has a witness"
    assert model is not None, "a witness belongs to a model"
    scenario = result.scenario
    witness = SavedWitness(
        format=_FORMAT,
        version=_VERSION,
        gputlb=__version__,
        platform=result.platform,
        scheme=scheme_name(scheme),
        defect=result.defect,
        scenario=SavedScenario(
            scenario.name,
            scenario.summary,
            scenario.clients,
            scenario.engines_together,
            scenario.rounds,
            sorted(scenario.ingredients),
        ),
        group=[list(names) for names in model.group],
        ending=SavedEnding(story.ending.kind, story.ending.rule, story.ending.agent, story.ending.text),
        sentence=story.sentence,
        schedule=[(agent, list(answers)) for agent, answers in story.schedule],
    )
    return msgspec.json.format(msgspec.json.encode(witness), indent=1) + b"\n"


def read_witness(path: Path) -> SavedWitness:
    """Return the witness in a file; raises `BadWitness`."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise BadWitness(f"{path} is not there; write a witness file with gputlb check --save") from None
    except IsADirectoryError:
        raise BadWitness(f"{directory_name(path)} is a directory; name a witness file in it") from None
    except OSError as error:
        raise BadWitness(f"{path} can't be read: {error.strerror or error}") from None
    if len(content) > _MOST_BYTES:
        raise BadWitness(f"{path} is larger than {_MOST_BYTES >> 20} MiB, and no witness is")
    try:
        header = msgspec.json.decode(content, type=_Header)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadWitness(f"{path} is not a witness file ({error}); write one with gputlb check --save") from None
    if header.format != _FORMAT:
        raise BadWitness(f"{path} is not a witness file; write one with gputlb check --save")
    if header.version != _VERSION:
        raise BadWitness(
            f"{path} has format version {header.version}, and this gputlb {__version__} reads version {_VERSION}; "
            f"it was written by gputlb {header.gputlb or '?'}"
        )
    try:
        witness = msgspec.json.decode(content, type=SavedWitness)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadWitness(f"{path} is damaged: {error}") from None
    _check(witness, path)
    return witness


def _check(witness: SavedWitness, path: Path) -> None:
    try:
        _scenario(witness)
    except (BadScenario, UnknownScenario) as error:
        raise BadWitness(f"{path}: {error}") from None
    platform = facts.platform(witness.platform)
    known = [facts.shown_names(gt.engines) for gt in platform.gts]
    if len(witness.group) != len(known):
        raise BadWitness(
            f"{path}: the group must name engines of {len(known)} GT{'s' if len(known) > 1 else ''}, as "
            f"{platform.kernel} has, not of {len(witness.group)}"
        )
    if not any(witness.group):
        raise BadWitness(f"{path}: the group must name an engine that was explored, and names none")
    for names, there in zip(witness.group, known, strict=True):
        if len(set(names)) != len(names):
            raise BadWitness(f"{path}: the group must name each GT's engines, each once, not {names}")
        for name in names:
            if name not in there:
                raise BadWitness(f"{path}: {platform.kernel} has no engine {name!r} there{did_you_mean(name, there)}")


def _scenario(witness: SavedWitness) -> Scenario:
    saved = witness.scenario
    return Scenario(
        saved.name, saved.summary, saved.clients, saved.engines_together, saved.rounds, frozenset(saved.ingredients)
    )


def replay(path: Path, scheme: str | None = None) -> tuple[SavedWitness, Story]:
    """Run a saved witness again in virtual time; return it and its story, if it ends as it did.

    A file may not make the program import code: a scheme that is not ours must be named by the caller.

    Raises: `BadWitness`, `NotReproduced`, `ReplayDiverged`, `UnfitScheme`.
    """
    witness = read_witness(path)
    if scheme is None and witness.scheme not in schemes():
        raise BadWitness(
            f"{path} was made with a scheme of your own, and files import no code; "
            f"if you trust it, say gputlb replay {path} --scheme {witness.scheme}"
        )
    model = build(
        facts.platform(witness.platform),
        scheme_named(scheme or witness.scheme),
        _scenario(witness),
        tuple(tuple(names) for names in witness.group),
        NO_DEFECT if witness.defect == NO_DEFECT.name else defect(witness.defect),
    )
    schedule = tuple((agent, tuple(answers)) for agent, answers in witness.schedule)
    try:
        again = rerun(model, schedule, witness.ending.rule)
    except AgentError as error:
        raise unfit(error, model.tlbs[0].scheme) or error from error.__cause__
    expected = witness.ending
    wanted = Ending(expected.kind, expected.rule, expected.agent, expected.text)
    if again.ending is None:
        raise NotReproduced(f"{path}: nothing is wrong at the end of its {len(schedule)} steps; it said: {wanted.text}")
    if again.ending != wanted:
        raise NotReproduced(
            f"{path}: its {len(schedule)} steps end in another way ({again.ending.text}); it said: {wanted.text}"
        )
    return witness, tell(again, witness.sentence)
