"""What a sweep file may set: the parameters of a run, and those of its workload."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gputlb import facts
from gputlb.device import UnknownFault, faults_of
from gputlb.driver import scheme
from gputlb.errors import GputlbError, did_you_mean
from gputlb.simulate.durations import duration, duration_text
from gputlb.simulate.number_columns import DamagedColumns
from gputlb.simulate.parameters import WrongParameter
from gputlb.simulate.setup import Setup, run_setup
from gputlb.simulate.sweep._named_files import beside
from gputlb.simulate.sweep._quantity import milliseconds, refuse_bare_number
from gputlb.simulate.workloads import make_workload, workload, workloads

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from gputlb.simulate.parameters import Scalar, WorkloadParameter
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


def _latency(value: object) -> str:
    refuse_bare_number(value, "us")
    given = _text(value)
    span = duration(given)
    shown = duration_text(span)
    return shown if duration(shown) == span else given


def _faults(value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    faults_of([_text(text) for text in texts])
    return tuple(texts)


def _duration(value: object) -> float:
    span_ms = milliseconds(value)
    if span_ms <= 0:
        raise WrongValue(f'must be more than 0, not "{value}"; "100 ms" is usual')
    return span_ms


def _warm_up(value: object) -> float:
    span_ms = milliseconds(value)
    if span_ms < 0:
        raise WrongValue(f'must be 0 or more, not "{value}"; "0 ms" counts from the start')
    return span_ms


SETUP_KEYS: dict[str, tuple[str, Callable[[object], Any]]] = {
    "platform": ("platform", _platform),
    "scheme": ("scheme", _scheme),
    "workload": ("workload", _workload),
    "duration": ("duration_ms", _duration),
    "warm_up": ("warm_up_ms", _warm_up),
    "latency": ("latency", _latency),
    "faults": ("faults", _faults),
}
"""What a file calls each parameter of a run: the field of `Setup`, and what reads its value."""


class PointReader:
    """Makes setups from settings, and tries the parts of each together before anything is run.

    Args:
        folder: where the sweep file is; the files that it names are looked for from there.
        error: makes the error for what is wrong at a place.

    """

    def __init__(self, folder: pathlib.Path, error: Callable[[Path, str], SweepFileError]) -> None:
        self._folder = folder
        self._error = error
        self._known = {
            name: {parameter.name: parameter for parameter in made.parameters()} for name, made in workloads().items()
        }
        self._tried: set[tuple[object, ...]] = set()

    def parameter_names(self) -> set[str]:
        """Return the parameters that any workload has."""
        return {parameter for known in self._known.values() for parameter in known}

    def is_parameter(self, key: str) -> bool:
        """Tell whether any workload has this parameter."""
        return key in self.parameter_names()

    def setup(self, settings: dict[str, Place]) -> Setup:
        """Return the setup of a point, given what the file sets for it; raises the error for what cannot be."""
        values: dict[str, Any] = {}
        for key, (value, at) in settings.items():
            if key in SETUP_KEYS:
                field, read = SETUP_KEYS[key]
                values[field] = self._read(key, at, read, beside(self._folder, value) if key == "latency" else value)
        name = values.get("workload", Setup().workload)
        known = self._known[name]
        parameters: dict[str, Scalar] = {}
        for key, (value, at) in settings.items():
            if key in SETUP_KEYS:
                continue
            if key not in known:
                raise self._error(
                    at,
                    f"workload {name} has no parameter {key}{did_you_mean(key, known)}; it has {', '.join(known)}",
                )
            parameters[key] = self._read(key, at, partial(self._parameter, known[key]), value)
        setup = Setup(**values, parameters=tuple(sorted(parameters.items())))
        self._try(setup, settings)
        return setup

    def _parameter(self, parameter: WorkloadParameter, value: object) -> Scalar:
        """Return a value in one way of the many in which it could be written."""
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise WrongValue(f"must be a number or a text in quotes, not {_shown(value)}")
        if parameter.kind == "time":
            refuse_bare_number(value, "us")
        given: Scalar = beside(self._folder, value, is_file=parameter.kind == "file")
        parsed = parameter.parse(given)
        shown = parameter.show(parsed)
        return shown if parameter.parse(shown) == parsed else given

    def _read(self, key: str, at: Path, read: Callable[[object], Any], value: object) -> Any:
        try:
            return read(value)
        except GputlbError as error:
            said = str(error)
            raise self._error(at, said if said.startswith(key) else f"{key}: {said}") from None

    def _try(self, setup: Setup, settings: dict[str, Place]) -> None:
        """Make the machine once for each combination of parts, and once for each value of a parameter."""
        parts = (setup.platform, setup.scheme, setup.faults, setup.workload)
        combinations = {parts, *((setup.platform, setup.workload, *given) for given in setup.parameters)}
        try:
            make_workload(setup.workload, setup.parameters)
            if combinations <= self._tried:
                return
            run_setup(replace(setup, duration_ms=_TRIAL_MS, warm_up_ms=0.0), seed=0)
        except GputlbError as error:
            at = next((settings[key][1] for key in _to_blame(error) if key in settings), ())
            raise self._error(at, str(error)) from None
        self._tried |= combinations


def _to_blame(error: GputlbError) -> tuple[str, ...]:
    """Return what in a file may have caused an error that came up only with everything together, most likely first."""
    if isinstance(error, WrongParameter):
        return (error.name, "workload")
    if isinstance(error, DamagedColumns):
        return ("file", "workload")
    return ("faults",) if isinstance(error, UnknownFault) else ("scheme", "platform", "workload")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
