"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from gputlb.errors import GputlbError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer


class CannotWrite(GputlbError):
    """A result could not be written; what was there before is untouched."""


def check_writable(path: Path) -> None:
    """Raise `CannotWrite` if `path` can hold no file: better before a long run than after it."""
    folder = path.parent
    if path.is_dir():
        raise CannotWrite(f"{path} is a directory; name a file in it")
    if path.exists() and not path.is_file():
        raise CannotWrite(f"{path} is not a regular file, so no file can take its place; name another")
    if not folder.is_dir():
        raise CannotWrite(f"{path}: the directory {folder} does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise CannotWrite(f"{path}: the directory {folder} is not writable")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path` that takes its place when the block ends without an error.

    A link is followed: what it points to is replaced. Raises: `CannotWrite`, at the latest when the block ends;
    nothing is left behind then, and what was there before is untouched.
    """
    temporary: Path | None = None
    try:
        check_writable(path)
        target = path.resolve()
        # A short name of its own: the target's may already be as long as the file system allows.
        handle, name = tempfile.mkstemp(prefix=".gputlb-", dir=target.parent)
        temporary = Path(name)
        with io.BufferedWriter(_Reporting(handle, path)) as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


class _Reporting(io.FileIO):
    """A file whose failed writes say at once which file it was, however deep in a run they happen."""

    def __init__(self, handle: int, path: Path) -> None:
        super().__init__(handle, "wb")
        self._path = path

    def write(self, content: ReadableBuffer, /) -> int:
        try:
            return super().write(content)
        except OSError as error:
            raise _cannot_write(self._path, error) from None


def _cannot_write(path: Path, error: OSError) -> CannotWrite:
    return CannotWrite(f"{path} could not be written: {error.strerror or error}")
