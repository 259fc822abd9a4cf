"""Vector files: one scenario with its recorded events a line, plain or gzip'd."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from gputlb import facts
from gputlb.driver.seqno import SEQNO_MASK
from gputlb.errors import GputlbError, did_you_mean
from gputlb.file_names import directory_name

if TYPE_CHECKING:
    from collections.abc import Iterator

Seqno = Annotated[int, msgspec.Meta(ge=0, le=SEQNO_MASK)]
Version = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
MAX_LINE_BYTES = 1 << 20
"""A longer line is not a vector; it is refused before it is decoded."""


_SHOWN_CHARACTERS = 60


class VectorError(GputlbError):
    """A vector file cannot be read: the text says where, what and how to mend it."""


class VectorEngine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One engine of a scenario."""

    name: str
    engine_class: Annotated[int, msgspec.Meta(ge=0, le=5)] = msgspec.field(name="class")
    instance: Annotated[int, msgspec.Meta(ge=0, le=8)]
    awake: bool


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call of a scenario."""

    op: Literal["invalidate_full", "next_invalidate", "seqno"]
    seqno: Seqno | None = None
    contended: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Full invalidations that others finish while this call waits for the mutex."""


WaitResult = Literal["ok", "timeout"] | Annotated[int, msgspec.Meta(ge=0)]


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state before the calls, the calls, and how registers behave. Every field is explained in the file format."""

    id: str
    category: str
    revision: Literal["2022-07-patch", "linux-6.12"]
    platform: str
    graphics_ver: Version
    graphics_rel: Version
    engines: tuple[VectorEngine, ...]
    gt_awake: bool
    selftest_no_device: bool
    wedged: bool
    seqno_start: Seqno
    calls: tuple[Call, ...]
    wait_results: dict[str, WaitResult | list[WaitResult]]
    media_ver: Version = 0
    media_rel: Version = 0
    gt_type: Literal["primary", "media"] = "primary"
    gt_id: Annotated[int, msgspec.Meta(ge=0)] = 0
    guc_tlb_invalidation: bool = False
    guc_ready: bool = True


class Vector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario and the events that the reference recorded for it."""

    scenario: Scenario
    events: list[Annotated[list[object], msgspec.Meta(min_length=1)]]


class _Revision(msgspec.Struct):
    revision: object = None


class _Outline(msgspec.Struct):
    """As much of a line as tells a vector from something else."""

    scenario: _Revision | None = None


REVISIONS = ("2022-07-patch", "linux-6.12")


def read_vectors(path: Path | str) -> Iterator[tuple[int, Vector]]:
    """Yield line number and vector, one after the other; blank lines are passed over.

    Raises: `VectorError` for what cannot be opened, is cut off, is no vector, or has values out of range.
    """
    path = Path(path)
    decoder = msgspec.json.Decoder(Vector)
    empty = True
    for number, line in _lines(path):
        if not line.strip():
            continue
        empty = False
        yield number, _decode(path, number, line, decoder)
    if empty:
        raise VectorError(f"{path}: holds no vectors; a vector file has one JSON object a line")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise VectorError(
                        f"{path}:{number}: the line is longer than {MAX_LINE_BYTES >> 20} MiB: not a vector file"
                    )
                yield number, line
    except EOFError:
        raise VectorError(f"{path}:{number + 1}: the gzip'd file is cut off here; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise VectorError(f"{path}:{number + 1}: the gzip'd file is damaged here ({error}); fetch it again") from None
    except FileNotFoundError:
        raise VectorError(f"{path}: there is no such file; name a file of vectors, .jsonl or .jsonl.gz") from None
    except IsADirectoryError:
        raise VectorError(f"{directory_name(path)} is a directory; name a file of vectors in it") from None
    except OSError as error:
        raise VectorError(f"{path}: cannot be read: {error.strerror or error}") from None


def _decode(path: Path, number: int, line: bytes, decoder: msgspec.json.Decoder[Vector]) -> Vector:
    where = f"{path}:{number}"
    try:
        vector = decoder.decode(line)
    except msgspec.ValidationError as error:
        raise VectorError(f"{where}: {_not_a_vector(line, error)}") from None
    except RecursionError:
        raise VectorError(f"{where}: not a vector: brackets are nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        cut = "" if line.endswith(b"\n") else "; the file may be cut off"
        raise VectorError(f"{where}: not JSON: {error}{cut}") from None
    _check(where, vector.scenario)
    return vector


def _not_a_vector(line: bytes, error: msgspec.ValidationError) -> str:
    try:
        outline = msgspec.json.decode(line, type=_Outline)
    except (msgspec.DecodeError, RecursionError):
        outline = _Outline()
    if outline.scenario is None:
        return 'not a vector: a vector is {"scenario": {...}, "events": [[...], ...]}'
    revision = outline.scenario.revision
    if revision not in REVISIONS and isinstance(revision, str):
        return (
            f"revision {revision!r} is unknown{did_you_mean(revision, REVISIONS)}; there are {' and '.join(REVISIONS)}"
        )
    return _with_value(line, str(error))


def _with_value(line: bytes, text: str) -> str:
    """Put the offending value into msgspec's text, where it is plain and the text says at which place it stands."""
    found = re.fullmatch(r"(Expected .+) - at `\$\.((?:\w|\.|\[\d+\])+)`", text)
    if not found:
        return text
    expected, path = found.groups()
    value = msgspec.json.decode(line)
    for step in re.findall(r"\w+", path):
        value = value[int(step)] if isinstance(value, list) else value[step]
    if not isinstance(value, (int, float, str)):
        return text
    return f"{path} is {json.dumps(value)[:_SHOWN_CHARACTERS]}; e{expected[1:]}"


def _check(where: str, scenario: Scenario) -> None:
    for number, call in enumerate(scenario.calls):
        if call.op == "invalidate_full" and call.seqno is None:
            raise VectorError(f"{where}: calls[{number}] invalidates without a seqno; add the stamp it is asked for by")
    taken = set()
    for number, engine in enumerate(scenario.engines):
        slot = (engine.engine_class, engine.instance)
        try:
            facts.engine(*slot)
        except facts.UnknownEngine as error:
            raise VectorError(f"{where}: engines[{number}]: {error}") from None
        if slot in taken:
            raise VectorError(
                f"{where}: two engines are class {engine.engine_class} instance {engine.instance}; "
                f"{engine.name!r} is one of them"
            )
        taken.add(slot)
