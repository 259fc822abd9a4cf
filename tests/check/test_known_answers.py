"""What is known must come out: each historic bug is found, each fix stays quiet, and laws hold between verdicts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gputlb import facts
from gputlb.check import Limits, build, check, defect, engine_groups, scenario
from gputlb.check.corpus import BugModel, Trial, corpus
from gputlb.driver import ProbeFailed, scheme
from gputlb.explore import _explore

PLAIN = Limits(engine="plain")
NEVER_LOADS = {"XEHPSDV", "PONTEVECCHIO"}
XE_ONLY = {"LUNARLAKE", "BATTLEMAGE", "PANTHERLAKE"}


def small(name: str, *ingredients: str, clients: int = 1, rounds: int = 1):
    return replace(scenario(name).having(*ingredients), clients=clients, rounds=rounds, engines_together=1)


def verdict_on(
    platform: str,
    scheme_name: str,
    name: str = "default",
    *,
    clients: int = 1,
    wrong: str = "none",
    limits=PLAIN,
    **more,
):
    return check(
        facts.platform(platform),
        scheme(scheme_name),
        small(name, clients=clients),
        defect=defect(wrong),
        limits=limits,
        **more,
    )


def trials(role: str):
    return [
        pytest.param(model, trial, id=f"{model.bug}-{trial.platform}-{trial.scenario}-{trial.defect}")
        for model in corpus()
        for trial in model.trials
        if trial.role == role
    ]


def explored_as_recorded(trial: Trial) -> None:
    result = trial.explore()

    assert (trial.expect, trial.sentence) == (result.kind, result.story and result.story.sentence)


@pytest.mark.parametrize(("model", "trial"), trials("without"))
def test_a_bug_is_found_without_its_fix(model: BugModel, trial: Trial):
    assert trial.expect in {"violated", "deadlock"}
    explored_as_recorded(trial)


@pytest.mark.parametrize(("model", "trial"), trials("with"))
def test_the_fix_stays_quiet_or_says_why_not(model: BugModel, trial: Trial):
    """One fix does not: the OA unit is asked and not waited for."""
    assert ("violated" if model.bug == "I915-06" else "safe") == trial.expect
    explored_as_recorded(trial)


@pytest.mark.parametrize(("model", "trial"), trials("variant"))
def test_a_variant_comes_to_what_its_remark_explains(model: BugModel, trial: Trial):
    assert trial.remark
    explored_as_recorded(trial)


@pytest.mark.parametrize(
    "platform",
    [
        pytest.param(row, id=f"{row.kernel} {row.variant}")
        for row in facts.platforms()
        if row.kernel not in NEVER_LOADS | XE_ONLY
    ],
)
def test_mainline_is_safe_on_every_platform_that_it_supports(platform: facts.Platform):
    result = check(platform, scheme("mmio"), small("default"), limits=PLAIN)

    assert "safe" == result.kind
    assert {name for gt in platform.gts for name in facts.shown_names(gt.engines)} == {
        name for group in result.groups for name in group.engines
    }


@pytest.mark.parametrize("kernel", sorted(NEVER_LOADS))
def test_mainline_does_not_load_where_nobody_has_looked_at_the_registers(kernel: str):
    with pytest.raises(ProbeFailed, match=rf"^scheme 'mmio' does not load on {kernel} GT0 "):
        verdict_on(kernel, "mmio")


@pytest.mark.parametrize("name", ["parked", "asleep", "reset", "wedge", "accounted", "posted"])
def test_mainline_is_safe_with_one_client(name: str):
    assert "safe" == verdict_on("skylake", "mmio", name).kind


@pytest.mark.parametrize(
    "together", [("reset", "park"), ("wedge", "park"), ("wedge", "park", "asleep"), ("reset", "park", "accounted")]
)
def test_mainline_is_safe_in_more_trouble_than_one(together: tuple[str, ...]):
    result = check(facts.platform("skylake"), scheme("mmio"), small("default", *together), limits=PLAIN, only_group=0)

    assert "safe" == result.kind


def test_mainline_is_safe_while_forcewake_domains_sleep():
    assert "safe" == verdict_on("skylake", "mmio", "power", only_group=0, limits=Limits(engine="compiled")).kind


def test_without_a_flush_a_page_is_reached_on_every_platform():
    for kernel in ("skylake", "tigerlake", "dg2", "meteorlake"):
        assert "violated" == verdict_on(kernel, "none").kind


def test_the_july_2022_patch_forgets_the_mask_bits_on_tiger_lake():
    result = verdict_on("tigerlake", "mmio-2022")

    assert result.story
    assert (
        "vcs0 reached page 0 through a translation that client 0 believed flushed: "
        "the request to GEN12_VD_TLB_INV_CR was ignored, its mask bits were not set"
    ) == result.story.sentence
    assert [("rcs0",), ("bcs0",), ("vcs0",)] == [group.engines for group in result.groups]
    assert (("vcs1",), ("vecs0",)) == result.not_explored


def test_the_july_2022_patch_asks_the_copy_engine_for_ice_lake_s_second_decoder():
    result = verdict_on("icelake", "mmio-2022")

    assert result.story
    assert (
        "vcs1 reached page 0 through a translation that client 0 believed flushed: "
        "the flush wrote GEN8_BTCR (copy engines), and vcs1 drops its TLB by GEN8_M1TCR alone"
    ) == result.story.sentence


def test_the_july_2022_patch_is_right_on_skylake():
    assert "safe" == verdict_on("skylake", "mmio-2022").kind


def test_a_request_that_is_ignored_is_also_a_flush_that_reached_nobody():
    result = verdict_on("tigerlake", "mmio-2022", "accounted")

    assert result.story
    assert (
        "client 0 counted a flush that had not reached vcs0: "
        "the request to GEN12_VD_TLB_INV_CR was ignored, its mask bits were not set"
    ) == result.story.sentence


def test_a_flush_that_is_counted_first_is_found_when_it_is_counted():
    result = verdict_on("skylake", "mmio", "accounted", wrong="count-first")

    assert result.story
    assert "client 0 counted a flush that had not reached rcs0: it was counted before it was done" == (
        result.story.sentence
    )


def test_an_engine_that_wakes_up_during_a_flush_need_not_be_reached():
    limits = Limits(engine="plain")
    result = check(facts.platform("skylake"), scheme("mmio"), small("accounted", "park"), limits=limits, only_group=0)

    assert "safe" == result.kind


def test_a_walk_that_outlives_an_invalidation_brings_the_translation_back():
    result = verdict_on("skylake", "mmio", wrong="walks-survive")

    assert result.story
    assert result.story.sentence.endswith(
        "a page walk that had read the entry before it was cleared filled the TLB after the invalidation"
    )


def test_nothing_orders_the_clearing_of_an_entry_before_the_reading_of_the_counter():
    """Linux has no barrier there. It takes a store buffer that holds on for two whole flushes of somebody else."""
    result = check(
        facts.platform("skylake"),
        scheme("mmio"),
        small("posted", clients=2, rounds=2),
        limits=Limits(engine="compiled"),
        only_group=0,
    )

    assert result.story
    assert (
        "rcs0 reached page 0 through a translation that client 0 believed flushed: its flush was skipped, as the "
        "counter said that one had passed since; but the stamp was taken before the entry, whose clearing still "
        "stood in its CPU's store buffer"
    ) == result.story.sentence


VIOLATED = [("skylake", "none", "default"), ("skylake", "mmio", "stuck"), ("tigerlake", "mmio", "oa")]


@pytest.mark.parametrize(("platform", "scheme_name", "name"), VIOLATED[:2])
def test_more_clients_do_not_mend_anything(platform: str, scheme_name: str, name: str):
    for clients in (1, 2):
        assert "violated" == verdict_on(platform, scheme_name, name, clients=clients, only_group=0).kind


@pytest.mark.parametrize("worse", ["tlb-survives-idle", "walks-survive", "reset-keeps-tlb"])
@pytest.mark.parametrize(("platform", "scheme_name", "name"), VIOLATED)
def test_worse_hardware_does_not_mend_anything(platform: str, scheme_name: str, name: str, worse: str):
    assert "violated" == verdict_on(platform, scheme_name, name, wrong=worse, only_group=0).kind


@pytest.mark.parametrize("worse", ["tlb-survives-idle", "walks-survive", "reset-keeps-tlb"])
def test_worse_hardware_does_not_mend_a_defect_of_the_scheme(worse: str):
    result = verdict_on("skylake", "mmio", clients=2, wrong=f"non-strict+{worse}", only_group=0)

    assert "violated" == result.kind


@pytest.mark.parametrize("wrong", ["none", "non-strict", "count-first", "stamp-by-value"])
def test_folding_clients_changes_the_size_and_not_the_verdict(wrong: str):
    folded, whole = (
        verdict_on(
            "skylake", "mmio", clients=2, wrong=wrong, only_group=0, limits=Limits(engine="plain", symmetry=symmetry)
        )
        for symmetry in (True, False)
    )

    assert folded.kind == whole.kind
    assert folded.states < whole.states
    assert folded.depth == whole.depth


@pytest.mark.parametrize("wrong", ["none", "non-strict", "stamp-by-value", "no-low-bit", "count-first"])
@pytest.mark.parametrize("name", ["default", "reset", "parked", "asleep", "stuck", "power", "posted", "wedge"])
def test_steps_that_nobody_else_can_notice_change_the_size_and_not_the_verdict(name: str, wrong: str):
    few, all_of_them = (
        verdict_on(
            "tigerlake",
            "mmio",
            name,
            wrong=wrong,
            only_group=0,
            limits=Limits(engine="plain", partial_order=partial_order, max_states=20_000),
        )
        for partial_order in (True, False)
    )

    assert all_of_them.kind in {few.kind, "bounded"}
    if all_of_them.kind == "safe":
        assert few.states < all_of_them.states
        assert few.groups[0].verdict.reached == all_of_them.groups[0].verdict.reached


@pytest.mark.parametrize("wrong", ["stamp-by-value", "walks-survive", "no-low-bit"])
def test_a_way_found_with_few_steps_runs_again_in_virtual_time(monkeypatch: pytest.MonkeyPatch, wrong: str):
    monkeypatch.setattr(_explore, "_SHORTEST_AMONG", {"plain": 0, "compiled": 0})

    result = verdict_on("skylake", "mmio", clients=2, wrong=wrong, only_group=0)

    assert ("violated", False) == (result.kind, result.shortest)
    assert result.story
    assert result.story.ending.kind == "violated"


@pytest.mark.parametrize("wrong", ["none", "stamp-by-value", "no-low-bit"])
@pytest.mark.parametrize("name", ["default", "reset", "parked"])
def test_merging_local_states_does_not_change_the_verdict(name: str, wrong: str):
    platform = facts.platform("skylake")
    group = engine_groups(platform, 1)[0]
    merged, kept = (
        build(platform, scheme("mmio"), small(name), group, defect(wrong)).runtime.explore(engine="plain", merge=merge)
        for merge in (True, False)
    )

    assert merged.kind == kept.kind
    assert merged.depth == kept.depth


@pytest.mark.parametrize("name", ["default", "reset"])
def test_both_engines_find_the_same_states(name: str):
    plain, compiled = (
        verdict_on("skylake", "mmio", name, only_group=0, limits=Limits(engine=engine))
        for engine in ("plain", "compiled")
    )

    assert (plain.kind, plain.states, plain.transitions, plain.depth) == (
        compiled.kind,
        compiled.states,
        compiled.transitions,
        compiled.depth,
    )


def test_whoever_interrupts_one_group_of_engines_means_all(monkeypatch: pytest.MonkeyPatch):
    def presses_ctrl_c(*_arguments: object):
        raise KeyboardInterrupt

    pytest.importorskip("numba")
    from gputlb.explore import _kernel

    monkeypatch.setattr(_kernel, "search", presses_ctrl_c)

    result = verdict_on("skylake", "mmio", clients=2, limits=Limits(engine="compiled"))

    assert ("bounded", 1, 3) == (result.kind, len(result.groups), len(result.not_explored))
