"""What a driver, a device and a client may say, whichever runtime they are in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from gputlb.runtime._events import EventStream
from gputlb.runtime._waiting import ASLEEP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager

    from gputlb.runtime._waiting import Duration, How

    Body = Callable[[], Coroutine[object, None, object]]


class Cell(ABC):
    """A shared unsigned word of a given width: the only place where two agents may meet.

    A coroutine's own locals are private. Everything that a second agent can see must be in a cell; that is what
    makes exploration sound.
    """

    __slots__ = ("bits", "name")

    def __init__(self, name: str, bits: int) -> None:
        self.name = name
        self.bits = bits

    @abstractmethod
    def load(self) -> Awaitable[int]:
        """Return the value."""

    @abstractmethod
    def store(self, value: int) -> Awaitable[None]:
        """Set the value; `CellOverflow` if it does not fit."""

    @abstractmethod
    def update(self, f: Callable[[int], int]) -> Awaitable[int]:
        """Replace the value by `f(value)` in one step and return the old one. `f` must be pure."""

    @abstractmethod
    def until(
        self, predicate: Callable[[int], bool], timeout_us: float | None = None, how: How = ASLEEP
    ) -> Awaitable[bool]:
        """Wait until `predicate(value)` holds; return False if `timeout_us` passed first. `predicate` must be pure."""


class Lock(ABC):
    """A lock used with `async with`, or with `acquire` and `release` where two functions share it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def acquire(self) -> Awaitable[None]:
        """Wait for the lock and take it; `LockReentered` if the agent holds it already."""

    @abstractmethod
    def release(self) -> Awaitable[None]:
        """Give the lock back; `LockNotHeld` if the agent does not hold it."""

    def __aenter__(self) -> Awaitable[None]:
        return self.acquire()

    def __aexit__(self, kind: object, error: object, trace: object) -> Awaitable[None]:
        return self.release()


class Mutex(Lock):
    """A lock whose holder may sleep; waiting for it is sleeping."""

    __slots__ = ()


class SpinLock(Lock):
    """A lock whose holder must not sleep; others spin while they wait for it."""

    __slots__ = ()


class Runtime(ABC):
    """What an `await` means. The same agents run in any runtime, and cannot tell in which."""

    def __init__(self) -> None:
        self.events = EventStream()

    @abstractmethod
    def cell(self, name: str, bits: int = 32, initial: int = 0) -> Cell:
        """Return a new shared word of `bits` bits."""

    async def clear(self, cells: Iterable[Cell]) -> None:
        """Store 0 in each of `cells`, one after the other; in one step only inside `atomic()`."""
        for cell in cells:
            await cell.store(0)

    @abstractmethod
    def mutex(self, name: str) -> Mutex:
        """Return a new mutex."""

    @abstractmethod
    def spin_lock(self, name: str) -> SpinLock:
        """Return a new spin lock."""

    @abstractmethod
    def sleep(self, duration_us: float | Duration) -> Awaitable[None]:
        """Let time pass; in exploration, any time. Not allowed under a spin lock."""

    @abstractmethod
    def choose(self, n: int) -> Awaitable[int]:
        """Let the environment pick one of 0 … n - 1."""

    async def choose_occupied(self, pace: Duration, places: Sequence[Sequence[Cell]], going: Cell) -> int:
        """Sleep for `pace` and let the environment pick one of `places`, again and again; return which it came to.

        The end is the first pick of a place whose cells are not all 0, or any pick once `going` is 0.
        """
        while True:
            await self.sleep(pace)
            number = await self.choose(len(places))
            async with self.atomic():
                if not await going.load():
                    return number
                for cell in places[number]:
                    if await cell.load():
                        return number

    @abstractmethod
    def atomic(self) -> AbstractAsyncContextManager[None]:
        """Make the awaits inside one indivisible step; `SleepInAtomic` if one of them has to wait."""

    @abstractmethod
    def agent(self, name: str, body: Body, *, forever: bool = False) -> None:
        """Add somebody who acts: `body()` gives its coroutine, again each time it ends if `forever`."""

    @abstractmethod
    def require(self, condition: bool, text: str, **facts: object) -> None:
        """State a safety property: if `condition` is false, that is a `Violation` with `text` and `facts`."""

    @property
    @abstractmethod
    def now_ns(self) -> int:
        """Nanoseconds since this runtime was made."""

    @property
    @abstractmethod
    def acting(self) -> str:
        """Name of the agent that acts now."""

    def emit(self, kind: str, *values: object) -> None:
        """Publish an event of the acting agent; costs next to nothing if nobody listens."""
        observers = self.events.observers
        if observers:
            time_ns, agent = self.now_ns, self.acting
            for observer in tuple(observers):  # one may stop listening while it is told
                observer(time_ns, agent, kind, values)


class Registers(Protocol):
    """Where driver and device meet: 32-bit registers at byte offsets into a BAR."""

    def read(self, offset: int) -> Awaitable[int]:
        """Return the register's value."""

    def write(self, offset: int, value: int) -> Awaitable[None]:
        """Write the register."""

    def until(self, offset: int, mask: int, value: int, timeout_us: float, how: How) -> Awaitable[bool]:
        """Wait until `register & mask == value`; return False if `timeout_us` passed first."""
