"""The runs that have finished, one line each, so that neither Ctrl-C nor a crash loses any."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import msgspec

from gputlb import __version__, facts
from gputlb.simulate.sweep._errors import JournalError
from gputlb.simulate.sweep._result import Finished

if TYPE_CHECKING:
    from pathlib import Path

_SCHEMA = 1
_MOST_LINE = 16 << 20


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    gputlb_sweep_journal: int
    version: str
    facts_version: str


class Journal:
    """An append-only file of finished runs, held by one sweep at a time.

    What is there already is read: a last line that was torn by a crash is cut off, everything else counts.

    Raises: `JournalError` where another sweep holds it, where another version of `gputlb` began it, where it is no
    journal, and where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.finished: dict[str, Finished] = {}
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise JournalError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from None
        try:
            self._lock()
            self._read()
        except BaseException:
            os.close(self._handle)
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise JournalError(
                f"{self.path} is in use by another sweep that is still running; wait for it, or name another --output"
            ) from None

    def _read(self) -> None:
        good = 0
        decoder = msgspec.json.Decoder(Finished)
        with open(self._handle, "rb", closefd=False) as file:
            first = file.readline(_MOST_LINE)
            if first.endswith(b"\n"):
                self._check(first)
                good = len(first)
                for number, line in enumerate(iter(lambda: file.readline(_MOST_LINE), b""), 2):
                    if not line.endswith(b"\n"):
                        break
                    try:
                        finished = decoder.decode(line)
                    except msgspec.MsgspecError:
                        raise JournalError(
                            f"{self.path}:{number}: is not a finished run; take the line out, or remove the file to "
                            "begin anew"
                        ) from None
                    self.finished[finished.key] = finished
                    good += len(line)
            elif first and not first.startswith(b'{"gputlb_sweep_journal"'):
                raise self._no_journal()
        os.ftruncate(self._handle, good)
        if not good:
            self._write(_Header(_SCHEMA, __version__, facts.facts_version()))

    def _check(self, first: bytes) -> None:
        try:
            header = msgspec.json.decode(first, type=_Header)
        except msgspec.MsgspecError:
            raise self._no_journal() from None
        now = _Header(_SCHEMA, __version__, facts.facts_version())
        if header != now:
            raise JournalError(
                f"{self.path} was begun by gputlb {header.version} with facts {header.facts_version}, and this is "
                f"{now.version} with {now.facts_version}; finish it with that one, or remove the file to begin anew"
            )

    def _no_journal(self) -> JournalError:
        return JournalError(f"{self.path} is not the journal of a sweep; move it away, or name another --output")

    def add(self, finished: Finished) -> None:
        """Keep a finished run. Raises: `JournalError` where the disk is full; what is there already stays good."""
        self._write(finished)
        self.finished[finished.key] = finished

    def _write(self, record: msgspec.Struct) -> None:
        line = msgspec.json.encode(record) + b"\n"
        begun = os.lseek(self._handle, 0, os.SEEK_END)
        try:
            written = 0
            while written < len(line):
                written += os.write(self._handle, line[written:])
        except OSError as error:
            os.ftruncate(self._handle, begun)
            raise JournalError(
                f"{self.path} could not be written: {(error.strerror or str(error)).lower()}; {self._kept()}: make "
                "room, and the same command goes on from there"
            ) from None

    def _kept(self) -> str:
        count = len(self.finished)
        return "its one finished run is kept" if count == 1 else f"its {count:,} finished runs are kept"

    def remove(self) -> None:
        """Take the file away: its runs are in the results now."""
        self.path.unlink(missing_ok=True)
        self.finished.clear()

    def close(self) -> None:
        """Let others have it; a journal without any run is taken away."""
        if not self.finished:
            self.remove()
        os.close(self._handle)
