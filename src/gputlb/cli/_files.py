"""Output files: whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from pathlib import Path


class CannotWrite(GputlbError):
    """The output file cannot be written; the text says why."""


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
