"""Everything notable, on one stream that anybody may listen to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Observer = Callable[[int, str, str, tuple[object, ...]], None]

_new_event = tuple.__new__  # what a named tuple's own constructor comes to, at half the price


class Event(NamedTuple):
    """Something notable that an agent did.

    `kind` is a short word (`write`, `wait`, `mutex_lock`, …) and `values` what belongs to it, in a fixed order
    for each kind; `docs/reference/events.md` lists them all.
    """

    time_ns: int
    """Nanoseconds since the runtime was made: virtual in a simulation, the machine's own in direct running."""
    agent: str
    """Name of the agent that acted."""
    kind: str
    values: tuple[object, ...]


class EventStream:
    """The listeners of one runtime.

    An event is only made where somebody listens: emitting code asks `if stream.observers:` first, so that a
    runtime without listeners pays for one attribute look-up.
    """

    __slots__ = ("observers",)

    def __init__(self) -> None:
        self.observers: list[Observer] = []

    def listen(self, observer: Callable[[Event], None]) -> Callable[[], None]:
        """Call `observer` with every event from now on; return the function that ends it, which may be called twice."""

        def notice(time_ns: int, agent: str, kind: str, values: tuple[object, ...]) -> None:
            observer(_new_event(Event, (time_ns, agent, kind, values)))

        return self.listen_to_parts(notice)

    def listen_to_parts(self, observer: Observer) -> Callable[[], None]:
        """Do the same, but call `observer` with time, agent, kind and values: at half the price, for who counts."""
        self.observers.append(observer)

        def stop() -> None:
            if observer in self.observers:
                self.observers.remove(observer)

        return stop

    def publish(self, event: Event) -> None:
        """Hand `event` to every listener, in the order in which they came."""
        for observer in tuple(self.observers):  # one may stop listening while it is told
            observer(*event)


class Recorder:
    """A listener that keeps every event, in order.

    >>> from gputlb.runtime import DirectRuntime, Recorder
    >>> runtime = DirectRuntime()
    >>> recorder = Recorder(runtime.events)
    >>> runtime.emit("trace", "hello")
    >>> [event.kind for event in recorder]
    ['trace']
    """

    def __init__(self, stream: EventStream) -> None:
        self.events: list[Event] = []
        self.stop = stream.listen(self.events.append)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)
