"""Files on the command line: names to read, and output written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from inspect import signature
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class CannotWrite(GputlbError):
    """The output file cannot be written; the text says why."""


class UnknownOption(GputlbError):
    """An option that the verb does not have."""


def refuse_unknown_options(names: Sequence[str], verb: Callable[..., int]) -> None:
    """Refuse file names that look like options; `-` alone, standard input, is none.

    A verb that takes `-` as a file gets misspelt options as files too.

    Raises:
        UnknownOption: naming the nearest option of the verb.
    """
    for name in names:
        if name.startswith("-") and name != "-":
            known = [f"--{option.replace('_', '-')}" for option in signature(verb).parameters if option != "files"]
            raise UnknownOption(
                f"unknown option {name}{did_you_mean(name, known)}; for a file of that name write ./{name}"
            )


def write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it.

    Raises:
        CannotWrite: where the directory is missing, full or forbidden.
    """
    temporary = None
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # noqa: PTH101  (the temporary file is private, the result need not be)
        os.replace(temporary, path)  # noqa: PTH105
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
        reason = (error.strerror or str(error)).lower()
        raise CannotWrite(f"{path}: cannot be written: {reason}; name another file") from error
