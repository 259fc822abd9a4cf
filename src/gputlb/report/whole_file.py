"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from gputlb.errors import GputlbError
from gputlb.file_names import identity, why_not_writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from _typeshed import ReadableBuffer

    from gputlb.file_names import FileIdentity


class CannotWrite(GputlbError):
    """A result could not be written; what was there before is untouched."""


def check_writable(path: Path) -> None:
    """Raise `CannotWrite` if `path` can hold no file: better before a long run than after it."""
    why = why_not_writable(path)
    if why is not None:
        raise CannotWrite(why)


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[str | Path] = ()) -> None:
    """Raise `CannotWrite` unless each output can be written, is none of the inputs, and is named once.

    To be called before anything is read: what takes the place of an input destroys it.

    Args:
        outputs: what each option names, in the order of their being written; None where it is not given.
        inputs: what is read; the text `-` is standard input.
    """
    read = {identity(name) for name in inputs}
    written: dict[FileIdentity, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        check_writable(path)
        file = identity(path)
        if file in read:
            raise CannotWrite(f"{option} {path} would destroy what is read from that file; name another")
        if file in written:
            raise CannotWrite(f"{written[file]} and {option} both name {path}; name a file for each")
        written[file] = option


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
