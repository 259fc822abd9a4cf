"""What outlives a round: whatever an agent can reach is watched, and what is of no consequence is not."""

from __future__ import annotations

import enum
import gc
import logging
import sys
from collections import Counter, defaultdict, deque
from types import SimpleNamespace

import pytest

from gputlb.explore import ExploredRuntime, NondeterministicAgent, NotSymmetric


class Driver:
    """Keeps what it is given."""

    flushes = 0
    names: list[str] = []  # noqa: RUF012 (what is tried)

    def __init__(self, kept: object) -> None:
        self.kept = kept


class Flags(enum.Flag):
    ONE = 1
    OTHER = 2


limit = 0


def explored(runtime: ExploredRuntime, change):
    cell = runtime.cell("cell", 8)

    async def body():
        await cell.load()
        change()
        await cell.load()

    runtime.agent("agent", body)
    return runtime.explore(engine="plain")


@pytest.mark.parametrize(
    ("kept", "change", "told"),
    [
        ([], lambda kept: kept.append(1), "a list in Driver.kept"),
        ({}, lambda kept: kept.update(one=1), "a dict in Driver.kept"),
        (set(), lambda kept: kept.add(1), "a set in Driver.kept"),
        (deque(), lambda kept: kept.append(1), "a deque in Driver.kept"),
        (Counter(), lambda kept: kept.update("a"), "a Counter in Driver.kept"),
        (defaultdict(int), lambda kept: kept["a"], "a defaultdict in Driver.kept"),
        (bytearray(), lambda kept: kept.append(1), "a bytearray in Driver.kept"),
        (SimpleNamespace(), lambda kept: setattr(kept, "one", 1), "SimpleNamespace.one"),
        ([[]], lambda kept: kept[0].append(1), "a list in Driver.kept"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_starts_empty_is_watched(kept, change, told: str):
    driver = Driver(kept)

    with pytest.raises(NondeterministicAgent, match=f"changed {told}, which outlives its round"):
        explored(ExploredRuntime(), lambda: change(driver.kept))


def test_a_class_is_watched():
    driver = Driver(None)

    def change() -> None:
        type(driver).flushes += 1

    with pytest.raises(NondeterministicAgent, match=r"changed Driver\.flushes, which") as found:
        explored(ExploredRuntime(), change)
    assert [("Driver", "flushes", "class")] == [tuple(held) for held in found.value.chain]


def test_a_list_of_a_class_is_watched():
    driver = Driver(None)

    with pytest.raises(NondeterministicAgent, match=r"changed a list in Driver\.names"):
        explored(ExploredRuntime(), lambda: driver.names.append("one"))


def test_a_module_variable_that_the_code_names_is_watched():
    def change() -> None:
        global limit  # noqa: PLW0603 (what is tried)
        limit += 1

    with pytest.raises(NondeterministicAgent, match=r"changed .*test_outliving\.limit, which"):
        explored(ExploredRuntime(), change)


def test_logging_and_enums_remember_things_and_are_let():
    log = logging.getLogger("tests.outliving")

    def change() -> None:
        log.debug("a flush")
        assert Flags.ONE | Flags.OTHER

    assert "safe" == explored(ExploredRuntime(), change).kind


def test_what_stands_somewhere_is_dismissed_when_agents_are_refused(monkeypatch: pytest.MonkeyPatch):
    """The garbage collector would close it with its lock held, which is a broken rule on stderr."""
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    runtime = ExploredRuntime()
    lock, cell = runtime.mutex("lock"), runtime.cell("cell", 8)

    def client(number: int):
        async def body():
            async with lock:
                await cell.load()
                await cell.store(number)

        return body

    for number in (1, 2):
        runtime.agent(f"client{number}", client(number))
    runtime.symmetric(["client1", "client2"], [[], []])
    with pytest.raises(NotSymmetric):
        runtime.explore(engine="plain")
    del runtime
    gc.collect()

    assert [] == complaints
