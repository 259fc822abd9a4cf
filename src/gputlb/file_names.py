"""What a file's name stands for: which file, whether one can be written there, and how it is shown."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

STANDARD_INPUT = "-"

FileIdentity = tuple[int, int] | str
"""Device and inode of a file that is there, else where its name leads."""


def identity(name: str | Path) -> FileIdentity:
    """Return what is equal for two names of one file, links of both kinds followed, whether it is there or not.

    The text `-` is standard input, which may be a file as well; `Path("-")` is a file of that name. A file that cannot
    be looked at is known by its name alone.
    """
    try:
        there = os.fstat(sys.__stdin__.fileno()) if name == STANDARD_INPUT and sys.__stdin__ else Path(name).stat()
    except (OSError, ValueError):
        pass
    else:
        return there.st_dev, there.st_ino
    try:
        return os.path.realpath(name)
    except (OSError, ValueError):  # the working directory may be gone
        return str(name)


def shown_name(name: str | Path) -> str:
    """Return a name as text that can be printed anywhere: what is not UTF-8 in it, as Linux allows, becomes U+FFFD."""
    return os.fsencode(name).decode("utf-8", "replace")


def directory_name(path: Path) -> str:
    """Return how a directory is called that was named in place of a file: an empty name arrives as `.` too."""
    return "an empty name (or .)" if path == Path() else str(path)


def why_not_writable(path: Path) -> str | None:
    """Return in one sentence why no file can be written at `path`, or take the place of what is there, or None."""
    try:
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            mode = None
        if mode is not None and stat.S_ISDIR(mode):
            return f"{directory_name(path)} is a directory; name a file in it"
        if mode is not None and not stat.S_ISREG(mode):
            return f"{path} is not a regular file, so no file can take its place; name another"
        try:
            folder = path.resolve().parent
        except FileNotFoundError:
            return f"{path}: the working directory is no longer there; change to one that is, or write a full name"
        if not folder.is_dir():
            if folder.exists():
                return f"{path}: {folder} is not a directory; name another"
            return f"{path}: the directory {folder} does not exist; make it first"
        if not os.access(folder, os.W_OK):
            return f"{path}: the directory {folder} is not writable"
    except OSError as error:
        return f"{path} could not be written: {error.strerror or error}"
    return None
