"""Every known bug is modelled, or it is said why not."""

from __future__ import annotations

import re

from gputlb import facts
from gputlb.check import DEFECTS
from gputlb.check.corpus import corpus, model_of


def test_every_bug_is_modelled_or_has_a_reason():
    assert [bug.id for bug in facts.bugs()] == [model.bug for model in corpus()]
    for model in corpus():
        assert bool(model.trials) != bool(model.not_modelled), model.bug


def test_every_bug_of_the_register_path_is_modelled():
    assert ["01", "02", "03", "04", "05", "06", "08", "09", "10", "12", "13", "19", "21"] == [
        model.bug.removeprefix("I915-") for model in corpus() if model.trials
    ]


def test_the_first_trial_of_a_bug_shows_it():
    for model in corpus():
        if model.trials:
            assert "without" == model.trials[0].role
            assert model.expected("without") in {"violated", "deadlock"}


def test_every_violated_trial_says_what_went_wrong():
    for model in corpus():
        for trial in model.trials:
            assert ("safe" == trial.expect) == (trial.sentence is None), model.bug


def test_the_verdict_of_a_role_is_its_worst():
    model = model_of(facts.bug("I915-08"))

    assert ("violated", "safe", "violated") == tuple(model.expected(role) for role in ("without", "with", "variant"))
    assert model_of(facts.bug("I915-19")).expected("with") is None


def test_every_defect_that_belongs_to_a_known_bug_is_tried_here():
    tried = {name for model in corpus() for trial in model.trials for name in trial.defect.split("+")}

    assert {"walks-survive"} == set(DEFECTS) - tried  # known from no bug; tests/check/test_known_answers.py finds it


def test_summaries_name_bugs_that_there_are():
    import gputlb.check.defective_schemes as schemes
    from gputlb.check import defects

    numbers = re.findall(
        r"(?:I915|XE|AMD|OTH)-\d+",
        " ".join(
            each.__doc__ or ""
            for module in (schemes, defects)
            for each in vars(module).values()
            if isinstance(each, type)
        ),
    )

    assert numbers
    assert set() == set(numbers) - {bug.id for bug in facts.bugs()}
