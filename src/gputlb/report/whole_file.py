"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Iterator


class CannotWrite(GputlbError):
    """A result could not be written; what was there before is untouched."""


def check_writable(path: Path) -> None:
    """Raise `CannotWrite` if `path` can hold no file: better before a long run than after it."""
    folder = path.parent
    if path.is_dir():
        raise CannotWrite(f"{path} is a directory; name a file in it")
    if not folder.is_dir():
        raise CannotWrite(f"{path}: the directory {folder} does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise CannotWrite(f"{path}: the directory {folder} is not writable")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` that takes its place when the block ends without an error.

    Raises: `CannotWrite`.
    """
    check_writable(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CannotWrite(f"{path} could not be written: {error.strerror or error}") from None
        raise
