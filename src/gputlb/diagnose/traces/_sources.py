"""Where a trace comes from: text, or `trace.dat` through the program trace-cmd."""

from __future__ import annotations

import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gputlb.diagnose._errors import UnreadableInput
from gputlb.diagnose._sources import Source, open_source, readable
from gputlb.file_names import STANDARD_INPUT, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_DAT = b"\x17\x08\x44tracing"
_READ_BYTES = 1 << 20
_LONGEST_LINE = 64 << 10


class Trace:
    """A trace as lines of text.

    Attributes:
        name: how the user named it.
        source: where the text comes from; its `watch` is called while the lines are read.
    """

    def __init__(self, name: str, source: Source, blocks: Iterable[bytes] | None = None) -> None:
        self.name = name
        self.source = source
        self._blocks = source.blocks() if blocks is None else blocks

    def lines(self) -> Iterator[str]:
        """Yield the lines; overlong ones in pieces, so that memory stays bounded."""
        rest = b""
        for block in self._blocks:
            data = rest + block if rest else block
            end = data.rfind(b"\n") + 1
            if end == 0:
                if len(data) <= _LONGEST_LINE:
                    rest = data
                    continue
                end = len(data)
            rest = data[end:]
            text = data[:end].decode("utf-8", "replace")
            yield from (text.removesuffix("\n").replace("\r", "") if "\r" in text else text.removesuffix("\n")).split(
                "\n"
            )
        if rest:
            yield rest.decode("utf-8", "replace").rstrip("\r")


def open_trace(name: str) -> Trace:
    """Return the trace in a file, or on standard input for `-`.

    Raises:
        UnreadableInput: for what no log can be either, and for `trace.dat` where trace-cmd is not installed.
    """
    path = Path(name)
    shown = shown_name(name)
    if name != STANDARD_INPUT:
        with readable(shown):
            is_dat = False
            if stat.S_ISREG(path.stat().st_mode):
                with path.open("rb") as file:
                    is_dat = file.read(len(_DAT)) == _DAT
        if is_dat:
            report = Source(f"trace-cmd's report of {shown}", None)
            return Trace(shown, report, _reported(shown, path, report))
    source = open_source(name)
    return Trace(source.name, source)


def _reported(name: str, path: Path, report: Source) -> Iterator[bytes]:
    program = shutil.which("trace-cmd")
    if program is None:
        raise UnreadableInput(
            f"{name}: is a trace.dat, which only trace-cmd can read, and that is not installed; "
            f"install it, or give the text of `trace-cmd report -i {name}`"
        )
    with subprocess.Popen(
        [program, "report", "-i", str(path.resolve())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        grown = 0
        try:
            if child.stdout is not None:
                while block := child.stdout.read(_READ_BYTES):
                    grown += len(block)
                    report.read_bytes = grown
                    if report.watch is not None:
                        report.watch(report)
                    yield block
            # Of a damaged file trace-cmd prints nothing and may yet end with 0; of an empty one it prints `cpus=`.
            status = child.wait()
            if not grown:
                raise UnreadableInput(
                    f"{name}: trace-cmd cannot read it (status {status}); is it damaged, or was it recorded "
                    "by a newer version? Then `trace-cmd convert --file-version 6` helps there"
                )
        finally:
            child.kill()
