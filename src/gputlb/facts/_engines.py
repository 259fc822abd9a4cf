"""Engine classes and the engines in them, numbered as i915 numbers them."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from gputlb.errors import did_you_mean
from gputlb.facts._errors import UnknownEngine
from gputlb.facts._read import read_records


class EngineClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of engine."""

    number: int
    """i915's class number: 0 render to 5 compute (user space counts differently)."""
    name: str
    """The name used in these facts: `video_decode`."""
    prefix: str
    """What engine names of this class begin with: `vcs`."""
    id_base: int
    """The engine id of the first instance; ids order the kernel's walk over a GT's engines."""
    first_instance: int
    """The lowest hardware instance: 0, but 6 for the GSC."""
    last_instance: int
    """The highest hardware instance that any part has."""
    source: str
    note: str = ""


class Engine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One engine by its hardware instance, whatever name a driver shows for it."""

    name: str
    """Prefix and hardware instance: `vcs2` (a driver that renumbers calls Tiger Lake's `vcs1`); `gsc0`."""
    engine_class: int
    """i915's class number."""
    instance: int
    """The hardware instance; 6 for the GSC."""
    id: int
    """i915's engine id; the engine's bit in masks is `1 << id`."""

    def __str__(self) -> str:
        return self.name


@cache
def engine_classes() -> tuple[EngineClass, ...]:
    """Return all engine classes, by number."""
    return read_records("engine_classes.json", EngineClass)


@cache
def engine_class(which: int | str) -> EngineClass:
    """Return an engine class by number (5), name ("compute") or prefix ("ccs").

    Raises: `UnknownEngine`.
    """
    for row in engine_classes():
        if which in (row.number, row.name, row.prefix):
            return row
    if isinstance(which, int):
        raise UnknownEngine(
            f"engine class {which} does not exist: the classes are 0 to {len(engine_classes()) - 1}"
        )
    known = [word for row in engine_classes() for word in (row.name, row.prefix)]
    near = (
        did_you_mean(which, known) or f"; the classes are {', '.join(row.name for row in engine_classes())}"
    )
    raise UnknownEngine(f'engine class "{which}" is unknown{near}')


@cache
def engine(engine_class_number: int, instance: int) -> Engine:
    """Return the engine of this class and hardware instance.

    Raises: `UnknownEngine` where no part has it.
    """
    row = engine_class(engine_class_number)
    if not row.first_instance <= instance <= row.last_instance:
        raise UnknownEngine(
            f"{row.name} engine {instance} does not exist: its instances are "
            f"{row.first_instance} to {row.last_instance}"
        )
    ordinal = instance - row.first_instance
    return Engine(f"{row.prefix}{ordinal}", row.number, instance, row.id_base + ordinal)


@cache
def engine_named(name: str) -> Engine:
    """Return the engine that these facts call `name`: "vcs2" is class 1, instance 2.

    The number counts hardware instances; the GSC, instance 6, is "gsc0".
    Raises: `UnknownEngine`.
    """
    found = re.fullmatch(r"([a-z]+)(\d{1,3})", name)
    if not found:
        raise UnknownEngine(f'engine name "{name}" is not a prefix and a number, such as "vcs2"')
    row = engine_class(found[1])
    return engine(row.number, row.first_instance + int(found[2]))
