"""SPIN, which shares no code with us, finds the same and stores as many states."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from gputlb.explore import BadQuestion, ExploredRuntime, export_promela

needs_spin = pytest.mark.skipif(
    shutil.which("spin") is None or shutil.which("gcc") is None, reason="spin and gcc are not both installed"
)


def pan(model, directory):
    """Return whether SPIN's verifier found no error, and how many states it stored."""
    (directory / "model.pml").write_text(model)
    subprocess.run(["spin", "-a", "-o3", "model.pml"], cwd=directory, check=True, capture_output=True)
    flags = ["-O1", "-w", "-DSAFETY", "-DNOREDUCE"]
    subprocess.run(["gcc", *flags, "-o", "pan", "pan.c"], cwd=directory, check=True, capture_output=True)
    ran = subprocess.run(["./pan", "-m1000000"], cwd=directory, check=True, capture_output=True, text=True)
    errors = re.search(r"errors: (\d+)", ran.stdout)
    stored = re.search(r"(\d+) states, stored", ran.stdout)
    return errors.group(1) == "0", int(stored.group(1))


def counters(agents, rounds, *, atomically=False, wanted=None):
    """Agents that add one to a cell `rounds` times, in two steps or in one; the last one may look at the sum."""
    runtime = ExploredRuntime()
    total, finished, lock = runtime.cell("total", 4), runtime.cell("agents that ended", 4), runtime.mutex("lock")

    async def body():
        for _ in range(rounds):
            if atomically:
                async with runtime.atomic():
                    seen = await total.load()
                    await total.store((seen + 1 + await runtime.choose(2)) & 15)
            else:
                seen = await total.load()
                await total.store((seen + 1) & 15)
        async with lock:
            await finished.update(lambda n: n + 1)

    async def judge():
        await finished.until(lambda n: n == agents)
        if wanted is not None:
            runtime.require(await total.load() == wanted, "no addition was lost")

    for i in range(agents):
        runtime.agent(f"adder {i}", body)
    runtime.agent("judge", judge)
    return runtime


def table_for_one(philosophers):
    """Everybody takes the left fork first."""
    runtime = ExploredRuntime()
    forks = [runtime.mutex(f"fork {i}") for i in range(philosophers)]

    def philosopher(i):
        async def body():
            async with forks[i], forks[(i + 1) % philosophers]:
                pass

        return body

    for i in range(philosophers):
        runtime.agent(f"philosopher {i}", philosopher(i), forever=True)
    runtime.agent("guest", philosopher(0))
    return runtime


@needs_spin
@pytest.mark.parametrize("atomically", [False, True])
def test_spin_agrees_on_a_safe_model_and_stores_the_same_states(tmp_path, atomically):
    runtime = counters(3, 2, atomically=atomically)
    verdict = runtime.explore(symmetry=False, partial_order=False)

    assert verdict.kind == "safe"
    assert pan(export_promela(runtime), tmp_path) == (True, verdict.states)


@needs_spin
def test_an_exploration_with_few_steps_learns_all_that_spin_needs(tmp_path):
    runtime = counters(3, 2, atomically=False)
    whole = runtime.explore(symmetry=False, partial_order=False)
    again = counters(3, 2, atomically=False)
    few = again.explore(engine="plain", symmetry=False)

    assert few.reduced
    assert few.states < whole.states
    assert pan(export_promela(again), tmp_path) == (True, whole.states)


@needs_spin
def test_spin_finds_the_violation_too(tmp_path):
    runtime = counters(2, 2, wanted=4)

    assert runtime.explore().kind == "violated"
    assert pan(export_promela(runtime), tmp_path)[0] is False


@needs_spin
def test_spin_finds_the_deadlock_too(tmp_path):
    runtime = table_for_one(3)

    assert runtime.explore(lock_order=False).kind == "deadlock"
    assert pan(export_promela(runtime), tmp_path)[0] is False


def test_an_export_of_half_an_exploration_is_refused():
    runtime = counters(3, 2)
    runtime.explore(max_states=10, engine="plain")

    with pytest.raises(BadQuestion) as refused:
        export_promela(runtime)

    assert str(refused.value) == (
        "the exploration is not complete, for the limit of 10 states was reached; nothing wrong in what was covered; "
        "explore without limits first"
    )
