"""Schemes that can't be checked: what is told to their authors names class, file, line and mend."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb.check.kept_state import kept_state
from gputlb.driver import Scheme
from gputlb.errors import GputlbError
from gputlb.explore import NondeterministicAgent, NotSymmetric
from gputlb.runtime import AgentFailed, NeverPausing
from gputlb.runtime._place import place_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from gputlb.driver import Gt
    from gputlb.runtime import AgentError

_OURS = str(Path(__file__).parents[1])
_WAITS_BEFORE_REFUSING = 10


class UnfitScheme(GputlbError):
    """A scheme can't be checked, by what its class does."""


class SetUpWaits(UnfitScheme):
    """A scheme waits while it sets itself up, before anybody else is there."""


def made(scheme: type[Scheme], gt: Gt) -> Scheme:
    """Return the scheme of a GT; raises `UnfitScheme`."""
    for method in ("stamp", "passed"):
        if inspect.iscoroutinefunction(getattr(scheme, method)):
            raise _async(scheme, method)
    try:
        return scheme(gt)
    except GputlbError:
        raise
    except (Exception, SystemExit) as error:
        raise UnfitScheme(
            f"{_where(scheme, error)}: scheme {scheme.__qualname__!r} raised {error!r} when it was made; let its "
            "__init__ take the GT, hand it to Scheme.__init__, and come to its end"
        ) from error


def set_up(scheme: Scheme) -> None:
    """Set a scheme up, while nobody else is there.

    Raises: `SetUpWaits`, `UnfitScheme`, `ProbeFailed`.
    """
    kind = type(scheme)
    try:
        coroutine: Coroutine[object, object, None] = scheme.set_up()
        if not inspect.iscoroutine(coroutine):
            raise _not_async(kind, "set_up")
        try:
            coroutine.send(None)
        except StopIteration:
            return
        where = place_of(coroutine)
        try:
            # Linux warns, in a cell, before it refuses to load: why it refuses is worth more than that it waited.
            for _ in range(_WAITS_BEFORE_REFUSING):
                coroutine.send(0)
        except StopIteration:
            pass
        finally:
            coroutine.close()
    except GputlbError:
        raise
    except (Exception, SystemExit) as error:
        raise UnfitScheme(
            f"{_where(kind, error)}: scheme {kind.__qualname__!r} raised {error!r} in set_up(); only ProbeFailed may "
            "come from there, and says that the driver does not load"
        ) from error
    raise SetUpWaits(
        f"{where}: scheme {kind.__qualname__!r} waits in set_up(), before anybody else is there; do so in flush()"
    )


def unfit(error: AgentError, made: Scheme) -> GputlbError | None:
    """Return what an explorer's complaint means for the author of a scheme; None if it says so already."""
    if isinstance(error, NondeterministicAgent):
        return kept_state(error, made)
    scheme = type(made)
    if scheme.__module__.startswith("gputlb."):
        return None
    name = scheme.__qualname__
    if isinstance(error, NeverPausing):
        return UnfitScheme(
            f"{error.place}: scheme {name!r} {error.problem}; let its loop wait for a register or a cell with until, "
            "or come to an end"
        )
    if not isinstance(error, AgentFailed):
        return None
    if not inspect.iscoroutinefunction(scheme.flush) and isinstance(error.__cause__, TypeError):
        return _not_async(scheme, "flush")
    inside = error.place.partition(":")[0] in map(_file_name, _files(scheme))
    where = error.place if inside else _frame_of(scheme, error.__cause__)
    if where is not None:
        return UnfitScheme(f"{where}: scheme {name!r} {error.problem}; handle it there, for nobody above a flush would")
    function = error.place.partition(" in ")[2]
    return UnfitScheme(
        f"{_written(scheme)}: with scheme {name!r} agent {error.agent!r} {error.problem} in {function}; let its "
        "methods return what gputlb.driver.Scheme says of them"
    )


def tells_members_apart(error: NotSymmetric, scheme: type[Scheme]) -> UnfitScheme | None:
    """Return what a refusal to fold means for the author of a scheme; None if it claims nothing and is ours."""
    problem = str(error).rpartition("; ")[0]
    if scheme.treats_engines_alike:
        return UnfitScheme(
            f"{problem}: so scheme {scheme.__qualname__!r} ({_written(scheme)}) tells engines apart; leave its "
            "treats_engines_alike out"
        )
    if scheme.__module__.startswith("gputlb."):
        return None
    return UnfitScheme(
        f"{_written(scheme)}: with scheme {scheme.__qualname__!r} clients are not alike, for {problem}; let its "
        "methods go by cells and by what they are given alone, or add --no-symmetry"
    )


def _not_async(scheme: type[Scheme], method: str) -> UnfitScheme:
    return UnfitScheme(
        f"{_first_line(scheme, method)}: scheme {scheme.__qualname__!r} has a {method}() that is no coroutine; write "
        f"`async def {method}(self)`{_without_yield(scheme, method)}"
    )


def _async(scheme: type[Scheme], method: str) -> UnfitScheme:
    signature = inspect.signature(getattr(Scheme, method))
    arguments = ", ".join(signature.parameters)
    return UnfitScheme(
        f"{_first_line(scheme, method)}: scheme {scheme.__qualname__!r} has a {method}() that is a coroutine, and "
        f"nobody awaits it; write `def {method}({arguments})`"
    )


def _first_line(scheme: type[Scheme], method: str) -> str:
    code = inspect.unwrap(getattr(scheme, method)).__code__
    return f"{_file_name(code.co_filename)}:{code.co_firstlineno} in {code.co_qualname}"


def _without_yield(scheme: type[Scheme], method: str) -> str:
    return ", without a yield in it" if inspect.isasyncgenfunction(getattr(scheme, method)) else ""


def _where(scheme: type[Scheme], error: BaseException) -> str:
    return _frame_of(scheme, error) or _written(scheme)


def _frame_of(scheme: type[Scheme], error: BaseException | None) -> str | None:
    """Return the innermost place of the scheme's own files that `error` came through, if it came through one."""
    files = _files(scheme)
    place = None
    trace = error.__traceback__ if error is not None else None
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in files:
            place = f"{_file_name(code.co_filename)}:{trace.tb_lineno} in {code.co_qualname}"
        trace = trace.tb_next
    return place


def _files(scheme: type[Scheme]) -> set[str]:
    """Return the files of a scheme and of what it is derived from, but for ours."""
    modules = [sys.modules.get(kind.__module__) for kind in scheme.__mro__]
    return {file for module in modules if (file := getattr(module, "__file__", None)) and not file.startswith(_OURS)}


def _file_name(path: str) -> str:
    return Path(path).name


def _written(scheme: type[Scheme]) -> str:
    """Return where the class is written, as far as that can be told."""
    try:
        file, line = inspect.getsourcefile(scheme), inspect.getsourcelines(scheme)[1]
    except (OSError, TypeError):
        return f"module {scheme.__module__!r}"
    return f"{_file_name(file or '?')}:{line}"
