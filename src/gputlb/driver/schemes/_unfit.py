"""Schemes that can't be used, by what their classes do: their authors are told class, file, line and mend."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb.driver.schemes._scheme import Scheme
from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from gputlb.driver.gt import Gt
    from gputlb.runtime import AgentFailed

_OURS = Path(__file__).parents[2]
_REACHED_BY_SCHEMES = ("driver", "device", "runtime", "facts")
"""The rooms that a scheme calls into: what is raised there may be its fault, elsewhere it is ours."""
_RESULTS_ARE_USED = ("__init__", "stamp", "passed")


class UnfitScheme(GputlbError):
    """A scheme can't be used, by what its class does."""


def shown_name(scheme: type[Scheme]) -> str:
    """Return what a scheme calls itself; its class where the name is but inherited from one of ours."""
    own = vars(scheme).get("name") or (scheme.name if _is_ours(scheme) else "")
    return own or f"{scheme.__module__}:{scheme.__qualname__}"


def made(scheme: type[Scheme], gt: Gt) -> Scheme:
    """Return the scheme of a GT. Raises: `UnfitScheme` where it is its own class that fails."""
    for method in ("stamp", "passed"):
        if inspect.iscoroutinefunction(getattr(scheme, method)):
            raise _async(scheme, method)
    try:
        return scheme(gt)
    except GputlbError:
        raise
    except (Exception, SystemExit) as error:
        if frame_of(scheme, error) is None and not _defines(scheme, "__init__"):
            raise
        raise UnfitScheme(
            f"{where_raised(scheme, error)}: scheme {scheme.__qualname__!r} raised {error!r} when it was made; let its "
            "__init__ take the GT, hand it to Scheme.__init__, and come to its end"
        ) from error


def failed_in_set_up(scheme: type[Scheme], error: AgentFailed) -> UnfitScheme | None:
    """Return what a failure while schemes are set up means for the author of `scheme`; None where it is not theirs."""
    cause = error.__cause__
    if cause is None or not any(_defines(scheme, method) for method in ("__init__", "set_up")):
        return None
    if not inspect.iscoroutinefunction(scheme.set_up) and isinstance(cause, TypeError):
        return not_async(scheme, "set_up")
    if _failed_in_ours(cause):
        return None
    return UnfitScheme(
        f"{where_raised(scheme, cause)}: scheme {scheme.__qualname__!r} {error.problem} in set_up(); only "
        "ProbeFailed may come from there, and says that the driver does not load"
    )


def failed(scheme: type[Scheme], error: AgentFailed) -> UnfitScheme | None:
    """Return what the failure of an agent means for the author of `scheme`; None where it is not theirs."""
    cause = error.__cause__
    if _is_ours(scheme) or cause is None:
        return None
    if not inspect.iscoroutinefunction(scheme.flush) and isinstance(cause, TypeError):
        return not_async(scheme, "flush")
    if _failed_in_ours(cause):
        return None
    name = scheme.__qualname__
    inside = error.place.partition(":")[0] in map(file_name, files_of(scheme))
    where = error.place if inside else frame_of(scheme, cause)
    if where is not None:
        return UnfitScheme(f"{where}: scheme {name!r} {error.problem}; handle it there, for nobody above a flush would")
    if not any(_defines(scheme, method) for method in _RESULTS_ARE_USED):
        return None
    function = error.place.partition(" in ")[2]
    return UnfitScheme(
        f"{where_written(scheme)}: with scheme {name!r} agent {error.agent!r} {error.problem} in {function}; let its "
        "methods return what gputlb.driver.Scheme says of them"
    )


def not_async(scheme: type[Scheme], method: str) -> UnfitScheme:
    """Return what is told of a method that should be a coroutine function."""
    without_yield = ", without a yield in it" if inspect.isasyncgenfunction(getattr(scheme, method)) else ""
    return UnfitScheme(
        f"{_first_line(scheme, method)}: scheme {scheme.__qualname__!r} has a {method}() that is no coroutine; write "
        f"`async def {method}(self)`{without_yield}"
    )


def _async(scheme: type[Scheme], method: str) -> UnfitScheme:
    arguments = ", ".join(inspect.signature(getattr(Scheme, method)).parameters)
    return UnfitScheme(
        f"{_first_line(scheme, method)}: scheme {scheme.__qualname__!r} has a {method}() that is a coroutine, and "
        f"nobody awaits it; write `def {method}({arguments})`"
    )


def _first_line(scheme: type[Scheme], method: str) -> str:
    code: CodeType = inspect.unwrap(getattr(scheme, method)).__code__
    return f"{file_name(code.co_filename)}:{code.co_firstlineno} in {code.co_qualname}"


def _is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "gputlb"


def _defines(scheme: type[Scheme], method: str) -> bool:
    """Tell whether a method is the author's own, and none of ours."""
    return not _is_ours(next(kind for kind in scheme.__mro__ if method in vars(kind)))


def _failed_in_ours(error: BaseException) -> bool:
    """Tell whether an error was raised where no scheme has called: e.g. by what records the run."""
    *_, innermost = [code.co_filename for code, _ in _frames(error)]
    path = Path(innermost)
    return path.is_relative_to(_OURS) and path.relative_to(_OURS).parts[0] not in _REACHED_BY_SCHEMES


def _frames(error: BaseException) -> Iterator[tuple[CodeType, int]]:
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame.f_code, trace.tb_lineno
        trace = trace.tb_next


def where_raised(scheme: type[Scheme], error: BaseException) -> str:
    """Return the place in the scheme's own files that an error came through, else where its class is written."""
    return frame_of(scheme, error) or where_written(scheme)


def frame_of(scheme: type[Scheme], error: BaseException) -> str | None:
    """Return the innermost place of the scheme's own files that `error` came through, if it came through one."""
    files = files_of(scheme)
    places = [
        f"{file_name(code.co_filename)}:{line} in {code.co_qualname}"
        for code, line in _frames(error)
        if code.co_filename in files
    ]
    return places[-1] if places else None


def files_of(scheme: type[Scheme]) -> set[str]:
    """Return the files of a scheme and of what it is derived from, but for ours."""
    modules = [sys.modules.get(kind.__module__) for kind in scheme.__mro__ if not _is_ours(kind)]
    return {file for module in modules if (file := getattr(module, "__file__", None))}


def file_name(path: str) -> str:
    """Return a file as places name it."""
    return Path(path).name


def where_written(scheme: type[Scheme]) -> str:
    """Return where the class is written, as far as that can be told."""
    try:
        file, line = inspect.getsourcefile(scheme), inspect.getsourcelines(scheme)[1]
    except (OSError, TypeError):
        return f"module {scheme.__module__!r}"
    return f"{file_name(file or '?')}:{line}"
