"""What a workload can be told, as data: each parameter with its kind, default, range and meaning."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from gputlb.errors import GputlbError, did_you_mean
from gputlb.simulate.arrivals import Arrivals, WrongArrivals, arrivals, arrivals_text, rate
from gputlb.simulate.durations import WrongDuration, duration, duration_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gputlb.runtime import Duration

Scalar = int | float | str
Kind = Literal["count", "time", "rate", "arrivals", "choice", "file"]
KINDS: tuple[str, ...] = get_args(Kind)

_METADATA = "gputlb.parameter"


class WrongParameter(GputlbError):
    """A workload's parameter is unknown or has a value that it cannot have; `name` says which."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


@dataclass(frozen=True, slots=True)
class WorkloadParameter:
    """One thing that a workload can be told."""

    name: str
    kind: Kind
    default: Scalar
    """As one would write it; an empty text where there is none, and one must be given."""
    meaning: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()

    def parse(self, given: Scalar) -> Any:
        """Return the value that `given` says: an int, a `Duration`, a rate per second, `Arrivals`, a word or a path.

        Raises: `WrongParameter`; `DamagedColumns` for a file with holes.
        """
        try:
            match self.kind:
                case "count":
                    return self._count(given)
                case "time":
                    return duration(given)
                case "rate":
                    return rate(given)
                case "arrivals":
                    return arrivals(str(given))
                case "choice":
                    return self._choice(str(given))
                case "file":
                    return str(given)
        except (WrongDuration, WrongArrivals) as error:
            raise WrongParameter(self.name, f"{self.name}: {error}") from None

    def show(self, value: Any) -> Scalar:
        """Return how `parse` would be asked for `value`."""
        match self.kind:
            case "time":
                span: Duration = value
                return duration_text(span)
            case "arrivals":
                pattern: Arrivals = value
                return arrivals_text(pattern)
        assert isinstance(value, (int, float, str))
        return value

    def _count(self, given: Scalar) -> int:
        try:
            number = given if isinstance(given, int) else float(given)  # an int may be beyond every float
            whole = isinstance(number, int) or number.is_integer()
        except ValueError:
            whole = False
        if not whole:
            raise WrongParameter(self.name, f"{self.name} must be a whole number, not {given!r}")
        least, most = self.least or 0, self.most if self.most is not None else math.inf
        if not least <= number <= most:
            among = f"{least:g} to {most:g}" if most < math.inf else f"{least:g} or more"
            raise WrongParameter(self.name, f"{self.name} must be {among}, not {given}")
        return int(number)

    def _choice(self, given: str) -> str:
        if given not in self.choices:
            listed = " or ".join(self.choices)
            raise WrongParameter(
                self.name, f"{self.name} must be {listed}, not {given!r}{did_you_mean(given, self.choices)}"
            )
        return given


def declared(
    kind: Kind,
    default: Scalar,
    meaning: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field that is a parameter, for the body of a workload's class."""
    parameter = WorkloadParameter("", kind, default, meaning, least, most, choices)
    value = "" if kind == "file" else parameter.parse(default)
    return field(default=value, metadata={_METADATA: parameter})


def parameters_of(workload: Any) -> tuple[WorkloadParameter, ...]:
    """Return what a workload, or its class, can be told, in the order in which it says so."""
    return tuple(
        replace(each.metadata[_METADATA], name=each.name) for each in fields(workload) if _METADATA in each.metadata
    )


def parsed(workload: str, known: Iterable[WorkloadParameter], given: Iterable[tuple[str, Scalar]]) -> dict[str, Any]:
    """Return the values of the parameters `given` to the workload called so.

    Raises: `WrongParameter` for an unknown one, with the nearest names, for one that is given twice, and as
    `WorkloadParameter.parse`.
    """
    by_name = {parameter.name: parameter for parameter in known}
    values: dict[str, Any] = {}
    for name, value in given:
        if name not in by_name:
            there_are = f"it has {', '.join(by_name)}" if by_name else "it has none"
            raise WrongParameter(
                name, f"workload {workload!r} has no parameter {name!r}{did_you_mean(name, by_name)}; {there_are}"
            )
        if name in values:
            raise WrongParameter(name, f"{name} is given twice; leave one out")
        values[name] = by_name[name].parse(value)
    for parameter in by_name.values():
        if parameter.kind == "file" and not parameter.default and not values.get(parameter.name):
            raise WrongParameter(parameter.name, f"workload {workload!r} needs a file; say {parameter.name}=FILE.csv")
    pattern = values.get("arrivals")
    if pattern is not None and "rate" in values and (pattern.rate_per_s is not None or pattern.pattern == "recorded"):
        raise WrongParameter("rate", f"the rate is in the arrivals {arrivals_text(pattern)!r} already; leave one out")
    return values
