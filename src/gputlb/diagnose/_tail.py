"""Lines as they arrive: from a growing file, a pipe, or the running system."""

from __future__ import annotations

import codecs
import os
import selectors
import shutil
import stat
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb.diagnose._errors import UnreadableInput
from gputlb.diagnose._sources import FOLLOW_COMMANDS, FOLLOWABLE_IF, readable, standard_input
from gputlb.file_names import STANDARD_INPUT, directory_name, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TICK_S = 1.0
_READ_BYTES = 64 << 10
_LONGEST_LINE = 64 << 10


def arriving_lines(name: str | None) -> Iterator[str | None]:
    """Yield the lines that arrive in a file, on standard input (`-`) or in the running system's log (None).

    A file is read from its present end on and may be rotated; a pipe ends when its writer does. None is
    yielded for every second without a line.

    Raises:
        UnreadableInput: where there is nothing to follow.
    """
    if name is None:
        yield from _from_system()
        return
    if name == STANDARD_INPUT:
        yield from _lines_of(_from_pipe(standard_input().fileno()))
        return
    path = Path(name)
    with readable(shown_name(name), "without a name the running system is followed"):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableInput(f"{directory_name(path)}: is a directory; name the log file inside it")
        if stat.S_ISREG(mode):
            yield from _lines_of(_from_file(path))
        else:
            with path.open("rb") as pipe:
                yield from _lines_of(_from_pipe(pipe.fileno()))


def _from_system() -> Iterator[str | None]:
    complaints = []
    for command in FOLLOW_COMMANDS:
        program = shutil.which(command[0])
        if program is None:
            complaints.append(f"{command[0]} is not installed")
            continue
        if command[0] in FOLLOWABLE_IF and (silence := _silence_of(FOLLOWABLE_IF[command[0]], program)):
            complaints.append(f"{command[0]}: {silence}")
            continue
        with subprocess.Popen(
            [program, *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            try:
                if child.stdout is not None:
                    yield from _lines_of(_from_pipe(child.stdout.fileno()))
                words = _last_line(child)
            finally:
                child.terminate()
        complaints.append(f"{command[0]}: {words or 'ended'}")
    raise UnreadableInput(
        f"the running system's kernel log cannot be followed ({'; '.join(complaints)}); "
        "try `sudo dmesg --follow | gputlb diagnose --follow -`"
    )


def _silence_of(command: Sequence[str], program: str) -> str:
    """Return what is to be said where `command` prints nothing, and "" where it prints anything at all."""
    with subprocess.Popen(
        [program, *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        try:
            if child.stdout is not None and child.stdout.read(1):
                return ""
            return _last_line(child) or "shows no messages of the system"
        finally:
            child.terminate()


def _last_line(child: subprocess.Popen[bytes]) -> str:
    words = child.stderr.read(500).decode("utf-8", "replace").strip() if child.stderr else ""
    return words.splitlines()[-1] if words else ""


def _from_pipe(descriptor: int) -> Iterator[bytes | None]:
    with selectors.DefaultSelector() as selector:
        try:
            selector.register(descriptor, selectors.EVENT_READ)
        except PermissionError:  # a plain file on standard input is always ready and cannot be waited for
            while block := os.read(descriptor, _READ_BYTES):
                yield block
            return
        while True:
            if not selector.select(TICK_S):
                yield None
                continue
            block = os.read(descriptor, _READ_BYTES)
            if not block:
                return
            yield block


def _from_file(path: Path) -> Iterator[bytes | None]:
    file = path.open("rb")
    try:
        file.seek(0, os.SEEK_END)
        while True:
            block = file.read(_READ_BYTES)
            if block:
                yield block
                continue
            try:
                there = path.stat()
            except FileNotFoundError:
                there = None
            here = os.fstat(file.fileno())
            if there is not None and (there.st_ino != here.st_ino or there.st_size < file.tell()):
                file.close()
                file = path.open("rb")
                continue
            yield None
            time.sleep(TICK_S)
    finally:
        file.close()


def _lines_of(blocks: Iterator[bytes | None]) -> Iterator[str | None]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    for block in blocks:
        if block is None:
            yield None
            continue
        rest += decoder.decode(block)
        *lines, rest = rest.split("\n")
        for line in lines:
            yield line.removesuffix("\r")
        if len(rest) > _LONGEST_LINE:
            yield rest
            rest = ""
    if rest:
        yield rest
