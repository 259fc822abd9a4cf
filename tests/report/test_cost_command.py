"""The command that stands beside a point does run that point's run again."""

from __future__ import annotations

import json
import shlex

import pytest

from gputlb.cli import main
from gputlb.report.cost_command import faults_of, run_command
from gputlb.simulate import COSTS, Setup, run_setup
from gputlb.simulate.sweep import Value


def test_it_gives_the_figures_of_the_sweep(capsys: pytest.CaptureFixture[str]):
    parameters: dict[str, Value] = {
        "platform": "icelake",
        "scheme": "unbatched",
        "workload": "churn",
        "faults": "slow-unit:rcs0:2000, slow-unit:bcs0:50",
        "latency": "constant 40 us",
        "warm_up_ms": 1.0,
        "duration_ms": 5.0,
        "workload.clients": 3,
        "workload.use": "exponential 200 us",
    }
    setup = Setup(
        platform="icelake",
        scheme="unbatched",
        parameters=(("clients", 3), ("use", "exponential 200 us")),
        faults=("slow-unit:rcs0:2000", "slow-unit:bcs0:50"),
        latency="constant 40 us",
        warm_up_ms=1.0,
        duration_ms=5.0,
    )
    words = shlex.split(run_command(parameters, 7))

    with pytest.raises(SystemExit):
        main([*words[1:], "--json"])
    printed = json.loads(capsys.readouterr().out)
    wanted = {cost.name: cost.of(run_setup(setup, 7)) for cost in COSTS}
    assert wanted["release_mean_us"] == printed["release_latency_us"]["mean"]
    assert wanted["release_p99_us"] == printed["release_latency_us"]["p99"]


def test_words_are_quoted_for_a_shell():
    assert "gputlb run --scheme '$(reboot)' --set 'use=1 us; ls' --seed 1" == run_command(
        {"scheme": "$(reboot)", "workload.use": "1 us; ls"}, 1
    )


def test_no_faults_are_no_option():
    assert "gputlb run --seed 1" == run_command({"faults": "none", "workload.clients": None}, 1)
    assert ((), (), ("a", "b")) == (faults_of(None), faults_of("none"), faults_of("a, b"))
