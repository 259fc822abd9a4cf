"""Reset storm: churn on a GPU that hangs again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gputlb.driver import reset_gt
from gputlb.simulate.parameters import declared
from gputlb.simulate.workloads.churn import Churn

if TYPE_CHECKING:
    from gputlb.runtime import Duration
    from gputlb.simulate.machine import Machine


@dataclass(frozen=True, slots=True)
class ResetStorm(Churn):
    """As `churn`, while some GT is reset now and then, as where a client's batches hang.

    A reset loses every context on its GT and everything in its TLBs. It holds the lock under which flushes are
    requested, so releases wait for it. A lost context is not run again, as Linux would; its client waits it out.
    """

    name: ClassVar[str] = "reset-storm"
    summary: ClassVar[str] = "churn on a GPU that hangs and is reset, again and again"

    every: Duration = declared("time", "exponential 5 ms", "between a reset's end and the next one")

    def start(self, machine: Machine) -> None:
        """Add the clients, and whoever resets."""
        Churn.start(self, machine)
        runtime = machine.runtime

        async def reset() -> None:
            await runtime.sleep(self.every)
            await reset_gt(machine.gts[await runtime.choose(len(machine.gts))])

        runtime.agent("resetter", reset, forever=True)
