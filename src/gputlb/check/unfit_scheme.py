"""Schemes that can't be checked: what is told to their authors names class, file, line and mend."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from gputlb.check.kept_state import kept_state
from gputlb.driver.schemes import UnfitScheme, file_name, files_of, frame_of, not_async, where_raised, where_written
from gputlb.errors import GputlbError
from gputlb.explore import NondeterministicAgent, NotSymmetric
from gputlb.runtime import AgentFailed, NeverPausing
from gputlb.runtime._place import place_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from gputlb.driver import Scheme
    from gputlb.runtime import AgentError

_WAITS_BEFORE_REFUSING = 10


class SetUpWaits(UnfitScheme):
    """A scheme waits while it sets itself up, before anybody else is there."""


def set_up(scheme: Scheme) -> None:
    """Set a scheme up, while nobody else is there.

    Raises: `SetUpWaits`, `UnfitScheme`, `ProbeFailed`.
    """
    kind = type(scheme)
    try:
        coroutine: Coroutine[object, object, None] = scheme.set_up()
        if not inspect.iscoroutine(coroutine):
            raise not_async(kind, "set_up")
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
            f"{where_raised(kind, error)}: scheme {kind.__qualname__!r} raised {error!r} in set_up(); only "
            "ProbeFailed may come from there, and says that the driver does not load"
        ) from error
    raise SetUpWaits(
        f"{where}: scheme {kind.__qualname__!r} waits in set_up(), before anybody else is there; do so in flush()"
    )


def unfit(error: AgentError, made: Scheme) -> GputlbError | None:
    """Return what an explorer's complaint means for the author of a scheme; None if it says so already."""
    if isinstance(error, NondeterministicAgent):
        return kept_state(error, made)
    return unfit_class(error, type(made))


def unfit_class(error: AgentError, scheme: type[Scheme]) -> UnfitScheme | None:
    """Return the same of all but what an object of the scheme must be looked at for."""
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
        return not_async(scheme, "flush")
    inside = error.place.partition(":")[0] in map(file_name, files_of(scheme))
    where = error.place if inside else error.__cause__ and frame_of(scheme, error.__cause__)
    if where is not None:
        return UnfitScheme(f"{where}: scheme {name!r} {error.problem}; handle it there, for nobody above a flush would")
    function = error.place.partition(" in ")[2]
    return UnfitScheme(
        f"{where_written(scheme)}: with scheme {name!r} agent {error.agent!r} {error.problem} in {function}; let its "
        "methods return what gputlb.driver.Scheme says of them"
    )


def tells_members_apart(error: NotSymmetric, scheme: type[Scheme]) -> UnfitScheme | None:
    """Return what a refusal to fold means for the author of a scheme; None if it claims nothing and is ours."""
    problem = str(error).rpartition("; ")[0]
    if scheme.treats_engines_alike:
        return UnfitScheme(
            f"{problem}: so scheme {scheme.__qualname__!r} ({where_written(scheme)}) tells engines apart; leave its "
            "treats_engines_alike out"
        )
    if scheme.__module__.startswith("gputlb."):
        return None
    return UnfitScheme(
        f"{where_written(scheme)}: with scheme {scheme.__qualname__!r} clients are not alike, for {problem}; let its "
        "methods go by cells and by what they are given alone, or add --no-symmetry"
    )
