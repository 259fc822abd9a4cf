"""Where a log comes from: files, compressed files, standard input, the running system."""

from __future__ import annotations

import bz2
import codecs
import io
import lzma
import shutil
import stat
import subprocess
import sys
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from gputlb.diagnose._errors import DecompressionBomb, UnreadableInput
from gputlb.file_names import STANDARD_INPUT, directory_name, identity, shown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gputlb.file_names import FileIdentity

BLOCK_BYTES = 1 << 20
BOMB_RATIO = 500
BOMB_FLOOR_BYTES = 64 << 20

_MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2"}
_FOREIGN = {
    b"\x17\x08\x44tracing": "a trace-cmd capture; give it to `gputlb trace`",
    b"LPKSHHRH": "a journal in systemd's own format; print it with `journalctl -k --file {name}` and give that",
    b"PERFILE2": "a perf capture; print it with `perf script -i {name}` and give that to `gputlb trace`",
    b"\x7fELF": "a program, not a log",
    b"PK\x03\x04": "a zip archive; unpack it and give the log inside",
    b"%PDF": "a PDF document; give the log as text",
    b"\x89PNG": "a picture; give the log as text",
    b"\xff\xd8\xff": "a picture; give the log as text",
}
_ZSTD_BYTES_AT_ONCE = 512
"""zstd gives all that it makes of a piece at once, and four bytes may stand for 128 KiB."""
_TAR_AT, _TAR = 257, b"ustar"
_TELLING_BYTES = 512
"""So many first bytes tell what a file is."""
LIVE_COMMANDS = (
    ("journalctl", "-k", "-b", "0", "--no-pager", "-q", "-o", "short-iso-precise"),
    ("dmesg",),
)
FOLLOW_COMMANDS = (
    ("journalctl", "-k", "-f", "-n", "0", "--no-pager", "-q", "-o", "short-iso-precise"),
    ("dmesg", "--follow-new"),
)
FOLLOWABLE_IF = {"journalctl": ("journalctl", "--system", "-n", "1", "--no-pager", "-q", "-o", "cat")}
"""What prints something only where the program shows this user what it follows: without the right to read the system's
journal, but with a journal of one's own, `journalctl -k -f` waits for ever and says nothing."""


class Source:
    """A log as blocks of bytes, with a name for messages.

    Attributes:
        name: how the user named it.
        size_bytes: bytes of the stored (perhaps compressed) file, or None for a pipe.
        plain_path: the file, where it can be read anywhere without unpacking; else None.
        read_bytes: how many of these bytes were read so far.
        is_searched: whether other processes search the whole file; `read_bytes` stands still meanwhile.
        watch: called from time to time while the log is read.
        cut_off: whether the compressed data ended too early; known when `blocks` is exhausted.
    """

    def __init__(self, name: str, path: Path | None, stream: IO[bytes] | None = None) -> None:
        self.name = name
        self._path = path
        self._stream = stream
        self.cut_off = False
        self.is_searched = False
        self.read_bytes = 0
        self.watch: Callable[[Source], None] | None = None
        self.size_bytes = path.stat().st_size if path is not None and path.is_file() else None
        head = _head(path) if path is not None else b""
        packed = _compression(head) is not None or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        self.plain_path = str(path) if path is not None and not packed else None

    def blocks(self) -> Iterator[bytes]:
        """Yield the decompressed contents.

        Raises:
            UnreadableInput: where the file is damaged, is no text by its first bytes, ends before any text, or where no
                program can unpack it.
            DecompressionBomb: where it grows to more than 500 times its size and 64 MiB.
        """
        stream = self._path.open("rb") if self._path is not None else cast("IO[bytes]", self._stream)
        try:
            yield from self._text_blocks(_Watched(self, stream))
        except OSError as error:
            raise UnreadableInput(f"{self.name}: cannot be read: {_reason(error)}") from error
        finally:
            if self._path is not None:
                stream.close()

    def _text_blocks(self, stream: _Watched) -> Iterator[bytes]:
        head = stream.read(_TELLING_BYTES)
        _refuse_foreign(self.name, head)
        kind = _compression(head)
        blocks = _plain(head, stream) if kind is None else self._unpacked(kind, head, stream)
        first = b""
        for block in blocks:
            first += block
            if len(first) >= _TELLING_BYTES:
                break
        if kind is not None:
            if not first and self.cut_off:
                raise UnreadableInput(f"{self.name}: is cut off: {kind} ends before any text; fetch it again")
            _refuse_foreign(self.name, first, inside=f" inside {kind}")
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            yield from _from_utf16(first, blocks)
            return
        yield first
        yield from blocks

    def _unpacked(self, kind: str, head: bytes, stream: _Watched) -> Iterator[bytes]:
        packed = _Packed(head, stream)
        grown = 0
        for block in _unpacked(self.name, kind, packed):
            grown += len(block)
            size_bytes = self.size_bytes or packed.taken_bytes
            if grown > BOMB_FLOOR_BYTES and grown > BOMB_RATIO * size_bytes:
                raise DecompressionBomb(
                    f"{self.name}: {size_bytes} bytes grow to more than {grown >> 20} MiB, "
                    "as a decompression bomb would; if the file is honest, decompress it yourself and give the result"
                )
            yield block
        self.cut_off = packed.cut_off


class _Watched:
    """A stream that tells how far it was read."""

    def __init__(self, source: Source, stream: IO[bytes]) -> None:
        self._source = source
        self._stream = stream

    def read(self, size_bytes: int) -> bytes:
        data = self._stream.read(size_bytes)
        source = self._source
        source.read_bytes += len(data)
        if source.watch is not None:
            source.watch(source)
        return data


class _Packed:
    """Compressed bytes as they are taken.

    Attributes:
        taken_bytes: how many were taken.
        cut_off: whether they ended too early, by the word of the one that unpacks them.
    """

    def __init__(self, head: bytes, stream: _Watched) -> None:
        self.head = head
        self._stream = stream
        self.taken_bytes = 0
        self.cut_off = False

    def __iter__(self) -> Iterator[bytes]:
        for block in _chained(self.head, self._stream):
            self.taken_bytes += len(block)
            yield block


def open_source(name: str) -> Source:
    """Return the log in a file, or standard input for `-`.

    Raises:
        UnreadableInput: for a directory, a missing or forbidden file, and what is no text by its first bytes;
            for `-` where standard input is closed.
    """
    if name == STANDARD_INPUT:
        return Source("standard input", None, standard_input())
    path = Path(name)
    name = shown_name(name)
    with readable(name):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableInput(f"{directory_name(path)}: is a directory; name the log file inside it")
        if not stat.S_ISREG(mode):  # a pipe, as in <(dmesg): it can be read only once
            return Source(name, None, path.open("rb"))
        head = _head(path)
        _refuse_foreign(name, head)
        return Source(name, path)


def open_sources(names: Sequence[str]) -> list[Source]:
    """Return the logs in several files; raises `UnreadableInput` as `open_source`, and for a file named twice."""
    named: dict[FileIdentity, str] = {}
    for name in names:
        file = identity(name)
        if file in named:
            twice = f"{name} is named twice" if named[file] == name else f"{named[file]} and {name} are one file"
            raise UnreadableInput(f"{twice}, and its incidents would count double; name it once")
        named[file] = name
    return [open_source(name) for name in names]


@contextmanager
def readable(name: str, instead: str = "check its name, or give - for standard input") -> Iterator[None]:
    """Turn what the operating system has against reading a file into `UnreadableInput`.

    `instead` is what to do about a file that is not there.
    """
    try:
        yield
    except FileNotFoundError:
        raise UnreadableInput(f"{name}: no such file; {instead}") from None
    except OSError as error:
        raise UnreadableInput(f"{name}: cannot be read: {_reason(error)}") from error


def standard_input() -> BinaryIO:
    """Return the bytes of standard input.

    Raises:
        UnreadableInput: where it is closed, as a daemon's may be.
    """
    if sys.stdin is None:
        raise UnreadableInput("standard input is closed, so - cannot be read; name a file in place of -")
    return sys.stdin.buffer


def open_live() -> Source:
    """Return the kernel log of the running system, from `journalctl -k` or else `dmesg`.

    Raises:
        UnreadableInput: where neither program gives anything.
    """
    complaints = []
    for command in LIVE_COMMANDS:
        program = shutil.which(command[0])
        if program is None:
            complaints.append(f"{command[0]} is not installed")
            continue
        done = subprocess.run([program, *command[1:]], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return Source(" ".join(command), None, io.BytesIO(done.stdout))
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        complaints.append(f"{command[0]}: {words[-1] if words else 'no kernel messages'}")
    raise UnreadableInput(
        f"the running system's kernel log cannot be read ({'; '.join(complaints)}); "
        "try `sudo dmesg | gputlb diagnose -`, or name a file"
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_TELLING_BYTES)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _compression(head: bytes) -> str | None:
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def _refuse_foreign(name: str, head: bytes, *, inside: str = "") -> None:
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise UnreadableInput(f"{name}: is {what.format(name=name)}")
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise UnreadableInput(f"{name}: is a tar archive{inside}; unpack it and give the log inside")


def _plain(head: bytes, stream: _Watched) -> Iterator[bytes]:
    yield head + stream.read(BLOCK_BYTES - len(head))
    while block := stream.read(BLOCK_BYTES):
        yield block


def _chained(head: bytes, stream: _Watched) -> Iterator[bytes]:
    yield head
    while block := stream.read(BLOCK_BYTES):
        yield block


def _from_utf16(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    yield decoder.decode(first).encode()
    for block in blocks:
        yield decoder.decode(block).encode()


def _unpacked(name: str, kind: str, packed: _Packed) -> Iterator[bytes]:
    try:
        if kind == "zstd":
            yield from _unzstd(name, packed)
        elif kind == "gzip":
            yield from _ungzip(packed)
        else:
            yield from _unpacked_by(lzma.LZMADecompressor if kind == "xz" else bz2.BZ2Decompressor, packed)
    except (zlib.error, lzma.LZMAError, OSError) as error:
        raise UnreadableInput(f"{name}: is damaged: {kind} says “{error}”; fetch it again") from error


# A file cut short is common (an upload that broke off): what came before the end is still worth reading, so
# neither of these minds a missing end.


def _ungzip(packed: _Packed) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    begun = False
    for block in packed:
        data = block if begun else block.lstrip(b"\0")
        while data:
            begun = True
            yield member.decompress(data, BLOCK_BYTES)
            data = member.unconsumed_tail
            if member.eof:
                data = member.unused_data.lstrip(b"\0")
                member = zlib.decompressobj(wbits=31)
                begun = False
    if begun:
        yield member.flush()
    packed.cut_off = begun and not member.eof


def _unpacked_by(make: type[lzma.LZMADecompressor] | type[bz2.BZ2Decompressor], packed: _Packed) -> Iterator[bytes]:
    stream = make()
    begun = False
    for block in packed:
        data = block if begun else block.lstrip(b"\0")
        while data or not stream.needs_input:
            begun = True
            yield stream.decompress(data, BLOCK_BYTES)
            data = b""
            if stream.eof:
                data = stream.unused_data.lstrip(b"\0")
                stream = make()
                begun = False
    packed.cut_off = begun


def _unzstd(name: str, packed: _Packed) -> Iterator[bytes]:
    try:
        import zstandard  # noqa: PLC0415
    except ImportError:
        yield from _unzstd_by_program(name, packed)
        return
    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    # Frame by frame, as only the frame itself tells whether it came to its end: few store their size beforehand.
    frame, begun = unpacker.decompressobj(), False
    waiting: list[bytes] = []
    size_bytes = 0
    try:
        for block in packed:
            for at in range(0, len(block), _ZSTD_BYTES_AT_ONCE):
                data = block[at : at + _ZSTD_BYTES_AT_ONCE]
                while data:
                    text = frame.decompress(data)
                    begun, data = not frame.eof, b""
                    if frame.eof:
                        data, frame = frame.unused_data, unpacker.decompressobj()
                    waiting.append(text)
                    size_bytes += len(text)
                    if size_bytes >= BLOCK_BYTES:
                        yield b"".join(waiting)
                        waiting, size_bytes = [], 0
    except zstandard.ZstdError as error:
        raise UnreadableInput(f"{name}: is damaged: zstd says “{error}”; fetch it again") from error
    packed.cut_off = begun
    if size_bytes:
        yield b"".join(waiting)


def _unzstd_by_program(name: str, packed: _Packed) -> Iterator[bytes]:
    program = shutil.which("zstd")
    if program is None:
        raise UnreadableInput(
            f"{name}: is compressed with zstd, which needs the program zstd or the Python package zstandard; "
            "install one (`pip install zstandard`)"
        )
    # The program reads a pipe that a thread feeds, so that neither side waits for the other for ever.
    from threading import Thread  # noqa: PLC0415

    with subprocess.Popen(
        [program, "-dc", "-q", "--memory=128MB"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        source, sink, complaints = child.stdin, child.stdout, child.stderr
        if source is None or sink is None or complaints is None:  # Popen gives all three when asked for PIPE
            raise UnreadableInput(f"{name}: zstd could not be started")

        def feed() -> None:
            try:
                for block in packed:
                    source.write(block)
                source.close()
            except (OSError, ValueError):
                pass  # zstd ended early; its status tells

        feeder = Thread(target=feed, daemon=True)
        feeder.start()
        grown = 0
        try:
            while block := sink.read(BLOCK_BYTES):
                grown += len(block)
                yield block
            words = complaints.read(1000).decode("utf-8", "replace").strip().splitlines()
            packed.cut_off = child.wait() != 0
            if packed.cut_off and grown == 0:
                raise UnreadableInput(f"{name}: is damaged: zstd says “{words[0] if words else '?'}”; fetch it again")
        finally:
            child.kill()
            feeder.join(timeout=5)
