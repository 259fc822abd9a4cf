"""What an `await` means: cells, locks, time, choice, agents and events.

A driver, a device and a client are plain `async` functions over the vocabulary of `Runtime`. Which of them acts
next, and what time it is, is the runtime's business: `DirectRuntime` does everything now, for real;
`SimulatedRuntime` lets virtual time pass; the room `explore` holds a third one, that tries every order.
"""

from gputlb.runtime._clock import Clock, MachineClock, SteppedClock
from gputlb.runtime._direct import DirectRuntime
from gputlb.runtime._errors import (
    AgentError,
    AgentFailed,
    CellOverflow,
    ImpossibleNaps,
    LockLeftHeld,
    LockNotHeld,
    LockReentered,
    NegativeSpan,
    NeverPausing,
    NotACoroutine,
    SleepInAtomic,
    SleepUnderSpinLock,
    Stuck,
    Violation,
)
from gputlb.runtime._events import Event, EventStream, Recorder
from gputlb.runtime._place import place
from gputlb.runtime._registers import PlainRegisters, ReadWrite
from gputlb.runtime._simulated import SimulatedRuntime
from gputlb.runtime._vocabulary import Cell, Lock, Mutex, Registers, Runtime, SpinLock
from gputlb.runtime._waiting import (
    ASLEEP,
    SPINNING,
    Asleep,
    Constant,
    Duration,
    Exponential,
    How,
    Latency,
    Naps,
    Spinning,
)

__all__ = [
    "ASLEEP",
    "SPINNING",
    "AgentError",
    "AgentFailed",
    "Asleep",
    "Cell",
    "CellOverflow",
    "Clock",
    "Constant",
    "DirectRuntime",
    "Duration",
    "Event",
    "EventStream",
    "Exponential",
    "How",
    "ImpossibleNaps",
    "Latency",
    "Lock",
    "LockLeftHeld",
    "LockNotHeld",
    "LockReentered",
    "MachineClock",
    "Mutex",
    "Naps",
    "NegativeSpan",
    "NeverPausing",
    "NotACoroutine",
    "PlainRegisters",
    "ReadWrite",
    "Recorder",
    "Registers",
    "Runtime",
    "SimulatedRuntime",
    "SleepInAtomic",
    "SleepUnderSpinLock",
    "SpinLock",
    "Spinning",
    "SteppedClock",
    "Stuck",
    "Violation",
    "place",
]
