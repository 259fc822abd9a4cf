"""What a sweep file may set: the parameters of a run, and those of its workload."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, cast

from gputlb import facts
from gputlb.device import UnknownFault, fault
from gputlb.driver import scheme
from gputlb.errors import GputlbError, did_you_mean
from gputlb.simulate.setup import Setup, run_setup
from gputlb.simulate.sweep._quantity import milliseconds
from gputlb.simulate.workloads import workload, workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from gputlb.simulate.setup import Scalar
    from gputlb.simulate.sweep._errors import SweepFileError
    from gputlb.simulate.sweep._toml_lines import Path

Place = tuple[Any, "Path"]
"""A value of a sweep file, and where it stands."""

_TRIAL_MS = 0.001


class WrongValue(GputlbError):
    """A value of a sweep file cannot be; the reader adds where it stands."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise WrongValue(f"must be a text in quotes, not {value!r}")
    return value


def _platform(value: object) -> str:
    facts.platform(_text(value))
    return _text(value)


def _scheme(value: object) -> str:
    scheme(_text(value))
    return _text(value)


def _workload(value: object) -> str:
    workload(_text(value))
    return _text(value)


def _faults(value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        fault(_text(text))
    return tuple(texts)


def _duration(value: object) -> float:
    span_ms = milliseconds(value)
    if span_ms <= 0:
        raise WrongValue(f'must be more than 0, not "{value}"; "100 ms" is usual')
    return span_ms


SETUP_KEYS: dict[str, tuple[str, Callable[[object], Any]]] = {
    "platform": ("platform", _platform),
    "scheme": ("scheme", _scheme),
    "workload": ("workload", _workload),
    "duration": ("duration_ms", _duration),
    "faults": ("faults", _faults),
}
"""What a file calls each parameter of a run: the field of `Setup`, and what reads its value."""


class PointReader:
    """Makes setups from settings, and tries each combination of parts once.

    Args:
        error: makes the error for what is wrong at a place.

    """

    def __init__(self, error: Callable[[Path, str], SweepFileError]) -> None:
        self._error = error
        self._names = {name: _parameters(name) for name in workloads()}
        self._tried: set[tuple[object, ...]] = set()

    def parameter_names(self) -> set[str]:
        """Return the parameters that any workload has."""
        return {parameter for names in self._names.values() for parameter in names}

    def is_parameter(self, key: str) -> bool:
        """Tell whether any workload has this parameter."""
        return key in self.parameter_names()

    def setup(self, settings: dict[str, Place]) -> Setup:
        """Return the setup of a point, given what the file sets for it; raises the error for what cannot be."""
        values: dict[str, Any] = {}
        for key, (value, at) in settings.items():
            if key in SETUP_KEYS:
                field, read = SETUP_KEYS[key]
                values[field] = self._read(key, at, read, value)
        name = values.get("workload", Setup().workload)
        parameters = dict(self._names[name])
        for key, (value, at) in settings.items():
            if key in SETUP_KEYS:
                continue
            if key not in parameters:
                raise self._error(
                    at,
                    f"workload {name} has no parameter {key}{did_you_mean(key, parameters)}; "
                    f"it has {', '.join(parameters)}",
                )
            parameters[key] = self._read(key, at, _count, value)
        setup = Setup(**values, parameters=tuple(sorted(parameters.items())))
        self._try(setup, settings)
        return setup

    def _read(self, key: str, at: Path, read: Callable[[object], Any], value: object) -> Any:
        try:
            return read(value)
        except GputlbError as error:
            said = str(error)
            raise self._error(at, said if said.startswith(key) else f"{key}: {said}") from None

    def _try(self, setup: Setup, settings: dict[str, Place]) -> None:
        parts = (setup.platform, setup.scheme, setup.faults, setup.workload)
        if parts in self._tried:
            return
        try:
            run_setup(replace(setup, duration_ms=_TRIAL_MS), seed=0)
        except GputlbError as error:
            wanted = ("faults",) if isinstance(error, UnknownFault) else ("scheme", "platform", "workload")
            at = next((settings[key][1] for key in wanted if key in settings), ())
            raise self._error(at, str(error)) from None
        self._tried.add(parts)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise WrongValue(f"must be a whole number of 1 or more, not {value!r}")
    return value


def _parameters(name: str) -> dict[str, Scalar]:
    made = workload(name)()
    return {field.name: field.default for field in fields(cast("Any", made)) if isinstance(field.default, int)}
