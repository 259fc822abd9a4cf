"""Events of a log that stands newest first, set aside until its oldest is known."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import msgspec

from gputlb.diagnose._errors import UnreadableInput
from gputlb.diagnose._events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EVENTS_AT_ONCE = 4_000


class SetAside:
    """Events in a temporary file, taken newest first and given back oldest first: an incident is judged forwards.

    Memory holds some thousand events however many there are; the file takes about three times the log's size.
    """

    def __init__(self, log_name: str) -> None:
        self._log_name = log_name
        self._file = tempfile.TemporaryFile(prefix="gputlb-")  # noqa: SIM115  (closed by `close`)
        self._sizes_bytes: list[int] = []
        self._waiting: list[Event] = []

    def add(self, events: Sequence[Event]) -> None:
        """Take the next events, as they stand in the log.

        Raises:
            UnreadableInput: where the file system is full.
        """
        self._waiting += events
        while len(self._waiting) >= _EVENTS_AT_ONCE:
            self._write(self._waiting[:_EVENTS_AT_ONCE])
            del self._waiting[:_EVENTS_AT_ONCE]

    def _write(self, events: list[Event]) -> None:
        data = msgspec.msgpack.encode(events)
        try:
            self._file.write(data)
        except OSError as error:
            raise UnreadableInput(
                f"{self._log_name}: stands newest first, and its older events do not fit into {tempfile.gettempdir()} "
                f"({(error.strerror or str(error)).lower()}); set TMPDIR to a place with room, or sort the log oldest "
                "first"
            ) from error
        self._sizes_bytes.append(len(data))

    def oldest_first(self) -> Iterator[list[Event]]:
        """Yield all events in lists, oldest first."""
        waiting, self._waiting = self._waiting, []
        yield waiting[::-1]
        at = sum(self._sizes_bytes)
        lists: list[int] = self._sizes_bytes[::-1]
        for size_bytes in lists:
            at -= size_bytes
            self._file.seek(at)
            events = msgspec.msgpack.decode(self._file.read(size_bytes), type=list[Event])
            events.reverse()
            yield events

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
