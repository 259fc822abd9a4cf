"""Video: many streams with short contexts on the media engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.simulate.parameters import declared
from gputlb.simulate.workloads._clients import go_round
from gputlb.simulate.workloads._kinds import MOST_CLIENTS, ClosedWorkload

if TYPE_CHECKING:
    from gputlb.runtime import Duration
    from gputlb.simulate.machine import Machine

_VIDEO_DECODE, _VIDEO_ENHANCEMENT = 1, 2


@dataclass(frozen=True, slots=True)
class Video(ClosedWorkload):
    """Each client decodes or filters frame after frame, each a short context on some media engine.

    That is a transcoding server, or a wall of cameras. Between frames the engines have nothing to do: they park, and
    their power domains go to sleep, so that a flush finds few engines awake and often has to wake domains.
    """

    name: ClassVar[str] = "video"
    summary: ClassVar[str] = "many short media contexts; engines park and wake between frames"

    clients: int = declared("count", 8, "streams", least=1, most=MOST_CLIENTS)
    surfaces: int = declared("count", 4, "frames that each stream keeps", least=2, most=32)
    pages: int = declared("count", 4, "pages of each", least=1, most=64)
    use: Duration = declared("time", "exponential 400 us", "a context: one frame on one engine")
    think: Duration = declared("time", "exponential 3 ms", "between two frames of a stream")
    pace: Duration = declared("time", "exponential 4 us", "between two accesses of an engine, to any page")

    @property
    def virtual_pages(self) -> int:
        """A place for every frame."""
        return self.clients * self.surfaces * self.pages

    def start(self, machine: Machine) -> None:
        """Add the streams."""
        engines = machine.engines_of(_VIDEO_DECODE, _VIDEO_ENHANCEMENT)
        go_round(machine, "stream", self.clients, self.surfaces, self.pages, engines, self.use, self.think)
