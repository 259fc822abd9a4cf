"""What a sweep would take is known in a few seconds, however long its runs are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gputlb.simulate.sweep import _estimate, estimated_s
from tests.simulate.sweep.sweeps import plan, setup

if TYPE_CHECKING:
    from gputlb.simulate.setup import Setup

MINUTE_MS = 60_000.0


class Machine:
    """A clock, and runs that take `s_per_ms` of it for each virtual ms, after `made_s`."""

    def __init__(self, s_per_ms: float, made_s: float = 0.0) -> None:
        self.now_s = 0.0
        self.longest_ms = 0.0
        self._s_per_ms = s_per_ms
        self._made_s = made_s

    def run(self, setup: Setup, _seed: int) -> None:
        ran_ms = setup.warm_up_ms + setup.duration_ms
        self.longest_ms = max(self.longest_ms, ran_ms)
        self.now_s += self._made_s + ran_ms * self._s_per_ms

    def clock(self) -> float:
        return self.now_s


def estimate(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, duration_ms: float, warm_up_ms: float = 0.0, points: int = 40
) -> float:
    monkeypatch.setattr(_estimate, "run_setup", machine.run)
    setups = [replace(setup(number), duration_ms=duration_ms, warm_up_ms=warm_up_ms) for number in range(1, points + 1)]
    return estimated_s([*plan(*setups).runs()], 2, machine.clock)


@pytest.mark.parametrize("duration_ms", [1.0, 1000.0, MINUTE_MS, 9999 * MINUTE_MS])
@pytest.mark.parametrize("s_per_ms", [1e-4, 1e-2, 0.5])
def test_it_is_right_and_takes_a_few_seconds_whatever_the_length(
    duration_ms: float, s_per_ms: float, monkeypatch: pytest.MonkeyPatch
):
    machine = Machine(s_per_ms)

    assert pytest.approx(80 * duration_ms * s_per_ms / 2) == estimate(machine, monkeypatch, duration_ms)
    assert 5.5 > machine.now_s


def test_the_warm_up_counts_and_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    machine = Machine(0.01)

    assert pytest.approx(80 * (60_000 + 100) * 0.01 / 2) == estimate(machine, monkeypatch, 100, warm_up_ms=MINUTE_MS)
    assert 5.5 > machine.now_s


def test_what_a_machine_takes_to_be_made_counts_for_little_in_long_runs(monkeypatch: pytest.MonkeyPatch):
    machine = Machine(0.001, made_s=0.005)

    assert pytest.approx(80 * MINUTE_MS * 0.001 / 2, rel=0.05) == estimate(machine, monkeypatch, MINUTE_MS)


def test_no_run_is_made_longer_than_it_is(monkeypatch: pytest.MonkeyPatch):
    machine = Machine(1e-6)
    estimate(machine, monkeypatch, 3.0)

    assert 3.0 == machine.longest_ms


def test_it_ends_early_where_machines_take_long_to_be_made(monkeypatch: pytest.MonkeyPatch):
    machine = Machine(0.01, made_s=3.0)
    estimate(machine, monkeypatch, MINUTE_MS)

    assert 6.1 > machine.now_s


def test_it_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch):
    machine = Machine(1.0)
    monkeypatch.setattr(_estimate, "run_setup", machine.run)
    told: list[tuple[int, int]] = []
    estimated_s(
        [*plan(*map(setup, range(1, 4)), replications=1).runs()], 1, machine.clock, tick=lambda *now: told.append(now)
    )

    assert [(0, 3), (1, 3), (2, 3)] == told


def test_nothing_takes_no_time():
    assert 0.0 == estimated_s([], 1)
