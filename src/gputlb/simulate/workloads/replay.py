"""Replay: what a real machine bound, unbound and released, at the times at which it did."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from gputlb.simulate.number_columns import DamagedColumns
from gputlb.simulate.parameters import declared
from gputlb.simulate.recording import recording
from gputlb.simulate.workloads._clients import keep_busy
from gputlb.simulate.workloads._kinds import Workload

if TYPE_CHECKING:
    from gputlb.runtime import Duration
    from gputlb.simulate.machine import Machine
    from gputlb.simulate.recording import Place, Recording

_OF_TRACES = re.compile(
    rb"\A\x17\x08\x44tracing|\A# tracer:|\A(?:version = \d+\s+)?cpus=\d|\bi915_(?:vma|gem)_\w+: +obj="
)
_LOOKED_AT_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Replay(Workload):
    """Objects are bound, unbound and released when the recording says so, or as soon after as the one before is done.

    A recording says nothing of contexts, so other programs keep the engines busy. Where it ends, only they go on.
    """

    name: ClassVar[str] = "replay"
    summary: ClassVar[str] = "binds, unbinds and releases at the times of a recording"

    file: str = declared("file", "", "the recording: time_us,event,object,pages")
    use: Duration = declared("time", "exponential 1 ms", "a context of the other programs, on each engine")
    pause: Duration = declared("time", "exponential 500 us", "between two of them")
    pace: Duration = declared("time", "exponential 8 us", "between two accesses of an engine, to any page")

    @property
    def load(self) -> str:
        """How many releases the recording has."""
        return f"{_read(self.file).releases} recorded releases"

    @property
    def virtual_pages(self) -> int:
        """As many as are bound at once."""
        return _read(self.file).pages

    def start(self, machine: Machine) -> None:
        """Let the other programs work, and the recording begin."""
        keep_busy(machine, machine.engines_of(), self.use, self.pause)
        for number, place in enumerate(_read(self.file).places):
            machine.runtime.agent(f"place{number}", partial(_play, machine, place, f"place{number}"))


def _read(path: str) -> Recording:
    try:
        return recording(path)
    except DamagedColumns:
        if _is_trace(path):
            raise DamagedColumns(
                f"{path}: a kernel trace, not a recording; gputlb trace {path} --recording FILE.csv makes one of it"
            ) from None
        raise


def _is_trace(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return _OF_TRACES.search(file.read(_LOOKED_AT_BYTES)) is not None
    except OSError:
        return False


async def _play(machine: Machine, place: Place, name: str) -> None:
    runtime = machine.runtime
    vma = machine.new_object(name, place.first, place.pages)
    for time_us, deed in place.deeds:
        await runtime.sleep(max(0.0, time_us - runtime.now_ns / 1000))
        if deed == "bind":
            runtime.emit("begin", "bind")
            await machine.bind(vma)
            runtime.emit("end", "bind")
        elif deed == "unbind":
            await vma.unbind()
        else:
            await machine.release(vma)
