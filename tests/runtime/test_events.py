"""The stream of events: who listens hears all, and where nobody listens nothing is made."""

from __future__ import annotations

import pytest

from gputlb.runtime import DirectRuntime, Event, Recorder, SimulatedRuntime, SteppedClock
from gputlb.runtime import _events as events


def busy(runtime):
    """Return a body that does all that the runtime itself has an event for."""
    mutex, lock = runtime.mutex("m"), runtime.spin_lock("l")

    async def body():
        await runtime.sleep(1)
        async with mutex:
            pass
        async with lock:
            pass
        await mutex.acquire()
        await mutex.release()
        runtime.emit("trace", "hello", 3)

    return body


def simulate(observe=lambda events: None):
    runtime = SimulatedRuntime()
    observe(runtime.events)
    runtime.agent("client", busy(runtime))
    runtime.run()


def do_directly(observe=lambda events: None):
    runtime = DirectRuntime(clock=SteppedClock())
    observe(runtime.events)
    runtime.run(busy(runtime)())


EXPECTED = [
    ("mutex_lock", ("m",)),
    ("mutex_unlock", ("m",)),
    ("lock", ("l",)),
    ("unlock", ("l",)),
    ("mutex_lock", ("m",)),
    ("mutex_unlock", ("m",)),
    ("trace", ("hello", 3)),
]


@pytest.mark.parametrize("do", [simulate, do_directly])
def test_where_nobody_listens_no_event_is_made(do, monkeypatch):
    def explode(*values):
        raise AssertionError(values)

    monkeypatch.setattr(events, "_new_event", explode)

    do()


@pytest.mark.parametrize("do", [simulate, do_directly])
def test_a_recorder_keeps_every_event_in_order(do):
    recorders = []
    do(lambda events: recorders.append(Recorder(events)))

    (recorder,) = recorders
    assert EXPECTED == [(event.kind, event.values) for event in recorder]
    assert {1000} == {event.time_ns for event in recorder}
    assert len(EXPECTED) == len(recorder)


@pytest.mark.parametrize("do", [simulate, do_directly])
def test_a_listener_to_parts_hears_what_the_others_do(do):
    recorders, parts = [], []

    def observe(stream):
        recorders.append(Recorder(stream))
        stream.listen_to_parts(lambda *heard: parts.append(Event(*heard)))

    do(observe)

    assert list(recorders[0]) == parts
    assert len(EXPECTED) == len(parts)


def test_a_listener_to_parts_stops_when_told():
    runtime = SimulatedRuntime()
    kinds = []
    stop = runtime.events.listen_to_parts(lambda _time_ns, _agent, kind, _values: kinds.append(kind))
    runtime.emit("one")
    stop()
    runtime.emit("two")

    assert ["one"] == kinds


def test_a_recorder_stops_when_told():
    runtime = DirectRuntime()
    recorder = Recorder(runtime.events)
    runtime.emit("one")
    recorder.stop()
    recorder.stop()
    runtime.emit("two")

    assert ["one"] == [event.kind for event in recorder]
    assert [] == runtime.events.observers


def test_listeners_hear_an_event_in_the_order_in_which_they_came():
    runtime = DirectRuntime()
    heard = []
    runtime.events.listen(lambda event: heard.append(("first", event.kind)))
    runtime.events.listen(lambda event: heard.append(("second", event.kind)))
    runtime.emit("x")

    assert [("first", "x"), ("second", "x")] == heard


def test_a_listener_that_stops_while_it_is_told_takes_nothing_from_the_others():
    runtime = DirectRuntime()
    heard = []

    def once(event):
        heard.append(("once", event.kind))
        stop()

    stop = runtime.events.listen(once)
    runtime.events.listen(lambda event: heard.append(("always", event.kind)))
    runtime.emit("x")
    runtime.emit("y")

    assert [("once", "x"), ("always", "x"), ("always", "y")] == heard


def test_an_event_prints_as_the_call_that_makes_it():
    event = Event(1500, "client", "write", (0xCED8, 1))

    assert "Event(time_ns=1500, agent='client', kind='write', values=(52952, 1))" == repr(event)
    assert event == eval(repr(event), {"Event": Event})
