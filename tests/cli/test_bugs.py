"""`gputlb bugs`: the known bugs, each with what exploring shows; 1 where that is not what was recorded."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from gputlb.check.corpus import BugModel, model_of
from gputlb.facts import bug

# The application reads sys.argv here on purpose, as it does for a user.
pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens:UserWarning")


def test_the_table_has_every_bug_and_the_reason_where_it_is_not_modelled(gputlb):
    status, out, err = gputlb("bugs")

    assert (0, "") == (status, err)
    assert "I915-04        i915    RESET_RACE            5.19/6.0  deadlock     safe      Serialize TLB\n" in out
    assert "XE-02    xe          SEQNO                xe is not modelled yet: two reads of the received number\n" in out
    assert out.endswith(
        "\n13 of 48 modelled; gputlb bugs ID says more, --witness shows how it happens, --recompute explores all anew\n"
    )


def test_one_bug_is_told_in_paragraphs(gputlb):
    status, out, _ = gputlb("bugs", "cve-2022-0330")

    assert 0 == status
    assert out.startswith(
        "I915-01: drm/i915: Flush TLBs before releasing backing store\n"
        "i915, CVE-2022-0330, MISSING_FLUSH, 2021-10-19 authored; mainline v5.17-rc2 (Jan 2022)\n"
        "\n"
        "Cause: No GPU TLB flush existed"
    )
    assert out.endswith(
        "without its fix: none on SKYLAKE, scenario default: violated\n"
        "  rcs0 reached page 0 through a translation that client 0 believed flushed: its flush was skipped,\n"
        "  as one was believed to have passed, and none ever had\n"
        "with its fix: unbatched on SKYLAKE, scenario default: safe\n"
        "  the fix flushed at every release, whoever else had\n"
    )


def test_a_bug_that_is_not_modelled_says_why(gputlb):
    status, out, _ = gputlb("bugs", "I915-22")

    assert (0, "Not modelled yet: an accessor was renamed: no behaviour changed") == (status, out.splitlines()[-1])


def test_a_witness_is_shown_with_its_sentence(gputlb):
    status, out, err = gputlb("bugs", "CVE-2022-4139", "--witness")

    assert (0, "") == (status, err)
    assert "writes 0x1 to GEN12_VD_TLB_INV_CR[0xcedc]: ignored, its mask bits were not set\n" in out
    assert (
        "vcs0 reached page 0 through a translation that client 0 believed flushed: the request to\n"
        "GEN12_VD_TLB_INV_CR was ignored, its mask bits were not set\n"
        "violated: 377 states, "
    ) in out


def test_json_has_the_same_facts(gputlb):
    status, out, _ = gputlb("bugs", "I915-06", "--json", "--recompute")
    (row,) = json.loads(out)["bugs"]

    assert 0 == status
    assert ("I915-06", "violated", "violated", None) == tuple(
        row[key] for key in ("id", "without_fix", "with_fix", "not_modelled")
    )
    assert ["violated", "violated", "safe"] == [trial["anew"]["verdict"] for trial in row["trials"]]
    assert all(trial["anew"]["agrees"] for trial in row["trials"])


def test_the_witness_as_json_has_every_step(gputlb):
    status, out, _ = gputlb("bugs", "I915-09", "--witness", "--json")
    document = json.loads(out)

    assert 0 == status
    assert document["trial"]["anew"]["agrees"]
    assert {"step", "agent", "text", "place", "matters"} == set(document["witness"][0])


def test_what_differs_from_what_is_recorded_exits_with_1(gputlb, monkeypatch):
    from gputlb.check import corpus

    model = model_of(bug("I915-09"))
    wrong = BugModel(model.bug, (replace(model.trials[1], expect="violated", sentence="no"),))
    monkeypatch.setattr(corpus, "corpus", lambda: (wrong,))

    status, out, _ = gputlb("bugs", "I915-09", "--recompute")

    assert 1 == status
    assert (
        "differs: mmio on SKYLAKE, scenario default\n  recorded: violated: no\n  anew:     safe: no witness\n"
    ) in out
    assert out.endswith(": 1 differ from what is recorded\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["I915-8"], 'bug "I915-8" is unknown; did you mean I915-18, I915-08 or I915-25?'),
        (["--witness"], "--witness needs a bug to show; gputlb bugs lists them"),
        (["XE-02", "--witness"], "bug XE-02 has no witness: xe is not modelled yet: two reads of the received number"),
        (["XE-01", "-r"], "bug XE-01 cannot be explored: xe is not modelled yet: numbers with a forbidden value"),
        (
            ["I915-19", "--recompute", "--witness"],
            "--witness explores one bug anew, --recompute compares what is recorded; leave one of them out",
        ),
    ],
)
def test_a_bad_question_is_answered_in_one_line(gputlb, words: list[str], sentence: str):
    assert (2, "", f"gputlb: {sentence}\n") == gputlb("bugs", *words)
