"""Finding a scheme by name: ours, an installed one, or the user's own class."""

from __future__ import annotations

import inspect
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from gputlb.driver.schemes._scheme import Scheme
from gputlb.driver.schemes.guc import Guc
from gputlb.driver.schemes.mmio import Mmio
from gputlb.driver.schemes.mmio_2022 import Mmio2022
from gputlb.driver.schemes.no_flush import NoFlush
from gputlb.driver.schemes.unbatched import Unbatched
from gputlb.errors import GputlbError, did_you_mean, why_not_imported

ENTRY_POINT_GROUP = "gputlb.schemes"

_OURS: tuple[type[Scheme], ...] = (Mmio2022, Mmio, Guc, Unbatched, NoFlush)


class UnknownScheme(GputlbError):
    """No scheme has this name, or the class that it names is none."""


@cache
def schemes() -> dict[str, type[Scheme]]:
    """Return our schemes by name."""
    return {scheme.name: scheme for scheme in _OURS}


def scheme(name: str) -> type[Scheme]:
    """Return the scheme called `name`: ours, one of the entry point group `gputlb.schemes`, or `module:Class`.

    Raises: `UnknownScheme`, with the nearest names or what is wrong with the module or class.
    """
    if name in schemes():
        return schemes()[name]
    if ":" in name:
        return _imported(name)
    installed = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name in installed:
        return _imported(installed[name].value)
    known = [*schemes(), *installed]
    raise UnknownScheme(f"scheme {name!r} is unknown{did_you_mean(name, known)}; there are {', '.join(known)}")


def _imported(path: str) -> type[Scheme]:
    module_name, _, class_name = path.partition(":")
    for what, name in (("module", module_name), ("class", class_name)):
        if not all(part.isidentifier() for part in name.split(".")):
            raise UnknownScheme(f"scheme {path!r} names no {what}; write it like package.module:Class")
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:
        raise UnknownScheme(f"scheme {path!r}: {why_not_imported(module_name, error)}") from error
    where = getattr(module, "__file__", None) or f"module {module_name!r}"
    found = getattr(module, class_name, None)
    if found is None:
        classes = [name for name, value in vars(module).items() if inspect.isclass(value)]
        raise UnknownScheme(f"scheme {path!r}: {where} has no {class_name!r}{did_you_mean(class_name, classes)}")
    with suppress(OSError, TypeError):  # what is built in, or no class at all, has no line
        where = f"{where}:{inspect.getsourcelines(found)[1]}"
    if not (inspect.isclass(found) and issubclass(found, Scheme)):
        raise UnknownScheme(f"scheme {path!r}: {class_name} in {where} must be a subclass of gputlb.driver.Scheme")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise UnknownScheme(f"scheme {path!r}: {class_name} in {where} does not define {missing}")
    return found
